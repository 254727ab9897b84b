"""How often what items hold was tried at its target. One cause has stopped it all, so the first members tell."""

from collections.abc import Sequence

from django.db import connection

from exceptions_queue.models import WorkItem

LOOKED = 20  # members of each item
MOST = """
SELECT w.number, max(c.tries) FROM unnest(%s::bigint[], %s::text[]) AS w(number, cause)
CROSS JOIN LATERAL (
    SELECT transaction_id FROM routes_failure
    WHERE fingerprint = w.cause AND closed_at IS NULL AND transaction_id IS NOT NULL LIMIT %s) f
CROSS JOIN LATERAL (
    SELECT count(*) AS tries FROM routes_effectlink l JOIN routes_attempt a ON a.effect_id = l.effect_id
    WHERE l.transaction_id = f.transaction_id AND a.kind = 'write') c
GROUP BY 1
"""


def tries_of(items: Sequence[WorkItem]) -> dict[int, int]:
    """Return by number how often the most tried of an item's members was sent to its target. One query."""
    if not items:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(MOST, [[item.number for item in items], [item.fingerprint for item in items], LOOKED])
        return dict(cursor.fetchall())
