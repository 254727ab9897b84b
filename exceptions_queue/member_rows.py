"""A page of an item's members as people read it: what, how much, and the failing value in three places.

A constant number of queries for a page; the next page begins after the last row's key, nothing is counted.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.masking import HIDDEN, mask, may_see
from exceptions_queue import lineage, words
from exceptions_queue.models import WorkItem
from governance.actor import By
from governance.scoping import grants_read_once
from routes import overlays
from routes.arrivals import decode

SIZE = 50
SHOWN = ("worked_on", "project_code", "customer_id", "worker_name")  # columns, as far as an entity has them


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an item, with values that the person may see."""

    failure: UUID
    transaction: UUID | None
    record: UUID | None
    key: str
    columns: list[tuple[str, Any]]  # name → value
    hours: Decimal | None
    amount: Decimal | None
    currency: str
    source: Any  # the failing field as the source says it
    working: Any  # as the hub would send it, corrections in it
    target: Any  # as it stands in the target now
    message: str


@dataclass(frozen=True, slots=True)
class Page:
    """Members, the names of their columns, and where the next page begins."""

    columns: list[str]
    field: str  # the failing canonical field; "" when no single field is to blame
    members: list[Member]
    after: UUID | None
    message_varies: bool


ROWS = """
SELECT f.id, f.transaction_id, f.record_id, f.message, f.hours, f.amount, f.currency, f.value,
    coalesce(r.key, t.key, ''), t.destination_id, pr.body, pt.body, pl.body,
    o.value, o.source_value, o.id IS NOT NULL, o.returned_at IS NOT NULL
FROM (
    SELECT * FROM routes_failure
    WHERE fingerprint = %s AND (%s::text IS NULL OR own_fingerprint = %s) AND closed_at IS NULL
        AND (%s::uuid IS NULL OR id > %s) ORDER BY id LIMIT %s
) f
LEFT JOIN routes_transaction t ON t.id = f.transaction_id
LEFT JOIN routes_record r ON r.id = coalesce(f.record_id, t.record_id)
LEFT JOIN LATERAL routes_body(r.canonical_payload_id) pr ON true
LEFT JOIN LATERAL routes_body(t.canonical_payload_id) pt ON true
LEFT JOIN routes_destination d ON d.id = t.destination_id
LEFT JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
LEFT JOIN LATERAL routes_body(h.live_payload_id) pl ON true
LEFT JOIN routes_overlay o ON o.route_id = r.route_id AND o.key = r.key AND o.field = %s AND o.ended_at IS NULL
ORDER BY f.id
"""


def page(item: WorkItem, by: By, *, masks: frozenset[Mask], after: UUID | None = None, size: int = SIZE) -> Page:
    """Return a page of an item's open members. Two queries."""
    entity = ENTITIES.get(item.entity)
    content = item.configuration
    copies = {d["id"]: lineage.copies(content, d["id"]) for d in content.get("destinations", ())}
    copies[0] = lineage.copies(content, None)
    field = next((n for c in copies.values() if (n := lineage.canonical_name(c, item.field, entity))), "")
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [item.fingerprint, item.own_part, item.own_part, after, after, size + 1, field])
        rows = cursor.fetchall()
    columns = [name for name in SHOWN if entity and name in entity.by_name]
    with grants_read_once():  # each member's words are asked of
        members = [_member(row, entity, columns, field, copies, masks, item, by) for row in rows[:size]]
    return Page(
        columns=columns,
        field=field,
        members=members,
        after=members[-1].failure if len(rows) > size else None,
        message_varies=not item.table and len({m.message for m in members}) > 1,
    )


def _member(
    row: tuple[Any, ...],
    entity: Entity | None,
    columns: list[str],
    field: str,
    copies: dict[int, lineage.Copies],
    masks: frozenset[Mask],
    item: WorkItem,
    by: By,
) -> Member:
    (id_, sent, record, message, hours, amount, currency, found, key, destination, said, ours, live,
     corrected, source_value, has_overlay, contradicted) = row  # fmt: skip
    source = _values(entity, said)
    working = _values(entity, ours) or dict(source)
    shown = mask(entity, source, masks) if entity else {}
    visible = not field or (entity is not None and may_see(entity, field, masks))
    three: list[Any] = [None, None, None]
    if field:
        found = source.get(field, words.readable(found, item, masks, by))
        # What contradicts a correction is what the source says by now.
        kept = has_overlay and not contradicted
        three = [_typed(entity, field, source_value) if kept else found, working.get(field), None]
        if has_overlay:
            three[1] = _typed(entity, field, corrected)
        path = copies.get(destination or 0, copies[0]).target.get(field)
        three[2] = lineage.at(decode(live), path) if live and path else None
    if not visible:
        three = [HIDDEN if each not in (None, "") else each for each in three]
    return Member(
        id_, sent, record, key, [(name, shown.get(name)) for name in columns], hours, amount, currency,
        three[0], three[1], three[2],
        words.readable(message, item, masks, by) if visible else "",
    )  # fmt: skip


def _values(entity: Entity | None, body: str | None) -> dict[str, Any]:
    return codec.loads(entity, body) if entity and body else {}


def _typed(entity: Entity | None, field: str, stored: Any) -> Any:
    plain = msgspec.json.decode(stored) if isinstance(stored, str) else stored
    return overlays.typed(entity.name, field, plain) if entity and plain is not None else plain
