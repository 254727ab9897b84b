"""What somebody has asked a second person about, as long as they have not said anything: nothing else lets it go."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from exceptions_queue.models import ApprovalRequest, RequestState, WorkItem
from routes.bulk import array

WAITING = """
SELECT DISTINCT coalesce(f.transaction_id, f.record_id)
FROM exceptions_queue_approvalrequest q CROSS JOIN unnest(q.failures) AS member
JOIN routes_failure f ON f.id = member
WHERE q.state = 'waiting' AND f.closed_at IS NULL AND coalesce(f.transaction_id, f.record_id) = ANY(%s::uuid[])
"""


def members(item: WorkItem) -> list[UUID]:
    """Return the members of an item that are asked about, by their failures. One query."""
    waiting = ApprovalRequest.objects.filter(item=item, state=RequestState.WAITING)
    return [each for failures in waiting.values_list("failures", flat=True) for each in failures]


def among(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some stopped transactions and failed records that are asked about. One query."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [array(ids)])
        return {row[0] for row in cursor.fetchall()}
