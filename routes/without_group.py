"""Records for which the grouping formula had no group: none of them goes on by itself, as a document of one hour.

Sent again, one that has a group by now is given up, and the next run puts its hour where it belongs.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from governance.actor import By, as_actor
from routes import collect, failures
from routes.arrivals import Arrival, decode
from routes.collect import NO_GROUP, UNGROUPED, Member
from routes.plan import Plan
from routes.states import write_record_moves

HAS_ONE = "It has a group by now. Once it is sent again, the next run of its route puts it there."


def among(plan: Plan, records: Iterable[tuple[UUID, str, str]]) -> dict[UUID, str]:
    """Return the bodies of those records, given with key and body, that have no group, by record."""
    if plan.upstream_id is None:
        return {}
    return {record: body for record, key, body in records if key.startswith(UNGROUPED)}


def grouped_by_now(plan: Plan, bodies: Mapping[UUID, str]) -> list[UUID]:
    """Return those of these records for which the formula has a group by now. A constant number of queries."""
    if not bodies:
        return []
    entity = ENTITIES[collect.upstream_entity(plan)]
    members = []
    for record, body in bodies.items():
        line = decode(body)["lines"][0]
        members.append(Member(record, line["business_key"], codec.loads(entity, codec.dumps(line))))
    groups = collect.groups(plan, members)
    return [m.transaction for m, group in zip(members, groups, strict=True) if not group.startswith(UNGROUPED)]


def let_go(plan: Plan, records: Sequence[UUID], *, by: By, reason: str) -> list[UUID]:
    """Give records up, so that the next run puts their hours where they belong; return those. The verb has asked."""
    if not records:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_record SET state = 'superseded' WHERE id = ANY(%s) AND state = 'failed' RETURNING id",
            [list(records)],
        )
        gone = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "DELETE FROM routes_collected WHERE route_id = %s AND record_id = ANY(%s)", [plan.route_id, gone]
        )
    words = f"it has a group by now, and the next run of its route puts it there: {reason}"
    write_record_moves(gone, "failed", "superseded", by=as_actor(by), reason=words)
    failures.close(records=gone, how="auto:newer_version")
    return gone


def foreseen(plan: Plan, arrivals: Iterable[Arrival]) -> dict[UUID, str]:
    """Return why those of these records that have no group do not go on by themselves, by record."""
    alone = among(plan, ((each.record, each.key, each.body) for each in arrivals))
    by_now = set(grouped_by_now(plan, alone))
    return {record: HAS_ONE if record in by_now else NO_GROUP for record in alone}
