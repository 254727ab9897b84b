"""Sending on what waited for a corrected table row, wherever that row was approved."""

from django.db import connection, transaction

from exceptions_queue import releasing
from exceptions_queue.made_with import READ, SAMPLE, UNREAD
from exceptions_queue.models import Release, State, WorkItem
from governance.actor import ENGINE
from mappings.models import TableRow

Key = tuple[int, tuple[str, ...]]  # table, key of a row


def release(table: int | None = None) -> list[Release]:
    """Send on the members of items whose corrected row counts by now, of one table or (for the sweep) of all.

    An item waits as long as a row with a key that its members were made with waits for a second person. Who approves
    on the item's own page has sent its members on already. A few queries an item: few wait for approvals at a time.
    """
    asked = []
    waiting = WorkItem.objects.filter(state=State.PENDING_APPROVAL).exclude(category__in=UNREAD)
    for item in waiting.order_by("pk"):
        corrected = _corrected(item)
        if corrected and (table is None or any(row.table_id == table for row in corrected)):
            with transaction.atomic():
                row = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
                if row.state == State.PENDING_APPROVAL:
                    shown = "; ".join(f"{each.table}: {each}" for each in corrected)
                    asked.append(
                        releasing.ask(row, by=ENGINE, reason=f"a corrected row was approved: {shown}", cause_gone=True)
                    )
    return asked


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
