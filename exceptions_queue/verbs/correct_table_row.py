"""Correcting a row of a lookup table that an item's members were made with, and sending them again."""

from collections.abc import Mapping
from datetime import date

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.made_with import FOR_ROW, rows_read
from exceptions_queue.models import Release, RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, need_reason
from governance.actor import By
from governance.rights import Right, require
from mappings import tables


@transaction.atomic
def correct_table_row(
    item: WorkItem,
    *,
    by: By,
    row: int,
    values: Mapping[str, str],
    valid_from: date | None = None,
    valid_to: date | None = None,
    reason: str,
) -> Release | None:
    """Put a new row in the place of one that members were made with; None while it waits for a second person.

    Raises NotAllowed, mappings.tables.RowErrors with every problem of the row, and NotPossible.
    """
    require(by, Right.EDIT_TABLES, item.legal_entity_id)
    reason = need_reason(reason, "Correcting a row")
    wrong = next((read.row for read in rows_read(item) if read.row.pk == row), None)
    if wrong is None:
        raise NotPossible("This row is not in force any more, or nothing here was made with it. Load the page again.")
    new = tables.NewRow(wrong.words, dict(values), valid_from, valid_to)
    added = tables.add_rows(wrong.table, [new], by=by, reason=reason)
    shown = f"{wrong.table}: {wrong}"
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.MAPPING)
    if added.waiting:
        note(item, by=by, verb="row proposed", reason=f"{shown} waits for a second person", to=State.PENDING_APPROVAL)
        WorkItem.objects.filter(pk=item.pk).update(waiting_on=FOR_ROW)
        return None
    return releasing.ask(item, by=by, reason=f"a row was corrected: {shown}", cause_gone=True)
