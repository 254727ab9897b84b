"""Consignments: what a page brings new for one destination travels as one row until the target has answered.

The long way writes a transaction, its effect and its key's head before the first byte leaves, and changes each of them
afterwards. What comes for the first time is rarely disturbed on its way, so the page's commit writes the whole of it
once, in one row: the ids of transactions and effects, and of the bytes, which it stores beside it. That row is the
intent. A worker takes it for a lease and sends it; the commit that takes in the answers deletes it and writes
transactions, effects and heads as they stand then (`routes.receipts`).

Whatever disturbs it unpacks it into the very rows that the long way has by then, and the long way goes on from them: a
newer version, another record under the key, an answer that is no yes, a worker that died. So only one of two finds a
consignment: who deletes its row. Only keys that no transaction ever came for travel like this, and only to targets
where a repeat under the same idempotency key is harmless: after a crash nobody knows which of them had left.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from governance.actor import ENGINE
from routes import failures, ledger, new_heads, nudges, waybill
from routes.bulk import NULL, copy_lines, long_bytes, texts
from routes.heads import Where
from routes.models import Route
from routes.sheets import TRANSACTION, transaction_line
from routes.states import State, Walks
from routes.waybill import Item, Waybill, under_way


@dataclass(frozen=True, slots=True)
class Consignment:
    """A consignment; with an owner it is this worker's for a lease."""

    id: UUID
    connection_id: int
    lane: str
    stream: str
    destination: int
    owner: UUID | None
    taken_at: datetime | None
    due_at: datetime  # when its keys may be taken by somebody else
    bill: Waybill


COLUMNS = "id, connection_id, lane, object, destination_id, owner, taken_at, due_at, route_id, waybill"
TAKE = f"""
UPDATE routes_consignment
SET owner = %s, taken_at = (SELECT hub_now()), due_at = (SELECT hub_now()) + make_interval(secs => %s)
WHERE id = (
    SELECT id FROM routes_consignment c
    WHERE connection_id = %s AND lane = %s AND object = %s AND owner IS NULL AND cardinality(keys) <= %s
      AND NOT set_apart
      AND NOT EXISTS (
        SELECT FROM routes_keyhead h WHERE h.connection_id = c.connection_id AND h.lane = c.lane AND h.object = c.object
            AND h.due_at < c.due_at - make_interval(secs => %s))
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {COLUMNS}
"""  # noqa: S608 - the columns are ours


def take(*, connection_id: int, lane: str, stream: str, owner: UUID, limit: int) -> Consignment | None:
    """Take one of up to `limit` items for a lease, in the caller's commit.

    None where none waits, or where heads of the stream have been due for longer: corrections and repeats have their
    turn, however much comes new.
    """
    with long_bytes() as cursor:
        lease = settings.LEASE_SECONDS
        cursor.execute(TAKE, [owner, lease, connection_id, lane, stream, limit, lease], binary=True)
        row = cursor.fetchone()
    if row is None:
        return None
    try:
        return _read(row)
    except msgspec.MsgspecError:
        _set_apart(row)
        return None


def _read(row: Sequence[Any]) -> Consignment:
    id_, connection_id, lane, stream, destination, owner, taken_at, due_at, _, body = row
    return Consignment(
        id_, connection_id, lane, stream, destination, owner, taken_at, due_at, waybill.decode(body)
    )  # fmt: skip


def sign_off(consignment: Consignment) -> datetime | None:
    """Delete a consignment whose answers are taken in by this commit; return the time, None where it is unpacked."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM routes_consignment WHERE id = %s RETURNING (SELECT hub_now())", [consignment.id])
        row = cursor.fetchone()
        return row[0] if row is not None else None


def unpack_late(*, connection_id: int, stream: str) -> int:
    """Unpack those of a stream whose time is over; return how many.

    A worker has died with one, or none has come for it.
    """
    late = "connection_id = %s AND object = %s AND due_at <= (SELECT hub_now()) AND NOT set_apart"
    return _unpack(late, [connection_id, stream])


def sweep() -> None:
    """Unpack what is late, each stream in a commit of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT connection_id, object FROM routes_consignment WHERE due_at <= hub_now() AND NOT set_apart"
        )
        late = cursor.fetchall()
    for connection_id, stream in late:
        with transaction.atomic():
            unpack_late(connection_id=connection_id, stream=stream)


def unpack_waiting(*, connection_id: int, stream: str) -> int:
    """Unpack those that nobody has taken, because the connection takes less than they hold; return how many."""
    return _unpack("connection_id = %s AND object = %s AND owner IS NULL AND NOT set_apart", [connection_id, stream])


def unpack_of(owner: UUID) -> int:
    """Unpack what a worker has taken and cannot carry; return how many."""
    return _unpack("owner = %s", [owner])


def unpack_records(route: int, record_keys: Sequence[str]) -> None:
    """Unpack those that carry records of a route: something else has come for them."""
    if record_keys:
        which = "route_id = %s AND EXISTS (SELECT FROM unnest(record_keys) AS k(key) WHERE k.key = ANY(%s::text[]))"
        _unpack(which, [route, texts(record_keys)], wait=True)


def unpack_keys(wanted: Iterable[Where]) -> None:
    """Unpack those that carry one of the keys. One query for each stream.

    The caller holds the streams (`new_heads.hold_streams`), so that none is written meanwhile.
    """
    for (connection_id, stream), keys in new_heads.by_stream(wanted).items():
        # Compared with a constant list, which is hashed: a join of the two lists compares each with each.
        which = (
            "connection_id = %s AND object = %s"
            " AND EXISTS (SELECT FROM unnest(keys) AS k(key) WHERE k.key = ANY(%s::text[]))"
        )
        _unpack(which, [connection_id, stream, texts(keys)], wait=True)


def _unpack(which: str, parameters: Sequence[int | str | UUID], *, wait: bool = False) -> int:
    """Turn consignments into the rows of the long way; `wait` for those that a commit is just taking answers in for."""
    skip = "" if wait else " SKIP LOCKED"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMNS}, (SELECT hub_now()) FROM routes_consignment WHERE {which}"  # noqa: S608
            f" ORDER BY id FOR UPDATE{skip}",
            parameters,
        )
        rows = cursor.fetchall()
    for *columns, now in rows:
        try:
            consignment = _read(columns)
        except msgspec.MsgspecError:
            if wait:
                raise  # its keys are not known to be free: what came for them stops, and a person hears of it
            _set_apart(columns)
            continue
        sign_off(consignment)
        if consignment.owner is None:
            consignment = replace(consignment, due_at=now)
        write_out(consignment, consignment.bill.items)
        if consignment.owner is None:
            nudges.delivery(consignment.connection_id, consignment.lane, consignment.stream)
    return len(rows)


def _set_apart(row: Sequence[Any]) -> None:
    """Leave a consignment that cannot be read to a person, so that it holds up no other."""
    id_, connection_id, route = row[0], row[1], Route.objects.get(pk=row[8])
    words = f"A consignment to the target ({id_}) cannot be read: its row is damaged, or of another release."
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_consignment SET set_apart = true WHERE id = %s RETURNING (SELECT hub_now())", [id_]
        )
        now = cursor.fetchone()[0]
    told = Problem(
        "error", Category.INTERNAL, "", None, f"{words} Nothing more of it is sent. {RESTORE}", rule=str(id_)
    )
    trouble = failures.Trouble(route.legal_entity_id, route.pk, "deliver", told, connection_id=connection_id)
    failures.write_down([trouble], at=now)


RESTORE = "Start the release that wrote it, or show this to whoever looks after the hub."


def write_out(consignment: Consignment, items: Sequence[Item]) -> None:
    """Write items as the long way has them by now: ready, or being sent by who took them; in the caller's commit."""
    if not items:
        return
    bill, taken = consignment.bill, consignment.taken_at
    walks = Walks(by=ENGINE)
    walk = walks.id_of(bill.walk(under_way(taken)) if taken is not None else bill.walk())
    state = State.READY if taken is None else State.DELIVERING
    write_transactions(bill, items, state=state, walk=walk)
    walks.write()
    if taken is not None:
        ledger.write_first(
            items, connection_id=consignment.connection_id, destination=consignment.destination,
            stream=consignment.stream, sent_at=taken,
        )  # fmt: skip
    place = new_heads.Stream(consignment.connection_id, consignment.stream, consignment.lane)
    new_heads.occupy_new(
        [(i.key, i.version, i.transaction) for i in items], place, owner=consignment.owner, due_at=consignment.due_at
    )


def write_transactions(bill: Waybill, items: Sequence[Item], *, state: State, walk: str) -> None:
    """Write the transactions of items, in the caller's commit."""
    with connection.cursor() as cursor:
        copy_lines(cursor, TRANSACTION, [transaction_line(i, state, walk, bill.tail) for i in items])


@dataclass(frozen=True, slots=True)
class InTransit:
    """What of a run's records travels to a destination, beside its transactions."""

    destination: int
    state: State
    count: int
    worth: Mapping[str, Decimal]


def in_transit(run: UUID, *, of: Collection[int] | None = None) -> list[InTransit]:
    """Return what travels of a run, for its books; of some companies, if they are given. One query."""
    return _in_transit("run_id = %s", [run], of)


def in_transit_to(destinations: Collection[int], *, of: Collection[int] | None = None) -> list[InTransit]:
    """Return what travels to some destinations; of some companies, if they are given. One query."""
    return _in_transit("destination_id = ANY(%s)", [list(destinations)], of)


def _in_transit(condition: str, given: list[Any], of: Collection[int] | None) -> list[InTransit]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT destination_id, owner IS NULL, {'cardinality(keys), worth' if of is None else 'waybill'}"  # noqa: S608
            f" FROM routes_consignment WHERE {condition}",
            given,
        )
        if of is not None:
            return [_share(to, waits, body, of) for to, waits, body in cursor.fetchall()]
        return [
            InTransit(
                to, State.READY if waits else State.DELIVERING, count,
                {currency: Decimal(amount) for currency, amount in msgspec.json.decode(worth).items()},
            )
            for to, waits, count, worth in cursor.fetchall()
        ]  # fmt: skip


def _share(to: int, waits: bool, body: bytes, of: Collection[int]) -> InTransit:
    """Return what of a consignment belongs to some companies; of one that cannot be read nobody knows."""
    state, worth = State.READY if waits else State.DELIVERING, dict[str, Decimal]()
    try:
        items = [each for each in waybill.decode(body).items if each.legal_entity in of]
    except msgspec.MsgspecError:
        items = []
    for each in items:
        amount, currency, _ = each.worth.split("\t")
        if amount != NULL:
            worth[currency] = worth.get(currency, Decimal(0)) + Decimal(amount)
    return InTransit(to, state, len(items), worth)
