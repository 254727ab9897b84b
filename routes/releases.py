"""Letting go on what waited: a parent arrived, a table row was added, a destination was switched on.

What somebody has asked a second person about goes by none of these: it waits for what they say, and goes afterwards.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from governance.actor import ENGINE, By
from routes import asked_about, reprocess
from routes.bulk import array
from routes.models import Route
from routes.plan import NotReadyToRun, current, plan

LIMIT = 2000  # transactions a call takes on; the sweep takes the rest
ARRIVED = "the record it waited for has arrived"


Found = list[tuple[int, UUID | None, UUID | None]]  # route, transaction, record
OF_ROUTES = """
SELECT d.route_id, t.id, NULL FROM routes_transaction t JOIN routes_destination d ON d.id = t.destination_id
WHERE t.id = ANY(%s::uuid[]) AND d.route_id <> ALL(%s) AND t.id <> ALL(%s::uuid[])
"""


def _that_can_go_on(ask: Callable[[list[int], str], Found]) -> tuple[list[UUID], list[UUID]]:
    """Return transactions and records that can go on, in the order in which they were found.

    `ask` is asked anew without the routes that cannot run, and without what a second person is asked about: what waits
    there takes nobody's place.
    """
    runs: dict[int, bool] = {}
    kept: set[UUID] = set()
    while True:
        found = ask([route for route, able in runs.items() if not able], array(kept))
        fresh = {route for route, _, _ in found} - runs.keys()
        runs |= {route.pk: _can_run(route) for route in Route.objects.filter(pk__in=fresh)} if fresh else {}
        asked = asked_about.among([each for _, *both in found for each in both if each is not None])
        if not asked and all(runs.get(route, True) for route, _, _ in found):
            stopped = [transaction for _, transaction, _ in found if transaction is not None]
            return stopped, [record for _, transaction, record in found if transaction is None and record is not None]
        kept |= asked


def _can_run(route: Route) -> bool:
    try:
        plan(current(route).pk)
    except NotReadyToRun:
        return False
    return True


def _asked(statement: str, *given: Any) -> Found:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(given))
        found: Found = cursor.fetchall()
    return found


def waiting_for(kind: str, ons: Sequence[str], *, connection_id: int | None = None) -> list[UUID]:
    """Return transactions that wait for any of these, oldest version of each key first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT w.transaction_id FROM routes_wait w JOIN routes_transaction t ON t.id = w.transaction_id
            WHERE w.kind = %s AND w."on" = ANY(%s) AND (%s::bigint IS NULL OR w.connection_id = %s)
            ORDER BY t.key, t.version LIMIT %s
            """,
            [kind, list(ons), connection_id, connection_id, LIMIT],
        )
        return [row[0] for row in cursor.fetchall()]


def parents_arrived(entity: str, connection_id: int, keys: Sequence[str]) -> int:
    """Release what is parked for records that now exist at a destination; return how many went on."""
    waiting = waiting_for("parent", [f"{entity}:{key}" for key in keys], connection_id=connection_id)
    if not waiting:
        return 0
    able, _ = _that_can_go_on(lambda resting, kept: _asked(OF_ROUTES, waiting, resting, kept))
    parked = [id_ for id_ in waiting if id_ in set(able)]
    return reprocess.whatever_can(parked, [], by=ENGINE, reason=ARRIVED, how="auto:parent_arrived", cause_gone=True)


ARRIVED_MEANWHILE = """
SELECT d.route_id, w.transaction_id, NULL FROM routes_wait w
JOIN mappings_crossreference x ON x.connection_id = w.connection_id
    AND x.entity || ':' || x.canonical_key = w."on"
JOIN routes_transaction t ON t.id = w.transaction_id
JOIN routes_destination d ON d.id = t.destination_id
WHERE w.kind = 'parent' AND d.route_id <> ALL(%s) AND w.transaction_id <> ALL(%s::uuid[]) LIMIT %s
"""


def arrived_meanwhile() -> int:
    """Release what was parked at the very moment at which its parent arrived; part of the sweep."""
    parked, _ = _that_can_go_on(lambda resting, kept: _asked(ARRIVED_MEANWHILE, resting, kept, LIMIT))
    return reprocess.whatever_can(parked, [], by=ENGINE, reason=ARRIVED, how="auto:parent_arrived", cause_gone=True)


SWITCHED_ON = """
SELECT d.route_id, w.transaction_id, NULL FROM routes_wait w
JOIN routes_transaction t ON t.id = w.transaction_id
JOIN routes_destination d ON d.id = t.destination_id AND d.enabled
JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
    AND h.transaction_id = t.id
WHERE w.kind = 'switch' AND d.route_id <> ALL(%s) AND w.transaction_id <> ALL(%s::uuid[])
ORDER BY t.created_at, t.id LIMIT %s
"""


def switched_on() -> int:
    """Release what was held while its destination was switched off; return how many went on. Part of the sweep.

    Of each key the version whose turn it is goes first; those behind it follow with the next sweeps.
    """
    held, _ = _that_can_go_on(lambda resting, kept: _asked(SWITCHED_ON, resting, kept, LIMIT))
    words = "its destination is switched on again"
    return reprocess.whatever_can(held, [], by=ENGINE, reason=words, how="fixed", cause_gone=True)


# What stopped before the row counted; once, too, what stopped soon after it was written: the row may not have been
# committed while the record was worked out. A row that does not help is not tried again and again.
LACKED = """
SELECT DISTINCT f.route_id, f.transaction_id, f.record_id FROM routes_failure f
JOIN mappings_lookuptable b ON b.name = f."table"
    AND (b.legal_entity_id IS NULL OR b.legal_entity_id = f.legal_entity_id)
JOIN mappings_tablerow w ON w.table_id = b.id AND to_jsonb(w.key) = f.table_key
WHERE f.closed_at IS NULL AND f."table" <> '' AND f.category IN ('unmapped_value', 'approval_missing')
  AND w.recorded_to IS NULL AND w.recorded_from >= f.opened_at - interval '15 minutes'
  AND (w.recorded_from >= f.opened_at OR NOT EXISTS (
    SELECT FROM routes_failure e
    WHERE e.fingerprint IN (f.fingerprint, nullif(f.own_fingerprint, '')) AND e.closed_at IS NOT NULL
        AND e.record_id = f.record_id))
  AND (%s::text IS NULL OR b.name = %s AND to_jsonb(w.key) = ANY(%s::jsonb[])) AND f.route_id <> ALL(%s)
  AND coalesce(f.transaction_id, f.record_id) <> ALL(%s::uuid[])
LIMIT %s
"""


def rows_available(table: str | None = None, keys: Sequence[Sequence[str]] = ()) -> int:
    """Release what lacked rows of a lookup table that count now; return how many went on.

    Without a table it looks for all of them: the sweep does so, for what a crash or the limit left.
    """
    asked = [msgspec.json.encode(list(key)).decode() for key in keys]
    stopped, records = _that_can_go_on(lambda resting, kept: _asked(LACKED, table, table, asked, resting, kept, LIMIT))
    words = "the row that it lacked is there"
    return reprocess.whatever_can(stopped, records, by=ENGINE, reason=words, how="fixed", cause_gone=True)


def cause_removed(fingerprint: str, *, by: By, reason: str) -> int:
    """Take on again everything that one cause has stopped; return how many records and transactions went on.

    For many members the caller repeats it until it returns 0; each call is one commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT transaction_id FROM routes_failure WHERE fingerprint = %s AND closed_at IS NULL"
            " AND transaction_id IS NOT NULL LIMIT %s",
            [fingerprint, LIMIT],
        )
        transactions = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "SELECT DISTINCT record_id FROM routes_failure WHERE fingerprint = %s AND closed_at IS NULL"
            " AND transaction_id IS NULL AND record_id IS NOT NULL LIMIT %s",
            [fingerprint, LIMIT],
        )
        records = [row[0] for row in cursor.fetchall()]
    return reprocess.whatever_can(transactions, records, by=by, reason=reason, how="fixed", cause_gone=True)
