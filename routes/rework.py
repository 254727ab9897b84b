"""Bytes that cannot be known before the ledger is looked at: reposts under a key of their own, deltas, reversals.

The plain case, the first posting of a key, was translated when it was received and costs nothing here.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from canonical import codec
from canonical.difference import difference as record_difference
from canonical.difference import has_lines
from canonical.entities import ENTITIES
from governance.identifiers import new_id
from mappings.batch import run_batch
from routes import ledger
from routes.arrivals import exact
from routes.bulk import array
from routes.plan import plan
from routes.shipments import Shipment

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def prepare(shipments: Sequence[Shipment]) -> None:
    """Give the shipments that need other bytes than their transaction's request their own, stored as payloads."""
    unusual = [s for s in shipments if s.claim.effect is None and _is_unusual(s)]
    if not unusual:
        return
    bodies = _bodies([s.claim.live_payload for s in unusual if s.claim.live_payload])
    live = [s.claim.live_transaction for s in unusual if s.claim.live_transaction]
    canonical = _canonical([*map(_meant, unusual), *live])
    new_bodies: list[tuple[UUID, str]] = []
    for shipment in unusual:
        body = _body(shipment, bodies, canonical)
        shipment.body = body
        if body != shipment.claim.body or shipment.intent.operation == "reverse":
            shipment.intent.payload = new_id()
            new_bodies.append((shipment.intent.payload, body))
    with connection.cursor() as cursor, cursor.copy("COPY routes_payload (id, stage, body) FROM STDIN") as copy:
        for id_, body in new_bodies:
            copy.write_row((id_, "request", body))


def _is_unusual(shipment: Shipment) -> bool:
    return shipment.intent.operation == "reverse" or shipment.intent.write_key != shipment.claim.key


def _meant(shipment: Shipment) -> UUID:
    """Return the transaction whose content is sent: to take back is to send what stands there, the other way round.

    What the source said last may be unreadable, or nothing at all.
    """
    claim = shipment.claim
    return claim.live_transaction if claim.withdraws and claim.live_transaction else claim.transaction


def _body(shipment: Shipment, bodies: dict[UUID, str], canonical: dict[UUID, str]) -> str:
    live = bodies.get(shipment.claim.live_payload) if shipment.claim.live_payload else None
    if shipment.intent.operation == "reverse":
        return live or "{}"
    wanted = _stored(shipment, canonical[_meant(shipment)])
    if shipment.claim.live_hash is None or shipment.intent.operation != "create":
        return exact(_translated(shipment, wanted))
    entity = ENTITIES[plan(shipment.claim.snapshot).entity]
    if has_lines(entity):
        assert shipment.claim.live_transaction is not None
        stands = _stored(shipment, canonical[shipment.claim.live_transaction])
        left = None if shipment.claim.withdraws else wanted
        return exact(_translated(shipment, record_difference(entity, left, stands) | _posting_date(shipment, wanted)))
    values, fields = _translated(shipment, wanted), shipment.destination.delta_fields
    values = values | dict.fromkeys(fields, Decimal(0)) if shipment.claim.withdraws else values
    return exact(difference(values, _decoder.decode(live or "{}"), fields))


def _posting_date(shipment: Shipment, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the day that the difference is posted on: a withdrawal, too, may have been moved into an open period."""
    name = shipment.destination.posting_date
    return {name: wanted[name]} if name and name in wanted else {}


def _stored(shipment: Shipment, canonical: str) -> dict[str, Any]:
    return codec.loads(ENTITIES[plan(shipment.claim.snapshot).entity], canonical.encode())


def _translated(shipment: Shipment, values: dict[str, Any]) -> dict[str, Any]:
    record = values | {"hub": {"key": shipment.intent.write_key, "version": shipment.claim.version}}
    [mapped] = run_batch(
        shipment.destination.translate, [record], connection_id=shipment.destination.connection_id,
        legal_entity_id=shipment.claim.legal_entity,
    )  # fmt: skip
    return mapped.values


def difference(new: dict[str, Any], old: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return the new request with the declared number fields reduced by what the old one posted already."""
    result = dict(new)
    for name in fields:
        result[name] = Decimal(new.get(name) or 0) - Decimal(old.get(name) or 0)
    return result


def _bodies(payloads: Sequence[UUID]) -> dict[UUID, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, body FROM routes_payload WHERE id = ANY(%s)", [list(payloads)])
        return dict(cursor.fetchall())


def _canonical(transactions: Sequence[UUID]) -> dict[UUID, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, p.body FROM routes_transaction t JOIN routes_record r ON r.id = t.record_id
            JOIN routes_payload p ON p.id = coalesce(t.canonical_payload_id, r.canonical_payload_id)
            WHERE t.id = ANY(%s)
            """,
            [list(transactions)],
        )
        return dict(cursor.fetchall())


def link_collected(intents: Sequence[ledger.Intent]) -> None:
    """Let effects of grouped records stand for the transactions that were collected into them.

    One that is sent again after a newer version took its hours over stands for what it stood for the first time.
    """
    by_transaction = {i.transactions[0]: i for i in intents if i.groups}
    if not by_transaction:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, c.source_transaction_id
            FROM routes_transaction t JOIN routes_collected c ON c.record_id = t.record_id
            WHERE t.id = ANY(%s::uuid[])
            UNION
            SELECT mine.transaction_id, others.transaction_id
            FROM routes_effectlink mine JOIN routes_effectlink others ON others.effect_id = mine.effect_id
            WHERE mine.transaction_id = ANY(%s::uuid[]) AND others.transaction_id <> mine.transaction_id
            """,
            [array(by_transaction), array(by_transaction)],
        )
        for transaction, source in cursor.fetchall():
            by_transaction[transaction].transactions += (source,)
