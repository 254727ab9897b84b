"""Grouping: posted transactions of one destination become records of another route (hours → an invoice).

Each posted transaction is collected at most once per route; the database holds that. The effect of the grouped record
stands for all of them, so the lineage from the invoice line back to the hour survives.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from canonical.failure import Category
from canonical.problem import Problem
from mappings.batch import run_batch
from routes import evaluation, receive
from routes.arrivals import Arrival, digest, exact
from routes.plan import Plan
from routes.storing import store

LIMIT = 20_000  # transactions that one run groups; the next run takes the rest

POSTED = """
SELECT t.id, t.correlation_id, t.legal_entity_id, p.body, h.live_external_id, e.reference, t.key
FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
    AND h.live_transaction_id = t.id
JOIN routes_effect e ON e.id = h.live_effect_id
JOIN routes_record r ON r.id = t.record_id
JOIN routes_payload p ON p.id = coalesce(t.canonical_payload_id, r.canonical_payload_id)
WHERE t.destination_id = %s AND t.state = 'posted'
  AND NOT EXISTS (SELECT FROM routes_collected c WHERE c.route_id = %s AND c.source_transaction_id = t.id)
ORDER BY t.key LIMIT %s
"""


def take_in(plan: Plan, *, run: UUID) -> receive.Totals:
    """Group what the upstream destination has posted and nobody has collected yet; in the caller's commit.

    Returns the totals of the grouped records. What cannot be grouped stops as a record of its own with its failure.
    """
    members = _posted(plan)
    if not members:
        return receive.Totals()
    groups = _grouped(plan, members)
    numbers = _numbers(plan, list(groups))
    now = receive._now()
    arrivals = [_arrive(plan, key, rows, numbers.get(key, 0) + 1, now) for key, rows in sorted(groups.items())]
    evaluation.normalise(plan, arrivals, entities=receive._entities())
    evaluation.evaluate(plan, arrivals, standing=lambda a: {})
    store(plan, arrivals, run=run, now=now)
    return receive.Totals(read=len(arrivals), new=len(arrivals))


def _posted(plan: Plan) -> list[dict[str, Any]]:
    upstream_entity = _upstream_entity(plan)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [receive._ROUTE_LOCK, plan.route_id])
        cursor.execute(POSTED, [plan.upstream_id, plan.route_id, LIMIT])
        return [
            {
                "transaction": id_,
                "correlation": correlation,
                "values": codec.loads(ENTITIES[upstream_entity], body.encode())
                | {"posted_as": external, "posting_reference": reference, "business_key": key},
            }
            for id_, correlation, _, body, external, reference, key in cursor.fetchall()
        ]


def _upstream_entity(plan: Plan) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.canonical_entity FROM routes_destination d JOIN routes_route r ON r.id = d.route_id"
            " WHERE d.id = %s",
            [plan.upstream_id],
        )
        entity: str = cursor.fetchone()[0]
        return entity


def _grouped(plan: Plan, members: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    keys: list[Any] = [member["values"]["business_key"] for member in members]
    if plan.group_by is not None:
        found = run_batch(
            plan.group_by.mapping, [member["values"] for member in members], connection_id=None,
            legal_entity_id=plan.legal_entity_id,
        )  # fmt: skip
        keys = [
            f"ungrouped/{own}" if mapped.failed or mapped.values.get("value") in (None, "") else mapped.values["value"]
            for own, mapped in zip(keys, found, strict=True)
        ]
    groups: dict[str, list[dict[str, Any]]] = {}
    for key, member in zip(keys, members, strict=True):
        groups.setdefault(str(key), []).append(member)
    return groups


def _numbers(plan: Plan, groups: Sequence[str]) -> dict[str, int]:
    """Return how many records each group has had: late hours go on an invoice of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.name, count(*) FROM unnest(%s::text[]) AS g(name) JOIN routes_sourcehead h"
            " ON h.route_id = %s AND h.key LIKE replace(replace(g.name, '%%', '\\%%'), '_', '\\_') || '/%%'"
            " GROUP BY g.name",
            [list(groups), plan.route_id],
        )
        return dict(cursor.fetchall())


def _arrive(plan: Plan, group: str, rows: Sequence[dict[str, Any]], number: int, now: dt.datetime) -> Arrival:
    lines = [row["values"] for row in rows]
    raw: dict[str, Any] = {"group": group, "number": number, "key": f"{group}/{number}", "lines": lines}
    body = exact(raw)
    arrival = Arrival(raw, body, digest(body), raw["key"], f"t{now.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}")
    arrival.collected = tuple(row["transaction"] for row in rows)
    arrival.causation = rows[0]["transaction"]
    if group.startswith("ungrouped/"):
        arrival.legal_entity = plan.legal_entity_id
        arrival.problems.append(
            Problem(
                "error", Category.CONFIGURATION, "", None,
                "The route's grouping formula gives no group for this record. Correct the formula.", group[10:],
            )
        )  # fmt: skip
    return arrival
