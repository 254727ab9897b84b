"""What stands at a target already, by the target's own number: a resubmission of it is refused with that."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

POSTED = """
SELECT DISTINCT ON (t.id) t.id, t.key, d.name, coalesce(nullif(e.reference, ''), e.external_id, '')
FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
LEFT JOIN routes_effectlink l ON l.transaction_id = t.id
LEFT JOIN routes_effect e ON e.id = l.effect_id AND e.state = 'confirmed' AND e.destination_id = t.destination_id
WHERE t.id = ANY(%s) AND t.state = 'posted'
ORDER BY t.id, e.number DESC NULLS LAST
"""


def words(ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return, for those of the transactions that are posted, as what: "TE-1 is posted in Ledger as LR-1". One query."""
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(POSTED, [list(ids)])
        return {
            id_: f"{key} is posted in {name} already{f' as {number}' if number else ''}"
            for id_, key, name, number in cursor.fetchall()
        }
