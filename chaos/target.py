"""The ledger simulator of one run: time source and write target in one process, and what goes wrong there."""

import json
from collections.abc import Iterator
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chaos.times import Times
from sandbox.launch import Simulator

WRITES = r"^/(entries($|/)|reversals)"  # and not the look-up, whose address goes on with its question
QUESTIONS = r"^/entries\?"
SOURCE = "^/time_entries"
# After these the caller can have no proof: what was sent is in doubt, whatever else happens.
NO_PROOF = frozenset({"commit_and_hang_up", "commit_late", "lose_and_hang_up", "lose_and_hang", "half_body"})


def start(write_class: str, *, state: Path, entries: int, seed: int) -> Simulator:
    """Start the ledger in the mode of a write class; it absorbs repeats only as *idempotent*."""
    folder = state / f"target-{write_class}"
    folder.mkdir(parents=True, exist_ok=True)
    return Simulator.start("ledger", state=folder, mode=write_class, entries=entries, seed=seed)


def misbehave(ledger: Simulator, *, times: Times, seed: int, share: float, latency: float) -> None:
    """Let `share` of the writes go wrong in one of the ways that leave a doubt, and some others harmlessly.

    Answers that never come hold a caller for its whole timeout, so they are the rarer ones.
    """
    quick, slow = share * 0.85, share * 0.15
    ledger.set_faults(
        _write("commit_and_hang_up", quick / 3),
        _write("lose_and_hang_up", quick / 3),
        _write("half_body", quick / 6),
        _write("error_after_commit", quick / 6),
        _write("commit_late", slow / 3, times.timeout + 0.5, times.latest),
        _write("answer_late", slow / 3, times.timeout + 0.5, times.latest),
        _write("lose_and_hang", slow / 3, times.timeout + 0.5, times.latest),
        _write("unavailable", share / 2),
        {"fault": "lose_and_hang_up", "method": "GET", "path": QUESTIONS, "probability": share},
        {"fault": "server_error", "method": "GET", "path": SOURCE, "probability": 0.1},
        seed=seed,
        latency=latency,
    )


def _write(fault: str, probability: float, seconds: float = 1.0, seconds_max: float = 0.0) -> dict[str, Any]:
    return {
        "fault": fault, "path": WRITES, "probability": probability, "seconds": seconds, "seconds_max": seconds_max
    }  # fmt: skip


def entries_of(ledger: Simulator) -> list[dict[str, Any]]:
    """Return the source's list as it is now: what the target should end up with."""
    status, raw = ledger.request("GET", "/_sandbox/source")
    if status != HTTPStatus.OK:
        raise RuntimeError(f"The source's list could not be read: status {status}.")
    return [json.loads(line, parse_float=Decimal) for line in raw.splitlines()]


def written(ledger: Simulator) -> Iterator[dict[str, Any]]:
    """Yield the target's log by business key: an entry posted anew after a reversal carries its key with a number."""
    for line in ledger.log():
        yield {**line, "key": line["key"].partition(".")[0]} if "key" in line else line


def without_proof(ledger: Simulator) -> set[str]:
    """Return the keys of writes whose caller got no proof, by the target's own log."""
    return {
        line["key"]
        for line in written(ledger)
        if line["kind"] == "fault" and line["fault"] in NO_PROOF and not line["request"].startswith("/entries?")
    }
