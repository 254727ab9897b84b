"""The types of events: one table. A type is a change of state in the glossary's words; the list only ever grows."""

from dataclasses import dataclass

from routes.models.movement import RecordState, RunState
from routes.states import State

SPACE = "throughline"
TESTED = f"{SPACE}.subscription.tested"  # asked for by a person; goes to the one subscription, whatever it filters


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: its name, and what it says."""

    name: str
    meaning: str


def _of(noun: str, state: str, meaning: str) -> EventType:
    return EventType(f"{SPACE}.{noun}.{state}", meaning)


TRANSACTION: dict[str, EventType] = {
    State.POSTED: _of("transaction", "posted", "it stands at its destination, with the number that it has there"),
    State.REVERSED: _of("transaction", "reversed", "what was posted is undone at the destination"),
    State.FAILED: _of("transaction", "failed", "it needs a person; the category says why"),
    State.PARKED: _of("transaction", "parked", "it waits for another record to exist at the destination"),
    State.HELD: _of("transaction", "held", "it waits for an approval, an open period or a destination switched off"),
    State.UNKNOWN: _of("transaction", "unknown", "it was sent and no proof came back; the destination is asked"),
    State.FILTERED: _of("transaction", "filtered", "a rule left it out"),
    State.SUPERSEDED: _of("transaction", "superseded", "a newer version of its record replaced it"),
    State.WAIVED: _of("transaction", "waived", "a person decided that it will not be sent"),
}
RECORD: dict[str, EventType] = {
    RecordState.FAILED: _of("record", "failed", "a record stopped before its destinations were chosen"),
    RecordState.WAIVED: _of("record", "waived", "a person decided that a stopped record will not be delivered"),
    RecordState.SUPERSEDED: _of("record", "superseded", "a newer version replaced a record that had stopped"),
}
RUN: dict[str, EventType] = {
    RunState.DONE: _of("run", "done", "a run ended; its totals say what was read"),
    RunState.STOPPED: _of("run", "stopped", "a run ended by a failure"),
    RunState.HELD: _of("run", "held", "a run waits for a person"),
}
TYPES: dict[str, EventType] = {each.name: each for table in (TRANSACTION, RECORD, RUN) for each in table.values()}
