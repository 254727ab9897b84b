"""Which parent a target misses: its answer names a key, and the record's own fields say whose key that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.db import connection as database

from canonical.entities import ENTITIES
from canonical.failure import Category
from connectors.models import Connection
from connectors.outcome import WriteOutcome
from routes.claims import Claim
from routes.plan import DestinationPlan, plan

Member = tuple[Claim, DestinationPlan, WriteOutcome]


@dataclass(frozen=True, slots=True)
class Parent:
    """The record that must exist at the target first."""

    entity: str
    key: str
    field: str  # of the child, which refers to it

    @property
    def on(self) -> str:
        """Return it as a wait is written down."""
        return f"{self.entity}:{self.key}"


BODIES = """
SELECT t.id, p.body FROM routes_transaction t JOIN routes_record r ON r.id = t.record_id
CROSS JOIN LATERAL routes_body(coalesce(t.canonical_payload_id, r.canonical_payload_id)) p
WHERE t.id = ANY(%s::uuid[])
"""
KNOWN = """
SELECT entity, canonical_key FROM mappings_crossreference
WHERE connection_id = %s AND (entity, canonical_key) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""


def missed(connection: Connection, members: Sequence[Member]) -> dict[UUID, Parent]:
    """Return, by transaction, the parent that the target says it lacks. Two queries at most.

    Left out are answers whose key is no reference of the record, and parents that the hub knows to be there: their
    arrival has been, so waiting for it would have no end.
    """
    asked = {c.transaction: (c, a) for c, _, a in members if a.category is Category.MISSING_REFERENCE and a.parent_key}
    if not asked:
        return {}
    with database.cursor() as cursor:
        cursor.execute(BODIES, [list(asked)])
        found: dict[UUID, Parent] = {}
        for id_, body in cursor.fetchall():
            claim, answer = asked[id_]
            parent = _referred(plan(claim.snapshot).entity, msgspec.json.decode(body), answer.parent_key)
            if parent is not None:
                found[id_] = parent
        if not found:
            return {}
        cursor.execute(KNOWN, [connection.pk, [p.entity for p in found.values()], [p.key for p in found.values()]])
        there = set(cursor.fetchall())
    return {id_: parent for id_, parent in found.items() if (parent.entity, parent.key) not in there}


def _referred(entity: str, values: dict[str, object], key: str) -> Parent | None:
    """Return the parent that a record refers to under a key; None when none of its fields, or more than one, does."""
    fields = [f for f in ENTITIES[entity].fields if f.references and f.name not in ("legal_entity",)]
    parents = [Parent(f.references, key, f.name) for f in fields if values.get(f.name) == key]
    return parents[0] if len({p.entity for p in parents}) == 1 else None


def wait_for(connection: Connection, members: Sequence[Member], parents: dict[UUID, Parent]) -> None:
    """Write down what parked transactions wait for; the reference that becomes known releases them."""
    ids, ons, entities = zip(
        *((c.transaction, parents[c.transaction].on[:250], c.legal_entity) for c, _, _ in members), strict=True
    )
    with database.cursor() as cursor:
        cursor.execute(
            'INSERT INTO routes_wait (transaction_id, kind, "on", connection_id, legal_entity_id, since)'
            " SELECT w.id, 'parent', w.name, %s, w.entity, (SELECT hub_now())"
            " FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS w(id, name, entity)"
            " ON CONFLICT (transaction_id) DO UPDATE"
            ' SET kind = excluded.kind, "on" = excluded."on", connection_id = excluded.connection_id',
            [connection.pk, list(ids), list(ons), list(entities)],
        )
