"""Finds what is wrong with writes that go by others: `by: look_up`, `before` and `then`, and a record's `returns`."""

from collections.abc import Iterator
from typing import Any

from connectors.template import Structure, TemplateError

Place = tuple[str | int, ...]
Fault = tuple[Place, str, str]


def step_faults(place: Place, write: Any) -> Iterator[Fault]:
    """Yield the faults of a stream's `write`; what the schema refuses anyway is left to it."""
    if not isinstance(write, dict) or not isinstance(write.get("operations"), dict):
        return
    for name, operation in write["operations"].items():
        if isinstance(operation, dict):
            here = (*place, "operations", name)
            yield from _by_faults(here, name, operation, write)
            yield from _kept_faults(here, operation)
            yield from _success_faults(here, name, operation)


def _by_faults(place: Place, name: str, operation: dict[str, Any], write: dict[str, Any]) -> Iterator[Fault]:
    if "by" not in operation:
        return
    if name != "upsert":
        yield (*place, "by"), f"{name} cannot go by the look-up.", "Only upsert asks first whether the record is there."
    if len(operation) > 1:
        yield place, "an upsert by look_up has no call of its own.", "Write `upsert: {by: look_up}` and nothing else."
    missing = [f"operations.{needed}" for needed in ("create", "update") if needed not in write["operations"]] + [
        needed for needed in ("look_up",) if needed not in write
    ]
    if missing:
        yield place, "an upsert by look_up lacks what it goes by.", f"Add {', '.join(missing)}."


def _success_faults(place: Place, name: str, operation: dict[str, Any]) -> Iterator[Fault]:
    """Yield what would call a write confirmed that found nothing to write to."""
    statuses = operation.get("success")
    gone = [status for status in statuses if status in (404, 410)] if isinstance(statuses, list) else []
    if gone and name not in ("reverse", "void"):
        remedy = "Only reverse and void may call 'not there' a success; give it a row in the error table."
        yield (*place, "success"), f"{gone[0]} is no success of {name}.", remedy


def _kept_faults(place: Place, operation: dict[str, Any]) -> Iterator[Fault]:
    """Yield every {step.name} that no earlier step keeps."""
    kept: set[str] = set()
    for part, number, step in _in_order(operation):
        for used in _used(step):
            if used not in kept:
                where = (*place, part, number) if part else place
                yield where, f"no step before keeps {{step.{used}}}.", f"Add `keep: {{{used}: …}}` to an earlier step."
        keep = step.get("keep")
        kept |= set(keep) if isinstance(keep, dict) else set()


def _in_order(operation: dict[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    own = {name: item for name, item in operation.items() if name not in ("before", "then")}
    for part in ("before", "", "then"):
        steps = [own] if not part else operation.get(part)
        for number, step in enumerate(steps if isinstance(steps, list) else ()):
            if isinstance(step, dict):
                yield part, number, step


def _used(step: dict[str, Any]) -> list[str]:
    calls = {name: step[name] for name in ("path", "query", "headers", "body") if name in step}
    try:
        placeholders = Structure(calls).placeholders()
    except TemplateError:
        return []  # reported where templates are checked
    return [item.steps[1] for item in placeholders if item.steps[0] == "step" and len(item.steps) > 1]


def return_faults(place: Place, stream: dict[str, Any], streams: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with how a stream's records are sent back."""
    returns = stream.get("returns")
    if not isinstance(returns, dict):
        return
    if "cannot_return" in stream:
        yield (*place, "cannot_return"), "a stream has returns, or says why it has none.", "Leave one of both out."
    by = streams.get(str(returns.get("by")))
    write = by.get("write") if isinstance(by, dict) else None
    operations = write.get("operations") if isinstance(write, dict) else None
    if not isinstance(operations, dict) or "create" not in operations:
        remedy = "Name a stream of this connector whose write has the operation create."
        yield (*place, "returns", "by"), f"no stream {returns.get('by')} creates anything.", remedy
