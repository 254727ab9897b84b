"""What a dry run found, in words: configuration, rules, problems and the difference field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.masking import may_see
from exceptions_queue import lineage
from exceptions_queue.words import plain
from governance.models import Version
from mappings.compiled import CompiledMapping
from routes.chosen_configuration import ONCE_IN_FORCE
from routes.corrections import Next
from routes.dry_run import Configuration, Foreseen
from routes.worked_out import Begins

MOST = 200  # fields of a difference that are told


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that would be sent with another value than the last time."""

    name: str  # ours where it is a plain copy of one, else the target's path
    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule says of a member."""

    name: str
    verdict: str  # holds, warns, broken, not asked
    words: str = ""
    waivable: bool = False


def configuration(seen: Foreseen, chosen: Configuration) -> str:
    """Return with which configuration a member was tried: "as it is now: time-in 3, time-out 2"."""
    if seen.begins is Begins.REQUEST:
        return f"the bytes made then, by {_mappings(seen.then, seen)}; what was changed since is not used"
    if isinstance(chosen, Version):
        what = "version" if chosen.state in ONCE_IN_FORCE else "the draft"
        return f"as it is now, with {what} {chosen.number} of “{chosen.object_key}”: {_mappings(seen.content, seen)}"
    if chosen == "then" and seen.transaction is not None:
        return f"as it was then: {_mappings(seen.content, seen)}"
    return f"as it is now: {_mappings(seen.content, seen)}"


def _mappings(content: dict[str, Any], seen: Foreseen) -> str:
    used = [content.get("normalise"), *(each["translate"] for each in _mine(content, seen))]
    return ", ".join(f"{each['name']} version {each['version']}" for each in used if each) or "no mapping"


def _mine(content: dict[str, Any], seen: Foreseen) -> list[dict[str, Any]]:
    return [each for each in content.get("destinations", ()) if seen.destination and each["id"] == seen.destination.id]


def changed(seen: Foreseen) -> list[str]:
    """Return what of a configuration differs from that of the last time, in words."""
    if not seen.then or seen.content == seen.then:
        return []
    was, now = _settings(seen.then, seen), _settings(seen.content, seen)
    return [
        f"{name}: {_said(was.get(name))} → {_said(now.get(name))}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]


UNTOLD = ("slug", "reads_back", "connection", "legal_entity", "upstream")  # numbers, which say nothing to people


def _settings(content: dict[str, Any], seen: Foreseen) -> dict[str, Any]:
    """Return what of a configuration bears on a member, by name."""
    route, normalise = content.get("route", {}), content.get("normalise")
    found = {f"route's {plain(name)}": value for name, value in route.items() if name not in UNTOLD}
    found["mapping from the source"] = _mapping(normalise)
    for destination in _mine(content, seen):
        found["mapping for the target"] = _mapping(destination["translate"])
        left_out = ("id", "translate", "mirrored", "connection", "connector")
        found |= {plain(name): value for name, value in destination.items() if name not in left_out}
    return found


def _mapping(found: dict[str, Any] | None) -> str:
    return f"{found['name']} version {found['version']}" if found else "none"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def rules(seen: Foreseen, masks: frozenset[Mask]) -> list[RuleVerdict]:
    """Return what each rule that was asked says, by name; of bytes that go once more none is asked."""
    if seen.begins is Begins.REQUEST or seen.withdraws or seen.made is None:
        return []
    found: list[RuleVerdict] = []
    asked = [seen.made.normalise] if seen.begins is Begins.SOURCE else []
    stopped = False
    for mapping in [*asked, seen.destination.translate if seen.destination else None]:
        if mapping is not None:
            found += _of_mapping(mapping, seen, masks, stopped)
            stopped = stopped or any(each.verdict == "broken" for each in found) or _fails_in(mapping, seen)
    return found


def _of_mapping(mapping: CompiledMapping, seen: Foreseen, masks: frozenset[Mask], stopped: bool) -> list[RuleVerdict]:
    said = {problem.rule: problem for problem in seen.problems if problem.rule}
    unsure = stopped or _fails_in(mapping, seen)
    verdicts = []
    for rule in mapping.content.rules:
        problem = said.get(rule.name)
        if problem is None:
            verdicts.append(RuleVerdict(rule.name, "not asked" if unsure else "holds", waivable=rule.waivable))
        else:
            verdict = "broken" if problem.severity == "error" else "warns"
            verdicts.append(RuleVerdict(rule.name, verdict, _told(problem, seen, masks, _copies(seen)), rule.waivable))
    return verdicts


def _fails_in(mapping: CompiledMapping, seen: Foreseen) -> bool:
    """Whether a field could not be worked out, so that a rule that holds may only have had nothing to judge."""
    return any(problem.severity == "error" and not problem.rule for problem in seen.problems)


def problems(seen: Foreseen, masks: frozenset[Mask]) -> str:
    """Return why it would stop, in words; those about a hidden field may quote its value, so they name the field."""
    stops = [each for each in seen.problems if each.severity == "error"]
    if not stops:
        return ""
    copies = _copies(seen)
    told = [_told(each, seen, masks, copies) for each in stops]
    return " ".join(dict.fromkeys(told))


def _told(problem: Any, seen: Foreseen, masks: frozenset[Mask], copies: lineage.Copies) -> str:
    entity = ENTITIES[seen.entity]
    name = lineage.canonical_name(copies, problem.field, entity)
    if name and not may_see(entity, name, masks):
        return f"Something is wrong with the {plain(name)}."
    if problem.field in copies.reads and lineage.is_hidden(copies, entity, problem.field, masks):
        return f"Something is wrong with “{problem.field}”, which is made of what is hidden from some."
    return str(problem.message)


def _copies(seen: Foreseen) -> lineage.Copies:
    return lineage.copies(seen.content, seen.destination.id if seen.destination else None)


def named(seen: Foreseen) -> str:
    """Return as what something stands at the target: " as LR-4"; "" where it gave no number."""
    number = seen.there.reference or seen.there.external_id
    return f" as {number}" if number else ""


def step(seen: Foreseen) -> str:
    """Return in words what would be done at the target."""
    if seen.step is Next.UPDATE:
        return f"What stands there{named(seen)} is changed to this."
    if seen.step is Next.REVERSE:
        return f"What stands there{named(seen)} is taken back" + (
            "." if seen.withdraws else " first; then this is posted."
        )
    if seen.step is Next.DELTA:
        return f"The difference to what stands there{named(seen)} is posted."
    return "It would be posted."


IN_DOUBT = {
    "idempotent": "The target absorbs repeats: the same bytes go under the same key once more, by themselves.",
    "look_up": "The target would be asked by our key first; “not there” counts once it says so twice.",
    "blind": "The target can neither be asked nor does it absorb repeats: somebody looks there and says what is so.",
}


def in_doubt(seen: Foreseen) -> str:
    """Return in words what is done first about a write in doubt, by what the target allows."""
    return IN_DOUBT.get(seen.destination.write.write_class, "") if seen.destination else ""


def differences(
    entity: Entity, copies: lineage.Copies, was: dict[str, Any], now: dict[str, Any], masks: frozenset[Mask]
) -> list[Difference]:
    """Return the fields in which two requests differ; of one that is hidden only that it does."""
    before, after = dict(leaves(was)), dict(leaves(now))
    everything = set(Mask) - {Mask.NONE} <= masks
    ours = {path: name for name, path in copies.target.items() if name in entity.by_name}
    found = []
    for path in dict.fromkeys([*after, *before]):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        if not everything:
            old, new = (lineage.sent_shown(copies, entity, path, each, masks) for each in (old, new))
        found.append(Difference(ours.get(path, path), old, new))
    return found[:MOST]


def leaves(body: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of a body with its path, such as `lines[0].hours`."""
    if isinstance(body, dict):
        for name, each in body.items():
            yield from leaves(each, f"{at}.{name}" if at else name)
    elif isinstance(body, list):
        for number, each in enumerate(body):
            yield from leaves(each, f"{at}[{number}]")
    else:
        yield at, body
