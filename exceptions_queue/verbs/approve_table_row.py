"""Giving the second person's consent to table rows that an item waits for."""

from collections.abc import Collection, Sequence

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.made_with import ReadRow, rows_read
from exceptions_queue.models import Release, State, WorkItem
from exceptions_queue.verbs.add_table_row import tables_of
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.rights import Right, require
from mappings import tables
from mappings.models import LookupTable, TableRow


def rows_of(item: WorkItem, among: Sequence[LookupTable], read: Sequence[ReadRow]) -> list[TableRow]:
    """Return the rows with the item's key that count or wait for a second person; without a key, those that wait.

    Those wait in the place of `read`, the rows that members were made with. One query.
    """
    current = TableRow.objects.filter(recorded_to=None).select_related("table__legal_entity")
    if among and item.table_key:
        return list(current.filter(table__in=among).with_keys([tuple(item.table_key)]))
    if item.state != State.PENDING_APPROVAL:
        return []
    old = {(each.row.table_id, each.row.words) for each in read}
    found = current.waiting().filter(table__in=[table for table, _ in old]).with_keys([words for _, words in old])
    return [row for row in found if (row.table_id, row.words) in old]


def rows_waiting(item: WorkItem) -> list[TableRow]:
    """Return the rows that an item waits for, and they for a second person."""
    read = rows_read(item) if item.state == State.PENDING_APPROVAL else []
    return [row for row in rows_of(item, tables_of(item), read) if row.approved_at is None]


def by_table(rows: list[TableRow]) -> list[tuple[LookupTable, list[int]]]:
    """Return the ids of rows, table by table."""
    found: dict[int, tuple[LookupTable, list[int]]] = {}
    for row in rows:
        found.setdefault(row.table_id, (row.table, []))[1].append(row.pk)
    return list(found.values())


def rows_decided(item: WorkItem, shown: Collection[int] | None) -> list[TableRow]:
    """Return the rows that somebody decides about, who saw those with the ids `shown`; None where nobody looked.

    Raises NotPossible when none waits, or others do than were shown: what nobody saw nobody decides.
    """
    rows = rows_waiting(item)
    if not rows:
        raise NotPossible("No proposed row waits any more. Load the page again.")
    if shown is not None and {row.pk for row in rows} != set(shown):
        raise NotPossible("Other rows are proposed by now than those you saw. Load the page again and look at them.")
    return rows


@transaction.atomic
def approve_table_row(item: WorkItem, *, by: By, reason: str = "", rows: Collection[int] | None = None) -> Release:
    """Approve the proposed rows and let go on what waited; `rows` are the ids of those that were seen.

    Raises NotAllowed and NotPossible.
    """
    require(by, Right.APPROVE_TABLES, item.legal_entity_id)
    decided = rows_decided(item, rows)
    for table, ids in by_table(decided):
        tables.approve_rows(table, ids, by=by, reason=reason)
    shown = "; ".join(f"{row.table}: {row}" for row in decided)
    return releasing.ask(item, by=by, reason=f"a row was approved: {shown}", cause_gone=True)
