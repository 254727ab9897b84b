"""Saying no to the table rows that are proposed for an item."""

from django.db import transaction

from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.approve_table_row import by_table, rows_waiting
from exceptions_queue.verbs.members import NotPossible, need_reason
from governance.actor import By
from governance.rights import Right, require
from mappings import tables


@transaction.atomic
def refuse_table_row(item: WorkItem, *, by: By, reason: str) -> None:
    """Refuse the proposed rows; whoever works on the item proposes another. Raises NotAllowed and NotPossible."""
    require(by, Right.APPROVE_TABLES, item.legal_entity_id)
    reason = need_reason(reason, "Refusing a row")
    rows = rows_waiting(item)
    if not rows:
        raise NotPossible("No proposed row waits any more. Load the page again.")
    for table, ids in by_table(rows):
        tables.refuse_rows(table, ids, by=by, reason=reason)
    note(item, by=by, verb="row refused", reason=reason, to=State.IN_PROGRESS)
    WorkItem.objects.filter(pk=item.pk).update(waiting_on="")
