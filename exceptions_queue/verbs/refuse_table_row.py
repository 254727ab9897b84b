"""Saying no to the table rows that are proposed for an item."""

from collections.abc import Collection

from django.db import transaction

from exceptions_queue.made_with import FOR_ROW
from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.approve_table_row import by_table, rows_decided
from exceptions_queue.verbs.members import need_reason
from governance.actor import By
from governance.rights import Right, require
from mappings import tables


@transaction.atomic
def refuse_table_row(item: WorkItem, *, by: By, reason: str, rows: Collection[int] | None = None) -> None:
    """Refuse the proposed rows; whoever works on the item proposes another. `rows` are the ids of those that were seen.

    Raises NotAllowed and NotPossible.
    """
    require(by, Right.APPROVE_TABLES, item.legal_entity_id)
    reason = need_reason(reason, "Refusing a row")
    decided = rows_decided(item, rows)
    waiting = WorkItem.objects.filter(pk=item.pk, state=State.PENDING_APPROVAL, waiting_on=FOR_ROW)
    waited = waiting.exists()
    for table, ids in by_table(decided):
        tables.refuse_rows(table, ids, by=by, reason=reason)
    if waited and not waiting.exists():
        return  # it was taken back with all others that waited for these rows
    note(item, by=by, verb="row refused", reason=reason, to=State.IN_PROGRESS)
    WorkItem.objects.filter(pk=item.pk).update(waiting_on="")
