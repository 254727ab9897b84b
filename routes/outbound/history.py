"""Reads from the history of states what was committed within a span of transaction ids.

It knows nothing of subscriptions. Ids of transactions are the database's: each row was written by one, and all of a
span have ended before it is read, so that nothing of it can appear later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from routes.bulk import array
from routes.models.movement import RecordState
from routes.outbound.types import RECORD, TRANSACTION

NOTHING = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Span:
    """Transaction ids from `low` up to and without `high`; rows with ids below `floor` do not count."""

    low: int
    high: int
    floor: UUID = NOTHING


@dataclass(frozen=True, slots=True)
class Change:
    """One change of state of a transaction or a record."""

    subject: UUID
    old: str
    new: str
    at: datetime
    reason: str
    actor_kind: str
    xid: int
    born: bool  # made before the transaction was stored: comes before all its other changes
    place: int  # among the changes of its subject


WITHIN = (  # without a floor its condition falls away, so that the planner does not take the index of ids for it
    "{0}.xid >= %(low)s AND {0}.xid < %(high)s AND (%(floor)s::uuid = %(nothing)s::uuid OR {0}.id >= %(floor)s::uuid)"
)
CHANGES = f"""
SELECT t.id, s.from_state, s.to_state, s.at, s.reason, w.actor_kind, t.xid, true, s.place
FROM routes_transaction t JOIN routes_walk w ON w.id = t.walk_id
CROSS JOIN LATERAL unnest(w.from_states, w.to_states, w.times, w.reasons)
    WITH ORDINALITY AS s(from_state, to_state, at, reason, place)
WHERE {WITHIN.format("t")} AND s.to_state = ANY(%(states)s::text[])
UNION ALL
SELECT x.subject_id, x.from_state, x.to_state, x.at, x.reason, x.actor_kind, x.xid, false, x.number
FROM routes_transition x
WHERE {WITHIN.format("x")} AND x.to_state = ANY(%(states)s::text[])
"""  # noqa: S608 - fixed texts
EARLIER_BEYOND = """
SELECT x.subject_id FROM routes_transition x
JOIN unnest(%(subjects)s::uuid[], %(last)s::bigint[]) AS w(id, last) ON x.subject_id = w.id AND x.number < w.last
WHERE x.xid >= %(high)s AND x.to_state = ANY(%(states)s::text[])
UNION SELECT t.id FROM routes_transaction t
WHERE t.id = ANY(%(subjects)s::uuid[]) AND t.xid >= %(high)s AND t.walk_id IS NOT NULL
UNION SELECT f.record_id FROM routes_failure f
WHERE f.record_id = ANY(%(ended)s::uuid[]) AND f.xid >= %(high)s AND f.transaction_id IS NULL
"""
EDGE = f"""
SELECT xid FROM (
    SELECT t.xid FROM routes_transaction t WHERE {WITHIN.format("t")}
    UNION ALL SELECT x.xid FROM routes_transition x WHERE {WITHIN.format("x")}
    UNION ALL SELECT f.xid FROM routes_failure f WHERE {WITHIN.format("f")}
) rows ORDER BY xid OFFSET %(most)s LIMIT 1
"""  # noqa: S608 - fixed texts
STATES = array(str(state) for state in {*TRANSACTION, *RECORD})
ENDS = {state for state in RECORD if state != RecordState.FAILED}  # of a record that has stopped; nothing follows them


def cut(span: Span, most: int) -> Span:
    """Return the beginning of a span that holds about `most` rows; of one commit all or nothing."""
    with connection.cursor() as cursor:
        cursor.execute(EDGE, _asked(span) | {"most": most})
        found = cursor.fetchone()
    if found is None:
        return span
    return Span(span.low, max(found[0], span.low + 1), span.floor)


def changes(span: Span) -> tuple[list[Change], Span]:
    """Return the changes of state within a span, in no order, and the span that they really cover.

    A commit that began early may end late: where something that came before lies beyond the span, the span ends before
    it, and all of it is read together another time. What only comes later there is told later.
    """
    with connection.cursor() as cursor:
        cursor.execute(CHANGES, _asked(span))
        found = [Change(*row) for row in cursor.fetchall()]
        if not found:
            return [], span
        cursor.execute(EARLIER_BEYOND, _places(found) | {"high": span.high, "states": STATES})
        second = {row[0] for row in cursor.fetchall()}
    if second:
        span = Span(span.low, min(change.xid for change in found if change.subject in second), span.floor)
        found = [change for change in found if change.xid < span.high]
    return found, span


def _places(found: Iterable[Change]) -> dict[str, Any]:
    """Return the subjects of changes with the last place of each, and those that may be records whose work has ended.

    What was made with its transaction comes before all else, wherever that lies.
    """
    last: dict[UUID, int] = {}
    for change in found:
        if not change.born:
            last[change.subject] = max(change.place, last.get(change.subject, 0))
    ended = {change.subject for change in found if not change.born and change.new in ENDS}
    return {"subjects": array(last), "last": array(last.values()), "ended": array(ended)}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure that was written down with a change of state."""

    record: UUID | None
    transaction: UUID | None
    xid: int
    category: str
    field: str
    at: datetime


def troubles(span: Span) -> list[Trouble]:
    """Return the failures of records and transactions that were written down within a span."""
    return [
        Trouble(*row)
        for row in _rows(
            "SELECT f.record_id, f.transaction_id, f.xid, f.category, f.field, f.opened_at FROM routes_failure f"  # noqa: S608
            f" WHERE {WITHIN.format('f')} AND (f.record_id IS NOT NULL OR f.transaction_id IS NOT NULL)"
            " ORDER BY f.opened_at, f.id",
            span,
        )
    ]


@dataclass(frozen=True, slots=True)
class Ending:
    """A run that is done, stopped or held."""

    run: UUID
    state: str
    at: datetime


def endings(span: Span) -> list[Ending]:
    """Return the runs that ended within a span, those of the life before too that did so after its floor was set."""
    return [
        Ending(*row)
        for row in _rows(
            "SELECT run_id, state, at FROM routes_runending WHERE xid >= %(low)s AND xid < %(high)s"
            " AND (%(floor)s::uuid = %(nothing)s::uuid OR run_id >= %(floor)s::uuid"
            "     OR at >= uuid_extract_timestamp(%(floor)s::uuid)) ORDER BY id",
            span,
        )
    ]


def _rows(statement: str, span: Span) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _asked(span))
        return list(cursor.fetchall())


def _asked(span: Span) -> dict[str, Any]:
    return {"low": span.low, "high": span.high, "floor": span.floor, "nothing": NOTHING, "states": STATES}
