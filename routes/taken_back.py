"""What a transaction that takes back is about: the hours and the money that were posted, not those of what came.

And who has asked for it, where it was a person, with what follows it. Lists show transactions in their dozens, so what
each takes back is found for all of them by one query.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from routes.bulk import array
from routes.models import Reversal, Transaction

# Of each that takes back the newest earlier one under its key that the target had. One of another company says nothing:
# who may see the one need not see the other.
TAKEN_BACK = """
SELECT DISTINCT ON (w.id) t.*, w.id AS taken_by
FROM routes_transaction w
JOIN routes_transaction t ON t.destination_id = w.destination_id AND t.key = w.key
    AND t.legal_entity_id = w.legal_entity_id AND NOT t.withdraws AND t.id <> w.id
    AND (t.version, t.id) < (w.version, w.id)
WHERE w.id = ANY(%s) AND EXISTS (
    SELECT FROM routes_effect e
    WHERE e.transaction_id = t.id AND e.state = 'confirmed' AND e.operation IN ('create', 'update'))
ORDER BY w.id, t.version DESC, t.id DESC
"""


def told(rows: Iterable[Transaction]) -> list[Transaction]:
    """Return transactions that know what they take back, see `Transaction.worth`. One query; none where none does."""
    found = list(rows)
    taking = {row.pk: row for row in found if row.withdraws}
    if taking:
        for earlier in Transaction.objects.raw(TAKEN_BACK, [list(taking)]):
            taking[getattr(earlier, "taken_by")].taken_back = earlier  # noqa: B009 - a column of the statement
    return found


def followers(ids: Sequence[UUID]) -> list[UUID]:
    """Return those of the transactions that wait behind a reversal which is not done yet; its head is locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT v.follower_id FROM routes_reversal v
            JOIN routes_transaction t ON t.id = v.transaction_id
            JOIN routes_destination d ON d.id = t.destination_id
            JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
                AND h.transaction_id = t.id
            WHERE v.follower_id = ANY(%s::uuid[]) ORDER BY h.connection_id, h.object, h.key FOR UPDATE OF h
            """,
            [array(ids)],
        )
        return [row[0] for row in cursor.fetchall()]


def kept_away(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the transactions whose record a person has had taken back, to see to it themselves. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.follower_id FROM routes_reversal v JOIN routes_transaction w ON w.id = v.transaction_id"
            " WHERE v.follower_id = ANY(%s::uuid[]) AND NOT v.sends AND w.state NOT IN ('waived', 'superseded')",
            [array(ids)],
        )
        return {row[0] for row in cursor.fetchall()}


def asked_for(ids: Sequence[UUID]) -> dict[UUID, Reversal]:
    """Return the reversals that people have asked for, by the transactions that carry them out. One query."""
    return {each.transaction_id: each for each in Reversal.objects.filter(transaction_id__in=list(ids))}
