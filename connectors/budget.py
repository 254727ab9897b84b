"""Rates and concurrency as shared rows, timed by the database's clock (`hub_now()`). A few statements per batch."""

import uuid

from django.db import connection

from connectors.manifest.model import Budget


def take_requests(connection_id: int, budget: str, wanted: int, *, requests: int, seconds: float) -> tuple[int, float]:
    """Take up to `wanted` requests from the bucket; return how many, and in how many seconds the next one comes.

    The bucket holds at most `requests` and fills with `requests / seconds`. A clock that jumps back costs nothing: the
    time of the last filling is set anew each time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO connectors_ratebudget (connection_id, budget, "left", filled_at)
            VALUES (%s, %s, %s, hub_now()) ON CONFLICT DO NOTHING
            """,
            [connection_id, budget, requests],
        )
        cursor.execute(
            """
            WITH bucket AS (
                SELECT id, least(%(full)s::float8, "left"
                    + greatest(extract(epoch FROM hub_now() - filled_at), 0) * %(full)s / %(seconds)s::float8) AS level
                FROM connectors_ratebudget WHERE connection_id = %(connection)s AND budget = %(budget)s FOR UPDATE
            )
            UPDATE connectors_ratebudget row
            SET "left" = bucket.level - least(%(wanted)s, greatest(floor(bucket.level), 0)), filled_at = hub_now()
            FROM bucket WHERE row.id = bucket.id
            RETURNING least(%(wanted)s, greatest(floor(bucket.level), 0))::int, row."left"
            """,
            {"full": requests, "seconds": seconds, "connection": connection_id, "budget": budget, "wanted": wanted},
        )
        taken, left = cursor.fetchone()
    return taken, max(0.0, (1 - left) * seconds / requests)


def charge(connection_id: int, budget: str, requests: int) -> None:
    """Count requests that were sent beyond those taken, or (negative) give back what was not needed.

    The bucket may owe requests: then nobody gets one until it has filled again. Without a rate nothing happens.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE connectors_ratebudget SET "left" = "left" - %s WHERE connection_id = %s AND budget = %s',
            [requests, connection_id, budget],
        )


def others_under_way(connection_id: int, budget: str, *, lease_seconds: float) -> int:
    """Return how many slots of a connection's other budgets are leased; until the commit nobody else is told."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM connectors_connection WHERE id = %s FOR NO KEY UPDATE", [connection_id])
        cursor.execute(
            "SELECT count(*) FROM connectors_concurrencyslot WHERE connection_id = %s AND budget <> %s"
            " AND leased_until BETWEEN hub_now() AND hub_now() + make_interval(secs => 2 * %s)",
            [connection_id, budget, lease_seconds],
        )
        return int(cursor.fetchone()[0])


def take_slots(
    connection_id: int, budget: str, wanted: int, *, at_most: int, worker: uuid.UUID, lease_seconds: float
) -> list[int]:
    """Lease up to `wanted` of the connection's `at_most` slots; return their ids. Ended leases are taken over.

    A lease that ends absurdly late was made before the clock jumped back and counts as ended.
    """
    asked: dict[str, uuid.UUID | float | int | str] = {
        "worker": worker,
        "lease": lease_seconds,
        "connection": connection_id,
        "budget": budget,
        "at_most": at_most,
        "wanted": wanted,
    }
    if wanted < 1:
        return []
    with connection.cursor() as cursor:
        cursor.execute(TAKE_SLOTS, asked)
        taken = [row[0] for row in cursor.fetchall()]
        if not taken:  # all are taken, or they were never made
            cursor.execute(MAKE_SLOTS, asked)
            if cursor.rowcount:
                cursor.execute(TAKE_SLOTS, asked)
                taken = [row[0] for row in cursor.fetchall()]
        return taken


# The first slots are always made first, so that whoever finds none at all finds out whether more may be made.
MAKE_SLOTS = """
INSERT INTO connectors_concurrencyslot (connection_id, budget, number)
SELECT %(connection)s, %(budget)s, n FROM generate_series(1, %(at_most)s) n ON CONFLICT DO NOTHING
"""
TAKE_SLOTS = """
UPDATE connectors_concurrencyslot
SET worker = %(worker)s, leased_until = hub_now() + make_interval(secs => %(lease)s)
WHERE id IN (
    SELECT id FROM connectors_concurrencyslot
    WHERE connection_id = %(connection)s AND budget = %(budget)s AND number <= %(at_most)s
        AND (worker IS NULL OR leased_until < hub_now()
            OR leased_until > hub_now() + make_interval(secs => 2 * %(lease)s))
    ORDER BY number LIMIT %(wanted)s FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


def give_back_slots(slots: list[int], worker: uuid.UUID) -> int:
    """Free the slots that this worker still holds; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_concurrencyslot SET worker = NULL, leased_until = NULL"
            " WHERE id = ANY(%s) AND worker = %s",
            [slots, worker],
        )
        return int(cursor.rowcount)


def at_once(limit: int, budget: Budget | None) -> int:
    """Return how many requests may be under way at once: the connection's limit or the budget's, the lower one."""
    return min(limit, budget.concurrency) if budget is not None and budget.concurrency else limit


def bucket(allowed: int | None, budget: Budget | None) -> str:
    """Return the name of the bucket of requests: one for all budgets where the connection itself has a rate."""
    return "" if allowed or budget is None else budget.name
