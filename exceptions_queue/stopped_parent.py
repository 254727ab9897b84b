"""The exception of the very record that others wait for, where it is the hub that could not bring it."""

from django.db import connection

from canonical.failure import Category
from exceptions_queue.models import WorkItem
from governance.models import User

# By the index of keys at each destination; a parent has the key that its children refer to.
CAUSES = """
SELECT DISTINCT f.fingerprint FROM routes_destination d
JOIN routes_route r ON r.id = d.route_id AND r.canonical_entity = %s
JOIN routes_transaction t ON t.destination_id = d.id AND t.key = %s
JOIN routes_failure f ON f.transaction_id = t.id AND f.closed_at IS NULL
WHERE d.connection_id = %s
"""


def of(item: WorkItem, user: User) -> WorkItem | None:
    """Return the open item that holds the parent of an item's members; None where there is none that somebody sees.

    Two queries, and none for an item that waits for no parent.
    """
    if item.category != Category.MISSING_REFERENCE or not (item.table and item.table_key and item.connection_id):
        return None
    with connection.cursor() as cursor:
        cursor.execute(CAUSES, [item.table, "/".join(item.table_key), item.connection_id])
        causes = [row[0] for row in cursor.fetchall()]
    if not causes:
        return None
    return WorkItem.objects.visible_to(user).open().filter(fingerprint__in=causes).exclude(pk=item.pk).first()
