"""Giving the second person's consent to a table row that an item waits for."""

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.models import Release, WorkItem
from exceptions_queue.verbs.add_table_row import table_of
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.rights import Right, require
from mappings import tables
from mappings.models import TableRow


def rows_waiting(item: WorkItem) -> list[TableRow]:
    """Return the rows with the item's key that wait for a second person."""
    table = table_of(item)
    if table is None or not item.table_key:
        return []
    return list(TableRow.objects.filter(table=table).waiting().with_keys([tuple(item.table_key)]))


@transaction.atomic
def approve_table_row(item: WorkItem, *, by: By, reason: str = "") -> Release:
    """Approve the rows with the item's key and let go on what waited. Raises NotAllowed and NotPossible."""
    require(by, Right.APPROVE_TABLES, item.legal_entity_id)
    rows = rows_waiting(item)
    table = table_of(item)
    if table is None or not rows:
        raise NotPossible("No row of this key waits for approval any more. Load the page again.")
    tables.approve_rows(table, [row.pk for row in rows], by=by, reason=reason)
    return releasing.ask(item, by=by, reason=f"a row was approved: {table}: {' / '.join(item.table_key or [])}")
