"""Recognising our own writes when they are read back, so that two systems that mirror each other come to rest."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from connectors.paths import find
from routes.arrivals import Arrival
from routes.plan import Plan

# Each system has its own idea of these; they do not make a record a different one.
OWN_TO_EACH_SYSTEM = {"changed_at", "approved_at", "approved_by", "approval_status"}


def among(plan: Plan, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Return those arrivals that say nothing but what the hub wrote there itself. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT h.live_external_id, h.id, h.live_hash = '', e.target_version, p.body
            FROM routes_keyhead h
            JOIN routes_effect e ON e.id = h.live_effect_id
            JOIN routes_transaction t ON t.id = h.live_transaction_id
            JOIN routes_record r ON r.id = t.record_id
            JOIN routes_route way ON way.id = r.route_id AND way.canonical_entity = %s
            LEFT JOIN LATERAL routes_body(coalesce(t.canonical_payload_id, r.canonical_payload_id)) p ON true
            WHERE h.connection_id = %s AND h.mirrored AND h.live_external_id = ANY(%s)
            """,
            [plan.entity, plan.connection_id, [a.key for a in arrivals]],
        )
        written = {external: rest for external, *rest in cursor.fetchall()}
    if not written:
        return []
    known = [a for a in arrivals if a.key in written and not a.failed]
    found = [a for a in known if not written[a.key][1] and _says_the_same(plan, a, *written[a.key][2:])]
    ours = {a.key for a in found}
    _no_longer_ours([written[a.key][0] for a in known if a.key not in ours])
    return found


def are_under_way(plan: Plan) -> bool:
    """Return whether a write to the system that a route reads is on its way, so that nobody can tell its echo yet.

    Its id there is known once its answer is taken in. What waits for a person is not on its way: that may take days.
    """
    with connection.cursor() as cursor:
        cursor.execute(UNDER_WAY.format(connection="%(connection)s"), {"connection": plan.connection_id})
        return cursor.fetchone() is not None


UNDER_WAY = """
(SELECT 1 FROM routes_consignment WHERE connection_id = {connection} AND owner IS NOT NULL
    AND NOT set_apart LIMIT 1)
UNION ALL
(SELECT 1 FROM routes_keyhead h JOIN routes_effect e ON e.connection_id = h.connection_id AND e.object = h.object
    AND e.key = h.key AND e.state IN ('sent', 'unknown')
 WHERE h.connection_id = {connection} AND h.due_at IS NOT NULL LIMIT 1)
"""  # the connection: an expression of SQL, at two places


def _no_longer_ours(heads: Sequence[int]) -> None:
    """Note that something else stands there than what the hub wrote.

    The next version wanted there is written even where it equals what the hub wrote last, and reading that value back
    meanwhile is a change made there, not an echo. A hash that equals none says so.
    """
    if heads:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_keyhead SET live_hash = '' WHERE id = ANY(%s) AND live_hash <> ''", [list(heads)]
            )


def _says_the_same(plan: Plan, arrival: Arrival, version: str, body: str | None) -> bool:
    where = plan.source.version or plan.source.changed_at
    token = find(arrival.raw, where) if where else None
    if version and token is not None and str(token) == version:
        return True
    if not body or arrival.canonical is None:
        return False
    ours = codec.loads(ENTITIES[plan.entity], body.encode())
    return _agree(plan, ours, arrival.canonical)


def _agree(plan: Plan, ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Compare the fields that both know; the key is each system's own, so it must not be all that agrees."""
    ignored = OWN_TO_EACH_SYSTEM | set(ENTITIES[plan.entity].key)
    shared = [
        name
        for name in ours.keys() & theirs.keys()
        if name not in ignored and ours[name] is not None and theirs[name] is not None
    ]
    return bool(shared) and all(ours[name] == theirs[name] for name in shared)
