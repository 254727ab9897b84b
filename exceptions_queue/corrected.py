"""Sending on what waited for a corrected table row, wherever that row was approved."""

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from exceptions_queue import releasing
from exceptions_queue.made_with import FOR_ROW, READ, SAMPLE, UNREAD
from exceptions_queue.models import ApprovalRequest, Release, RequestState, State, WorkItem
from governance.actor import ENGINE
from mappings.models import TableRow

Key = tuple[int, tuple[str, ...]]  # table, key of a row


def release(table: int | None = None) -> list[Release]:
    """Send on the members of items whose corrected row counts by now, of one table or (for the sweep) of all.

    What waits for a second person for something else is nobody's to send, least of all by the hub itself.
    An item waits as long as a row with a key that its members were made with waits for a second person. Who approves
    on the item's own page has sent its members on already. A few queries an item: few wait for approvals at a time.
    """
    asked = []
    waiting = _waiting().exclude(category__in=UNREAD)
    for item in waiting.order_by("pk"):
        corrected = _corrected(item)
        if corrected and (table is None or any(row.table_id == table for row in corrected)):
            with transaction.atomic():
                row = _waiting().select_for_update(of=("self",)).filter(pk=item.pk).first()
                if row is not None:
                    shown = "; ".join(f"{each.table}: {each}" for each in corrected)
                    asked.append(
                        releasing.ask(row, by=ENGINE, reason=f"a corrected row was approved: {shown}", cause_gone=True)
                    )
    return asked


def _waiting() -> QuerySet[WorkItem]:
    """Return the items that wait for a row, and of which nobody has asked anything else of a second person."""
    asked = ApprovalRequest.objects.filter(item=OuterRef("pk"), state=RequestState.WAITING)
    return WorkItem.objects.filter(~Exists(asked), state=State.PENDING_APPROVAL, waiting_on=FOR_ROW)


def _corrected(item: WorkItem) -> list[TableRow]:
    """Return the rows in force that stand in the place of those that members were made with; none while one waits."""
    with connection.cursor() as cursor:
        cursor.execute(READ, [item.fingerprint, item.own_part, item.own_part, SAMPLE])
        read = [row for row, _ in cursor.fetchall()]
    rows = TableRow.objects.filter(pk__in=read)
    keys: set[Key] = {(row.table_id, row.words) for row in rows}
    ended: set[Key] = {(row.table_id, row.words) for row in rows if row.recorded_to is not None}
    if not ended:
        return []
    current = TableRow.objects.filter(recorded_to=None).with_keys([words for _, words in keys]).select_related("table")
    found = [row for row in current if (row.table_id, row.words) in keys]
    if any(row.approved_at is None for row in found):
        return []
    return [row for row in found if (row.table_id, row.words) in ended]
