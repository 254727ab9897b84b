"""How far a transaction is, as a picture: the stages of its way with the time at which it last reached each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routes.models import Transition
from routes.states import State

PATH = (
    (State.RECEIVED, "Received"), (State.NORMALISED, "In the hub's words"), (State.VALIDATED, "Checked"),
    (State.READY, "Ready to send"), (State.DELIVERING, "Being sent"), (State.POSTED, "Posted"),
)  # fmt: skip
KINDS = {
    State.FAILED: "bad", State.PARKED: "warn", State.HELD: "warn", State.UNKNOWN: "warn", State.RETRYING: "warn",
    State.POSTED: "good",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stop:
    """A stage of the way, or where it stands aside of it."""

    label: str
    at: datetime | None  # None: it has not come so far
    kind: str  # done, left, good, bad, warn, aside
    now: bool


def way(state: str, transitions: Sequence[Transition]) -> list[Stop]:
    """Return the stages in order; where it stands aside of them comes behind the last one that it has passed."""
    reached: dict[str, datetime] = {}
    for step in transitions:
        reached[step.to_state] = step.at
    last = max((n for n, (stage, _) in enumerate(PATH) if stage in reached), default=-1)
    on_path = any(stage == state for stage, _ in PATH)
    stops = [
        Stop(
            label, reached.get(stage),
            KINDS.get(stage, "done") if stage == state else "done" if stage in reached else "left", stage == state,
        )
        for stage, label in PATH
    ]  # fmt: skip
    if on_path:
        return stops
    here = State(state)
    aside = Stop(here.label.capitalize(), reached.get(state), KINDS.get(here, "aside"), True)
    return [*stops[: last + 1], aside, *stops[last + 1 :]]
