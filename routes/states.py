"""The states of a transaction and the only writer of them.

The table says which change is allowed; `move()` makes it, for many rows at once, and writes each change down in the
same commit. It knows nothing of why: who calls it gives actor and reason.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, models
from uuid_utils import uuid7

from governance.actor import Actor
from routes.bulk import array, copy_in, row_ids


class State(models.TextChoices):
    """Where a transaction is. The value is stored; the label is what people read."""

    RECEIVED = "received", "received"
    NORMALISED = "normalised", "in the hub's words"
    VALIDATED = "validated", "checked"
    READY = "ready", "ready to send"
    DELIVERING = "delivering", "being sent"
    POSTED = "posted", "posted"
    RETRYING = "retrying", "will be tried again by itself"
    PARKED = "parked", "waiting for another record"
    HELD = "held", "held"
    FAILED = "failed", "needs a person"
    UNKNOWN = "unknown", "outcome unknown"
    FILTERED = "filtered", "left out by a rule"
    SUPERSEDED = "superseded", "replaced by a newer version"
    WAIVED = "waived", "will not be sent: a person decided"
    REVERSED = "reversed", "undone at the target"


S = State
ASIDE = (S.PARKED, S.HELD, S.FAILED)
AWAY = (S.SUPERSEDED, S.WAIVED)
BEGINNING = ""  # where a transaction comes from when it is made

MOVES: dict[str, tuple[State, ...]] = {
    BEGINNING: (S.RECEIVED,),
    S.RECEIVED: (S.NORMALISED, S.FILTERED, *ASIDE, *AWAY),
    S.NORMALISED: (S.VALIDATED, S.FILTERED, *ASIDE, *AWAY),
    S.VALIDATED: (S.READY, S.FILTERED, *ASIDE, *AWAY),
    S.READY: (S.DELIVERING, S.RETRYING, S.VALIDATED, S.POSTED, S.FILTERED, *ASIDE, *AWAY),
    S.DELIVERING: (S.POSTED, S.READY, S.RETRYING, S.UNKNOWN, *ASIDE),
    S.RETRYING: (S.DELIVERING, S.READY, S.POSTED, S.FILTERED, S.UNKNOWN, *ASIDE, *AWAY),
    S.UNKNOWN: (S.POSTED, S.READY, S.DELIVERING, S.RETRYING, S.HELD, S.FAILED, S.WAIVED),
    S.PARKED: (S.NORMALISED, S.VALIDATED, S.READY, S.FAILED, *AWAY),
    S.HELD: (S.NORMALISED, S.VALIDATED, S.READY, S.RETRYING, S.FAILED, *AWAY),
    S.FAILED: (S.RECEIVED, S.NORMALISED, S.VALIDATED, S.READY, S.POSTED, S.PARKED, S.HELD, *AWAY),
    S.POSTED: (S.REVERSED,),
    S.FILTERED: (S.NORMALISED,),
    S.SUPERSEDED: (),
    S.WAIVED: (S.NORMALISED, S.READY),
    S.REVERSED: (),
}
# An end takes nothing more by itself; people may still reopen what they or a rule decided.
ENDS = (S.POSTED, S.FILTERED, S.SUPERSEDED, S.WAIVED, S.REVERSED)
NOT_YET_DELIVERING = (S.RECEIVED, S.NORMALISED, S.VALIDATED, S.READY, S.RETRYING, *ASIDE)


class MoveNotAllowed(ValueError):
    """The table has no such change: a mistake in the calling code, never of a user."""


Step = tuple[str, str, datetime, str]  # from, to, at, reason


def allowed(old: str, new: str) -> bool:
    """Tell whether the table has the change."""
    return new in MOVES[old]


def move(
    ids: Sequence[UUID],
    *,
    frm: State | Sequence[State],
    to: State,
    by: Actor,
    reason: str | Sequence[str],
    return_to: State | str = "",
    waits_for: str | Sequence[str] = "",
) -> list[UUID]:
    """Change the state of those transactions that are still where the caller saw them.

    `reason` and `waits_for` are one text for all or one per id. Returns the ids that really moved, in no order: the
    others are someone else's now. The history row is in the same commit. Raises MoveNotAllowed.
    """
    olds = [frm] if isinstance(frm, str) else list(frm)
    for old in olds:
        if not allowed(old, to):
            raise MoveNotAllowed(f"{old} → {to} is not in the table of states")
    if not ids:
        return []
    one = isinstance(reason, str) and isinstance(waits_for, str)
    columns = [array(ids), row_ids(len(ids))] if one else _columns(ids, reason, waits_for)
    with connection.cursor() as cursor:
        cursor.execute(
            MOVE.format(wanted=ONE if one else MANY),
            [
                *([reason, waits_for, *columns] if one else columns),
                str(to), str(return_to), array(str(old) for old in olds), str(to), by.kind, by.name,
            ],
        )  # fmt: skip
        return [row[0] for row in cursor.fetchall()]


ONE = "SELECT *, %s::text AS reason, %s::text AS waits_for FROM unnest(%s::uuid[], %s::uuid[]) AS w(id, row_id)"
MANY = "SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[]) AS w(id, row_id, reason, waits_for)"
MOVE = """
WITH wanted AS ({wanted}), moved AS (
    UPDATE routes_transaction t
    SET state = %s, return_to = %s, waits_for = w.waits_for
    FROM wanted w WHERE t.id = w.id AND t.state = ANY(%s::text[])
    RETURNING t.id, old.state AS old_state, w.reason, w.row_id
), written AS (
    INSERT INTO routes_transition (id, subject_id, from_state, to_state, at, actor_kind, actor, reason)
    SELECT row_id, id, old_state, %s, (SELECT hub_now()), %s, %s, reason FROM moved
)
SELECT id FROM moved
"""


def _columns(ids: Sequence[UUID], reason: str | Sequence[str], waits_for: str | Sequence[str]) -> list[str]:
    reasons = [reason] * len(ids) if isinstance(reason, str) else reason
    waits = [waits_for] * len(ids) if isinstance(waits_for, str) else waits_for
    return [array(ids), row_ids(len(ids)), array(reasons), array(waits)]


class Walks:
    """The ways that the transactions of one commit went before they were stored. Most went the same way: one row."""

    def __init__(self, *, by: Actor) -> None:
        """Start with no ways; `by` is who made all the changes."""
        self._by = by
        self._ids: dict[tuple[Step, ...], str] = {}

    def id_of(self, steps: tuple[Step, ...]) -> str:
        """Return the id, as 32 digits, of a way that begins at the beginning.

        Raises MoveNotAllowed when a step is not in the table.
        """
        known = self._ids.get(steps)
        if known is None:
            for old, new, _, _ in steps:
                if new not in MOVES[old]:
                    raise MoveNotAllowed(f"{old} → {new} is not in the table of states")
            known = self._ids[steps] = uuid7().hex
        return known

    def write(self) -> None:
        """Write the ways; in the commit that stores the transactions which name them."""
        rows = [
            (id_, *[array(column) for column in zip(*steps, strict=True)], self._by.kind, self._by.name)
            for steps, id_ in self._ids.items()
        ]
        with connection.cursor() as cursor:
            copy_in(cursor, COPY_WALKS, rows)


COPY_WALKS = "COPY routes_walk (id, from_states, to_states, times, reasons, actor_kind, actor) FROM STDIN"


def write_record_moves(records: Sequence[UUID], old: str, new: str, *, by: Actor, reason: str) -> None:
    """Write the history of records whose state changed in this commit, before a destination was chosen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason)"
            " SELECT id, %s, %s, (SELECT hub_now()), %s, %s, %s FROM unnest(%s::uuid[]) AS w(id)",
            [old, new, by.kind, by.name, reason, array(records)],
        )
