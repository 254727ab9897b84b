"""Ordering keys: which transaction of a business key may go to its target, and what a newer version meets.

Everybody who changes heads locks them first, in the order of (connection, object, key): that is what keeps two pages,
or a page and an outcome, from waiting for each other in a circle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from django.db import connection

from routes import failures, owners
from routes.arrivals import SOURCE, Origin
from routes.bulk import array, arrays, hexed, plain
from routes.owners import Owner
from routes.states import ASIDE, NOT_YET_DELIVERING, State, move

Where = tuple[int, str, str]  # connection, object, key


class Place(StrEnum):
    """Where a transaction stands in the queue of its key."""

    HEAD = "head"  # it may go
    BEHIND = "behind"  # another one's outcome is awaited first
    TOO_OLD = "too_old"  # a newer version came before it


@dataclass(slots=True)
class Entry:
    """A transaction that wants to queue; `due` is False where it waits for something first."""

    connection_id: int
    object: str
    key: str
    lane: str
    transaction: UUID
    version: str
    due: bool
    in_order: bool
    record_key: str  # of its record at the source

    @property
    def where(self) -> Where:
        """Return what names its head."""
        return self.connection_id, self.object, self.key


@dataclass(slots=True)
class Entered:
    """Where entries stand now."""

    places: dict[UUID, Place]  # by transaction, of those whose key came before
    taken: dict[UUID, Owner] = field(default_factory=dict)  # transactions whose key another record has: not queued

    @property
    def too_old(self) -> list[UUID]:
        """Return the transactions that a newer version has overtaken."""
        return [transaction for transaction, place in self.places.items() if place is Place.TOO_OLD]


@dataclass(slots=True)
class _Head:
    id: int
    transaction: UUID | None
    seen_version: str
    state: str = ""
    version: str = ""
    open_effect: str = ""  # the state of the key's open effect
    owners: tuple[Owner, ...] = ()  # of the transaction that holds it and of what stands there
    anew: bool = False  # the versions that came this way were another record's
    reverses: bool = False  # what holds it takes back what stands there because a person has asked


def enter(entries: Sequence[Entry], *, route: int, origin: Origin = SOURCE) -> Entered:
    """Queue a route's transactions that are being stored in this commit; no two of one key. Returns where each stands.

    Earlier ones that a newer version replaces are superseded here, and their failures closed. A key belongs to one
    record: another one that wants it is not queued, with whatever else it wanted.
    """
    found = _upsert(entries)
    if not found:
        return Entered({})
    _look(found)
    taken = _taken(entries, found, route)
    if taken:
        refused = {e.record_key for e in entries if e.transaction in taken}
        wanted = [(*e.where, e.transaction) for e in entries if e.record_key in refused]
        owners.forget_new([each for each in wanted if each[:3] not in found])
        entries = [e for e in entries if e.record_key not in refused]
    _tell_versions_apart(entries, found, route)
    return Entered(_queue(entries, found, origin), taken)


def _taken(entries: Sequence[Entry], found: Mapping[Where, _Head], route: int) -> dict[UUID, Owner]:
    taken = {}
    for entry in entries:
        head = found.get(entry.where)
        other = next((o for o in head.owners if o != Owner(route, entry.record_key)), None) if head else None
        if other is not None:
            taken[entry.transaction] = other
    return taken


def _tell_versions_apart(entries: Sequence[Entry], found: Mapping[Where, _Head], route: int) -> None:
    """Mark free heads whose newest version was another record's: it says nothing about the one that comes now."""
    older = []
    for entry in entries:
        head = found.get(entry.where)
        if head is None or head.transaction is not None or head.owners or entry.in_order:
            continue
        if entry.version < head.seen_version:
            older.append((head.id, entry.record_key, entry.version))
    anew = owners.without_newer(older, route=route)
    for head in found.values():
        head.anew = head.id in anew


def _queue(entries: Sequence[Entry], found: Mapping[Where, _Head], origin: Origin) -> dict[UUID, Place]:
    places: dict[UUID, Place] = {}
    taken, displaced, stale_effects, behind = [], [], [], []
    for entry in entries:
        head = found.get(entry.where)
        if head is None:
            continue
        place = places[entry.transaction] = _place(entry, head)
        if place is Place.TOO_OLD:
            continue
        if place is Place.BEHIND:
            behind.append(head.id)
            continue
        taken.append((head, entry))
        if head.open_effect == "intended":
            stale_effects.append(head.id)
        if head.transaction is not None:
            displaced.append(head.transaction)
    _supersede(displaced, origin)
    drop_intended(stale_effects, SOURCE.newer)
    _occupy(taken)
    _mark_waiting(behind)
    return places


def _place(entry: Entry, head: _Head) -> Place:
    if head.transaction is None:
        older = not entry.in_order and not head.anew and entry.version < head.seen_version
        return Place.TOO_OLD if older else Place.HEAD
    if entry.in_order:
        return Place.BEHIND
    if entry.version < head.version:
        return Place.TOO_OLD
    free = head.state in NOT_YET_DELIVERING and head.open_effect not in ("sent", "unknown") and not head.reverses
    return Place.HEAD if free else Place.BEHIND


UPSERT = """
WITH entered AS (INSERT INTO routes_keyhead (connection_id, object, key, lane, transaction_id, due_at,
    seen_version, live_external_id, live_write_key, generation, mirrored, waiting)
SELECT w.connection_id, w.object, w.key, w.lane, w.transaction_id, CASE WHEN w.due THEN (SELECT hub_now()) END,
       w.version, '', '', 0, false, false
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::bool[], %s::text[])
    AS w(connection_id, object, key, lane, transaction_id, due, version)
ORDER BY w.connection_id, w.object, w.key
ON CONFLICT (connection_id, object, key) DO UPDATE SET lane = excluded.lane
RETURNING old.id AS known, new.connection_id, new.object, new.key, old.transaction_id AS holder, old.seen_version)
SELECT connection_id, object, key, known, holder, seen_version FROM entered WHERE known IS NOT NULL
"""


def _upsert(entries: Sequence[Entry]) -> dict[Where, _Head]:
    """Make the heads that are missing, already occupied; lock and return those that were there."""
    columns = [
        plain(str(e.connection_id) for e in entries), array(e.object for e in entries), array(e.key for e in entries),
        array(e.lane for e in entries), plain(hexed(e.transaction) for e in entries),
        plain("t" if e.due else "f" for e in entries), plain(e.version for e in entries),
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, columns)
        return {(row[0], row[1], row[2]): _Head(*row[3:]) for row in cursor.fetchall()}


def _look(found: Mapping[Where, _Head]) -> None:
    """Fill in the state of the transactions that hold the heads, of the keys' open effects, and whose the keys are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT h.connection_id, h.object, h.key, coalesce(t.state, ''), coalesce(t.version, ''),
                   coalesce(e.state, ''), v.transaction_id IS NOT NULL, r.route_id, r.key, s.route_id, s.key
            FROM routes_keyhead h
            LEFT JOIN routes_transaction t ON t.id = h.transaction_id
            LEFT JOIN routes_reversal v ON v.transaction_id = t.id
            LEFT JOIN routes_record r ON r.id = t.record_id
            LEFT JOIN routes_transaction l ON l.id = h.live_transaction_id
            LEFT JOIN routes_record s ON s.id = l.record_id
            LEFT JOIN routes_effect e ON e.connection_id = h.connection_id AND e.object = h.object
                AND e.key = h.key AND e.state IN ('intended', 'sent', 'unknown')
            WHERE h.id = ANY(%s)
            """,
            [[head.id for head in found.values()]],
        )
        for connection_id, object_, key, state, version, effect, reverses, *whose in cursor.fetchall():
            head = found[connection_id, object_, key]
            head.state, head.version, head.open_effect, head.reverses = state, version, effect, reverses
            pairs = (whose[:2], whose[2:])
            head.owners = tuple(Owner(route, record_key) for route, record_key in pairs if route is not None)


def _supersede(transactions: Sequence[UUID], origin: Origin = SOURCE) -> None:
    if not transactions:
        return
    moved = move(transactions, frm=NOT_YET_DELIVERING, to=State.SUPERSEDED, by=origin.by, reason=origin.newer)
    failures.close(transactions=moved, how=origin.closed_how)
    forget_waits(moved)


def forget_waits(transactions: Sequence[UUID]) -> None:
    """Drop what transactions were waiting for: they go on, or never will."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM routes_wait WHERE transaction_id = ANY(%s)", [list(transactions)])


def drop_intended(heads: Sequence[int], why: str) -> None:
    """End what was written down for keys and never sent; else its bytes would go in the place of what comes next."""
    if not heads:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_effect e SET state = 'refused', ended_at = (SELECT hub_now()), message = %s
            FROM routes_keyhead h
            WHERE h.id = ANY(%s) AND e.connection_id = h.connection_id AND e.object = h.object AND e.key = h.key
              AND e.state = 'intended'
            """,
            [f"never sent: {why}", list(heads)],
        )


def _occupy(taken: Sequence[tuple[_Head, Entry]]) -> None:
    if not taken:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_keyhead h
            SET transaction_id = w.transaction_id,
                seen_version = CASE WHEN w.anew THEN w.version ELSE greatest(h.seen_version, w.version) END,
                due_at = CASE WHEN w.due THEN greatest((SELECT hub_now()), h.quiet_until) END, lease_owner = NULL
            FROM unnest(%s::bigint[], %s::uuid[], %s::bool[], %s::text[], %s::bool[])
                AS w(id, transaction_id, due, version, anew)
            WHERE h.id = w.id
            """,
            [
                [head.id for head, _ in taken], [e.transaction for _, e in taken], [e.due for _, e in taken],
                [e.version for _, e in taken], [head.anew for head, _ in taken],
            ],
        )  # fmt: skip


def _mark_waiting(heads: Sequence[int]) -> None:
    if heads:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE routes_keyhead SET waiting = true WHERE id = ANY(%s)", [list(heads)])


def lock(heads: Sequence[int]) -> None:
    """Lock heads in the common order; the first thing to do in a commit that changes their transactions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM routes_keyhead WHERE id = ANY(%s::bigint[]) ORDER BY connection_id, object, key FOR UPDATE",
            [array(heads)],
        )


def lock_of(transactions: Sequence[UUID]) -> dict[UUID, int]:
    """Lock the heads that transactions hold; return head by transaction. Those that wait behind another have none."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT h.id, h.transaction_id FROM routes_transaction t
            JOIN routes_destination d ON d.id = t.destination_id
            JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
                AND h.transaction_id = t.id
            WHERE t.id = ANY(%s::uuid[]) ORDER BY h.connection_id, h.object, h.key FOR UPDATE OF h
            """,
            [array(transactions)],
        )
        return {transaction: id_ for id_, transaction in cursor.fetchall()}


def take_up(waived: Sequence[UUID]) -> None:
    """Give waived transactions their heads back, as far as these are free and no newer version has come that way."""
    if not waived:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH mine AS (
                SELECT h.id, t.id AS transaction FROM routes_transaction t
                JOIN routes_destination d ON d.id = t.destination_id
                JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
                WHERE t.id = ANY(%s::uuid[]) AND t.state = 'waived'
                  AND h.transaction_id IS NULL AND h.seen_version <= t.version
                  AND NOT EXISTS (
                    SELECT FROM routes_reversal v WHERE v.transaction_id = t.id AND v.effect_id IS NULL)
                ORDER BY h.connection_id, h.object, h.key FOR UPDATE OF h
            )
            UPDATE routes_keyhead h SET transaction_id = mine.transaction FROM mine WHERE h.id = mine.id
            """,
            [array(waived)],
        )


def leave(waived: Sequence[UUID]) -> None:
    """Free the heads of transactions that were taken up and are waived still: nothing was to be done with them."""
    if not waived:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_keyhead h SET transaction_id = NULL, due_at = NULL, lease_owner = NULL
            FROM routes_transaction t
            WHERE t.id = ANY(%s::uuid[]) AND t.state = 'waived' AND h.transaction_id = t.id RETURNING h.id
            """,
            [array(waived)],
        )
        freed = [id_ for (id_,) in cursor.fetchall()]
    promote(freed)


def promote(heads: Sequence[int]) -> list[UUID]:
    """Let the next waiting transaction of each freed head go; return those. The heads are locked by the caller.

    Of versions that supersede each other only the newest goes; streams in order take the oldest.
    """
    if not heads:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT h.id, t.id, t.version, r."order" = 'in_order', t.state, t.version < h.seen_version
            FROM routes_keyhead h
            JOIN routes_destination d ON d.connection_id = h.connection_id AND d.stream = h.object
            JOIN routes_route r ON r.id = d.route_id
            JOIN routes_transaction t ON t.destination_id = d.id AND t.key = h.key
                AND t.state = ANY(%s)
            WHERE h.id = ANY(%s) AND h.transaction_id IS NULL
            ORDER BY h.id, t.version, t.id
            """,
            [[str(s) for s in NOT_YET_DELIVERING], list(heads)],
        )
        chosen, overtaken = _choose_next(cursor.fetchall())
        _supersede(overtaken)
        cursor.execute(
            """
            UPDATE routes_keyhead h
            SET transaction_id = w.transaction_id, waiting = w.more, lease_owner = NULL,
                seen_version = greatest(h.seen_version, w.version),
                due_at = CASE WHEN w.due THEN greatest((SELECT hub_now()), h.quiet_until) END
            FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::bool[], %s::bool[])
                AS w(id, transaction_id, version, due, more)
            WHERE h.id = w.id
            """,
            arrays(chosen, 5),
        )
        cursor.execute(
            "UPDATE routes_keyhead SET waiting = false WHERE id = ANY(%s) AND transaction_id IS NULL", [list(heads)]
        )
        return [transaction for _, transaction, *_ in chosen]


Next = tuple[int, UUID, str, bool, bool]  # head, transaction, version, may go now, others of its key wait on


def _choose_next(rows: Sequence[tuple[int, UUID, str, bool, str, bool]]) -> tuple[list[Next], list[UUID]]:
    """Return who goes next for each head, and whom a newer version has overtaken. Rows stand in order of version."""
    waiting: dict[int, list[tuple[int, UUID, str, bool, str, bool]]] = {}
    overtaken = []
    for row in rows:
        head, transaction, _, in_order, _, older = row
        if older and not in_order:  # a newer one was let past while these waited
            overtaken.append(transaction)
        else:
            waiting.setdefault(head, []).append(row)
    chosen = []
    for head, candidates in waiting.items():
        in_order = candidates[0][3]
        pick = candidates[0] if in_order else candidates[-1]
        if not in_order:
            overtaken += [row[1] for row in candidates if row is not pick]
        chosen.append((head, pick[1], pick[2], pick[4] not in ASIDE, in_order and len(candidates) > 1))
    return chosen, overtaken
