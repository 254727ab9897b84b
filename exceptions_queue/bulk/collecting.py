"""What became of the members that a run took on, read from where they stand: nobody reports it, so nobody can forget.

A member is at its end when it is posted, or at another end, or when something of it has stopped again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from canonical.failure import CATEGORIES, Category
from canonical.masking import COVERED
from exceptions_queue.models import BulkRun, Result
from exceptions_queue.words import plain
from routes.bulk import arrays
from routes.models import SendingBackState
from routes.models.movement import RecordState
from routes.states import ENDS, State

LIMIT = 5000  # members that are looked at in one commit
CORRECTED = ("corrections", "correction-sheets")  # the choices whose members may go on as a newer version
LEFT_ALONE = (
    "It was left as it is: a newer version has come, a write of it is in doubt, or its route cannot run just now."
)
ON_THE_MOVE = (State.READY, State.DELIVERING, State.RETRYING)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a member stands now."""

    id: int
    still_open: bool  # the failure that it was planned with
    closed_how: str
    state: str  # of the transaction, "" for none
    record_state: str
    stopped_as: UUID | None  # what is open of it now
    message: str
    category: str
    sent: int = 0  # of a record: its transactions
    ended: int = 0
    posted: int = 0
    taken_back: bool = False  # it is a reversal that tells
    sent_back: str = ""  # how far it is on its way back to its source
    ended_there: bool = False
    said_there: str = ""
    told: bool = False  # there, by a person
    field: str = ""  # that failed again


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of one member."""

    id: int
    result: Result
    ended_as: str
    ended: str = ""
    stopped_as: UUID | None = None


# A correction may store a newer version of the record: then that one's transaction tells.
STANDS = """
SELECT m.id, f.id IS NOT NULL AND f.closed_at IS NULL AND back.id IS NULL, coalesce(f.closed_how, ''),
    coalesce(back.state, newer.state, t.state, ''), coalesce(r.state, ''), stopped.id, coalesce(stopped.message, ''),
    coalesce(stopped.category, ''), coalesce(of_record.sent, 0), coalesce(of_record.ended, 0),
    coalesce(of_record.posted, 0), coalesce(back.takes, false),
    coalesce(g.state, ''), g.ended_at IS NOT NULL, coalesce(g.message, ''), g.told_on IS NOT NULL,
    coalesce(stopped.field, '')
FROM exceptions_queue_bulkmember m
LEFT JOIN routes_failure f ON f.id = m.failure_id
LEFT JOIN routes_transaction t ON t.id = m.transaction_id
LEFT JOIN routes_record r ON r.id = m.record_id AND m.transaction_id IS NULL
LEFT JOIN LATERAL (
    SELECT s.* FROM routes_sendingback s WHERE %(returned)s AND s.failure_id = m.failure_id
    ORDER BY s.made_at DESC LIMIT 1) g ON true
LEFT JOIN LATERAL (
    SELECT n.id, n.state FROM routes_transaction n
    WHERE %(follow)s AND t.state = 'superseded' AND n.destination_id = t.destination_id AND n.key = t.key
      AND n.id > t.id ORDER BY n.id DESC LIMIT 1) newer ON true
LEFT JOIN LATERAL (
    SELECT CASE WHEN v.sends AND x.state = 'posted' THEN a.id ELSE x.id END AS id,
        CASE WHEN v.sends AND x.state = 'posted' THEN a.state ELSE x.state END AS state,
        NOT (v.sends AND x.state = 'posted') AS takes
    FROM routes_reversal v JOIN routes_transaction x ON x.id = v.transaction_id
    JOIN routes_transaction a ON a.id = v.follower_id
    WHERE %(back)s AND (v.reverses_id = t.id OR v.follower_id = t.id) ORDER BY v.made_at DESC LIMIT 1) back ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS sent, count(*) FILTER (WHERE x.state = ANY(%(ends)s)) AS ended,
        count(*) FILTER (WHERE x.state = 'posted') AS posted
    FROM routes_transaction x WHERE m.transaction_id IS NULL AND x.record_id = m.record_id) of_record ON true
LEFT JOIN LATERAL (
    SELECT n.id, n.message, n.category, n.field FROM routes_failure n
    WHERE n.closed_at IS NULL AND n.id <> m.failure_id AND (
        n.transaction_id = coalesce(back.id, newer.id, m.transaction_id)
        OR m.transaction_id IS NULL AND n.record_id = m.record_id)
    ORDER BY n.id DESC LIMIT 1) stopped ON true
WHERE m.run_id = %(run)s AND m.result = 'under_way' ORDER BY m.id LIMIT %(limit)s
"""
SAVE = """
UPDATE exceptions_queue_bulkmember m SET result = w.result, ended_as = w.ended_as, ended = w.ended,
    stopped_as = w.stopped_as, ended_at = (SELECT hub_now())
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::uuid[])
    AS w(id, result, ended_as, ended, stopped_as) WHERE m.id = w.id
"""


def collect(run: BulkRun) -> int:
    """Write down what became of the members of a locked run that are on their way; return how many are at an end."""
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {
            "run": run.pk, "back": run.choice == "reversals",
            "returned": run.choice in ("source-returns", "source-notices"),
            "follow": run.choice in CORRECTED, "ends": [str(each) for each in ENDS], "limit": LIMIT,
        }  # fmt: skip
        cursor.execute(STANDS, asked)
        stands = [Stand(*row) for row in cursor.fetchall()]
    endings = [ending for each in stands if (ending := ending_of(each))]
    save(endings)
    return len(endings)


def save(endings: Sequence[Ending]) -> None:
    """Write down what became of members. One query."""
    if not endings:
        return
    rows: list[tuple[Any, ...]] = [
        (each.id, each.result.value, each.ended_as[:60], each.ended, each.stopped_as) for each in endings
    ]
    with connection.cursor() as cursor:
        cursor.execute(SAVE, arrays(rows, 5))


def skipped(ids: Iterable[int], ended_as: str, ended: str = "") -> list[Ending]:
    """Return the endings of members that were not taken on."""
    return [Ending(id_, Result.SKIPPED, ended_as, ended) for id_ in ids]


def ending_of(stand: Stand) -> Ending | None:
    """Return what became of a member; None while it is on its way."""
    if stand.sent_back:
        return _of_source(stand)
    if stand.still_open:
        return Ending(stand.id, Result.SKIPPED, "left as it was", LEFT_ALONE)
    if stand.closed_how == "waived":
        return Ending(stand.id, Result.DONE, "will not be delivered")
    if stand.state in ON_THE_MOVE:
        return None
    if stand.stopped_as:
        return _stopped(stand)
    if stand.taken_back and stand.state == State.POSTED:
        return Ending(stand.id, Result.DONE, "taken back at the target")
    if stand.state:
        ending: Ending | None = AT_AN_END[stand.state](stand) if stand.state in AT_AN_END else None
        return ending
    return _of_record(stand)


def _stopped(stand: Stand) -> Ending:
    if stand.category == Category.APPROVAL_MISSING:
        return Ending(stand.id, Result.DONE, "held for a second person", stand.message)
    kind = CATEGORIES[Category(stand.category)].title.lower()
    # It is kept for everybody who sees the run, and may quote the field's value.
    why = f"Something is wrong with the {plain(stand.field)}." if stand.field in COVERED else stand.message
    return Ending(stand.id, Result.FAILED, kind, why, stand.stopped_as)


def _of_source(stand: Stand) -> Ending | None:
    if not stand.ended_there:
        return None
    if stand.sent_back == SendingBackState.CONFIRMED:
        return Ending(stand.id, Result.DONE, "told at its source" if stand.told else "back at its source")
    return Ending(stand.id, Result.FAILED, "not sent back", stand.said_there)


def _done(how: str) -> Any:
    return lambda stand: Ending(stand.id, Result.DONE, how)


def _passed(how: str) -> Any:
    return lambda stand: Ending(stand.id, Result.SKIPPED, how)


AT_AN_END: dict[str, Any] = {
    State.POSTED: _done("posted"),
    State.FILTERED: _done("left out by a rule"),
    State.REVERSED: _done("undone at the target"),
    State.SUPERSEDED: _passed("replaced by a newer version"),
    State.WAIVED: _passed("waived by somebody else"),
}


def _of_record(stand: Stand) -> Ending | None:
    """Return what became of a record that had stopped before a destination was chosen."""
    if stand.record_state == RecordState.SUPERSEDED:
        return Ending(stand.id, Result.SKIPPED, "replaced by a newer version")
    if stand.record_state == RecordState.WAIVED:
        return Ending(stand.id, Result.SKIPPED, "waived by somebody else")
    if stand.record_state and stand.ended == stand.sent:
        return Ending(stand.id, Result.DONE, "posted" if stand.posted else "left out by a rule")
    if not stand.record_state:  # a run that was held: it was released
        return Ending(stand.id, Result.DONE, "released")
    return None
