"""What a run has proved: counts for the line of JSON, and every reason why it did not end well."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chaos import books, target
from chaos.firm import Way
from chaos.mischief import Mischief
from sandbox.launch import Simulator
from sandbox.ledger.truth import compare

SHOWN = 5  # keys of each kind that are named


@dataclass
class Verdict:
    """One write class at the end of its run."""

    write_class: str
    facts: dict[str, Any]
    troubles: list[str] = field(default_factory=list)  # empty: it ended well


def judge(way: Way, ledger: Simulator, mischief: Mischief, *, seconds: float, settled: bool) -> Verdict:
    """Compare the source's list with the target's log, then both with what the hub says."""
    source = target.entries_of(ledger)
    people, doubts = books.keys_with_people(way), books.keys_in_doubt(way)
    standing = books.standing(way)
    truth = compare(source, target.written(ledger), with_people=people)
    known = {*truth.posted, *truth.lost, *truth.doubled, *truth.wrong, *people}
    withdrawn = {entry["key"] for entry in source} - known
    facts = {
        "received": standing.received,
        "posted": len(truth.posted),
        "withdrawn": len(withdrawn),  # before anything was posted
        "with_people": len(people),
        "lost": len(truth.lost),
        "doubled": len(truth.doubled),
        "wrong": len(truth.wrong),
        "unknowns": standing.unknowns,
        "unknowns_resolved": standing.resolved,
        "kills": mischief.kills,
        "stops": mischief.stops,
        "deeds": dict(sorted(mischief.done.items())),
        "seconds": round(seconds),
    }
    verdict = Verdict(way.write_class, facts)
    say = verdict.troubles.append
    if not settled:
        say(f"it did not come to rest: {standing.to_do} keys still due, {standing.open_runs} runs open,"
            f" transactions {standing.states}")  # fmt: skip
    if standing.received != len(source):
        say(f"the source has {len(source)} entries, the hub received {standing.received}")
    for what in ("lost", "doubled", "wrong", "unasked"):
        if keys := getattr(truth, what):
            say(f"{len(keys)} {what}: {_some(keys)}")
    if not standing.unknowns:
        say("no outcome was ever unknown, so the run proves nothing")
    if not mischief.kills:
        say("nothing was killed, so the run proves nothing")
    verdict.troubles += _doubts(way, people, doubts, target.without_proof(ledger))
    return verdict


def _doubts(way: Way, people: set[str], doubts: set[str], without_proof: set[str]) -> Iterable[str]:
    """Say which doubts are with nobody, and who was bothered without need."""
    if way.write_class != "blind":
        if people:
            yield f"{len(people)} with people, though this target can be asked or absorbs repeats: {_some(people)}"
        if doubts:
            yield f"{len(doubts)} still in doubt: {_some(doubts)}"
        return
    if nobody := doubts - people:
        yield f"{len(nobody)} in doubt, with nobody: {_some(nobody)}"
    if nobody := without_proof - people:
        yield f"{len(nobody)} without proof by the target's own log, with nobody: {_some(nobody)}"


def _some(keys: Iterable[str]) -> str:
    named = sorted(keys)
    return ", ".join(named[:SHOWN]) + (", …" if len(named) > SHOWN else "")


def summary(verdicts: list[Verdict], seed: int, *, at_once: bool) -> dict[str, Any]:
    """Return the line of JSON: sums over all runs, then each run; classes that ran at once shared their kills."""
    kills = [v.facts["kills"] for v in verdicts]
    names = ("received", "posted", "with_people", "lost", "doubled", "unknowns_resolved")
    sums = {name: sum(v.facts[name] for v in verdicts) for name in names}
    runs = {v.write_class: v.facts for v in verdicts}
    return {
        "ok": not any(v.troubles for v in verdicts),
        **sums,
        "kills": max(kills) if at_once else sum(kills),
        "seed": seed,
        "runs": runs,
    }
