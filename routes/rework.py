"""Bytes that cannot be known before the ledger is looked at: reposts under a key of their own, deltas, reversals.

The plain case, the first posting of a key, was translated when it was received and costs nothing here.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from canonical import codec
from canonical.difference import difference as record_difference
from canonical.difference import has_lines
from canonical.entities import ENTITIES
from canonical.problem import Problem
from mappings.batch import run_mixed
from mappings.mapped import Mapped
from routes import bodies, ledger, rule_waivers
from routes.arrivals import exact
from routes.bulk import array
from routes.plan import plan
from routes.rule_waivers import softened
from routes.shipments import Shipment

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def prepare(shipments: Sequence[Shipment]) -> dict[UUID, Problem]:
    """Give the shipments that need other bytes than their transaction's request their own, stored as payloads.

    Returns, by effect, why some cannot be made: their look-up finds nothing by now, or a rule is broken. Those must
    not be sent. A constant number of queries for each destination.
    """
    unusual = [s for s in shipments if s.claim.effect is None and _is_unusual(s)]
    if not unusual:
        return {}
    stand = bodies.read(s.claim.live_payload for s in unusual if s.claim.live_payload)
    live = [s.claim.live_transaction for s in unusual if s.claim.live_transaction]
    canonical = _canonical([*(s.claim.transaction for s in unusual), *live])
    mapped = _translated({s.intent.effect: (s, _meant_values(s, canonical)) for s in unusual if not _reverses(s)})
    passes = rule_waivers.of_records([s.claim.record for s in unusual])
    problems: dict[UUID, Problem] = {}
    made = bodies.Bodies()
    for shipment in unusual:
        found = mapped.get(shipment.intent.effect)
        problem = _stopping(shipment, found, passes.get(shipment.claim.record, frozenset())) if found else None
        if problem is not None:
            problems[shipment.intent.effect] = problem
            continue
        stands = stand.get(shipment.claim.live_payload) if shipment.claim.live_payload else None
        shipment.body = _body(shipment, found, str(stands or "{}"))
        if shipment.body != shipment.claim.body or _reverses(shipment):
            shipment.intent.payload = UUID(made.add("request", shipment.body, found.hits if found else ()))
    made.write()
    return problems


def _stopping(shipment: Shipment, found: Mapped, passes: frozenset[str]) -> Problem | None:
    """Return the error that stops a shipment.

    Rules judge what a record says; a difference says what is missing, and to take back is always allowed.
    """
    judged = not (_is_difference(shipment) or shipment.claim.withdraws)
    said = softened(found.problems, passes)
    return next((p for p in said if p.severity == "error" and (judged or not p.rule)), None)


def _reverses(shipment: Shipment) -> bool:
    return shipment.intent.operation == "reverse"


def _is_difference(shipment: Shipment) -> bool:
    return shipment.claim.live_hash is not None and shipment.intent.operation == "create"


def _is_unusual(shipment: Shipment) -> bool:
    return _reverses(shipment) or shipment.intent.write_key != shipment.claim.key


def _meant(shipment: Shipment) -> UUID:
    """Return the transaction whose content is sent: to take back is to send what stands there, the other way round.

    What the source said last may be unreadable, or nothing at all.
    """
    claim = shipment.claim
    return claim.live_transaction if claim.withdraws and claim.live_transaction else claim.transaction


def _meant_values(shipment: Shipment, canonical: dict[UUID, str]) -> dict[str, Any]:
    """Return the canonical values to translate: of the record, or where it has lines of its difference."""
    wanted = _stored(shipment, canonical[_meant(shipment)])
    entity = ENTITIES[plan(shipment.claim.snapshot).entity]
    if not (_is_difference(shipment) and has_lines(entity)):
        return wanted
    assert shipment.claim.live_transaction is not None
    stands = _stored(shipment, canonical[shipment.claim.live_transaction])
    left = None if shipment.claim.withdraws else wanted
    own = canonical.get(shipment.claim.transaction)
    day = _posting_date(shipment, _stored(shipment, own) if own else wanted)
    return record_difference(entity, left, stands) | day


def _body(shipment: Shipment, found: Mapped | None, stands: str) -> str:
    """Return the bytes to send; `stands` is the request that stands at the target."""
    if found is None:
        return stands
    if not _is_difference(shipment) or has_lines(ENTITIES[plan(shipment.claim.snapshot).entity]):
        return exact(found.values)
    fields = shipment.destination.delta_fields
    values = found.values | dict.fromkeys(fields, Decimal(0)) if shipment.claim.withdraws else found.values
    return exact(difference(values, _decoder.decode(stands), fields))


def _posting_date(shipment: Shipment, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the day that the difference is posted on: a withdrawal, too, may have been moved into an open period."""
    name = shipment.destination.posting_date
    return {name: wanted[name]} if name and name in wanted else {}


def _stored(shipment: Shipment, canonical: str) -> dict[str, Any]:
    return codec.loads(ENTITIES[plan(shipment.claim.snapshot).entity], canonical.encode())


def _translated(meant: Mapping[UUID, tuple[Shipment, dict[str, Any]]]) -> dict[UUID, Mapped]:
    """Translate what is meant with each shipment, by its destination as it was processed with it."""
    found: dict[UUID, Mapped] = {}
    destinations = {(s.claim.snapshot, s.destination.id): s.destination for s, _ in meant.values()}
    for (snapshot, id_), destination in destinations.items():
        mine = {e: x for e, x in meant.items() if (x[0].claim.snapshot, x[0].destination.id) == (snapshot, id_)}
        records = [v | {"hub": {"key": s.intent.write_key, "version": s.claim.version}} for s, v in mine.values()]
        mapped = run_mixed(
            destination.translate, records, connection_id=destination.connection_id,
            legal_entities=[s.claim.legal_entity for s, _ in mine.values()],
        )  # fmt: skip
        found.update(zip(mine, mapped, strict=True))
    return found


def difference(new: dict[str, Any], old: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return the new request with the declared number fields reduced by what the old one posted already."""
    result = dict(new)
    for name in fields:
        result[name] = Decimal(new.get(name) or 0) - Decimal(old.get(name) or 0)
    return result


def _canonical(transactions: Sequence[UUID]) -> dict[UUID, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, p.body FROM routes_transaction t JOIN routes_record r ON r.id = t.record_id
            CROSS JOIN LATERAL routes_body(coalesce(t.canonical_payload_id, r.canonical_payload_id)) p
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
