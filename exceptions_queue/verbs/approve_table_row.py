"""Giving the second person's consent to a table row that an item waits for."""

from collections.abc import Sequence

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.models import Release, WorkItem
from exceptions_queue.verbs.add_table_row import tables_of
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.rights import Right, require
from mappings import tables
from mappings.models import LookupTable, TableRow


def rows_of(item: WorkItem, among: Sequence[LookupTable]) -> list[TableRow]:
    """Return the rows with the item's key that count or wait for a second person. One query."""
    if not among or not item.table_key:
        return []
    current = TableRow.objects.filter(table__in=among, recorded_to=None).with_keys([tuple(item.table_key)])
    return list(current.select_related("table"))


@transaction.atomic
def approve_table_row(item: WorkItem, *, by: By, reason: str = "") -> Release:
    """Approve the rows with the item's key and let go on what waited. Raises NotAllowed and NotPossible."""
    require(by, Right.APPROVE_TABLES, item.legal_entity_id)
    waiting = [row for row in rows_of(item, tables_of(item)) if row.approved_at is None]
    if not waiting:
        raise NotPossible("No row of this key waits for approval any more. Load the page again.")
    for table in dict.fromkeys(row.table for row in waiting):
        tables.approve_rows(table, [row.pk for row in waiting if row.table == table], by=by, reason=reason)
    said = f"a row was approved: {waiting[0].table}: {' / '.join(item.table_key or [])}"
    return releasing.ask(item, by=by, reason=said)
