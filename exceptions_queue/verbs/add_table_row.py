"""Adding the row that a lookup table lacks, and letting go on everything that waited for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import F, Q

from exceptions_queue import releasing
from exceptions_queue.made_with import FOR_ROW
from exceptions_queue.models import Release, RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.rights import Right, require
from mappings import overlapping, tables
from mappings.models import LookupTable


@dataclass(frozen=True, slots=True)
class RowAdded:
    """What came of it: a release when the row counts at once, none while it waits for a second person."""

    table: LookupTable
    release: Release | None


def tables_of(item: WorkItem) -> list[LookupTable]:
    """Return the tables in which the item's key is looked up: the legal entity's own one before the one for all."""
    if not item.table:
        return []
    mine = Q(legal_entity_id=item.legal_entity_id) | Q(legal_entity=None)
    found = LookupTable.objects.filter(mine, name=item.table).select_related("legal_entity")
    return list(found.order_by(F("legal_entity").asc(nulls_last=True)))


def table_of(item: WorkItem) -> LookupTable | None:
    """Return the table to which the item's key is added: the first one in which it is looked up."""
    return next(iter(tables_of(item)), None)


@transaction.atomic
def add_table_row(
    item: WorkItem,
    *,
    by: By,
    values: Mapping[str, str],
    valid_from: date | None = None,
    valid_to: date | None = None,
    reason: str = "",
    seen: int | None = None,
    known: Collection[int] = (),
) -> RowAdded:
    """Add the missing row with the item's own key; `values` are texts by column.

    No row takes the place of one that is newer than `seen` and not `known`, both by their numbers; None asks nothing.
    Raises NotAllowed, mappings.tables.RowErrors with every problem of the row, and NotPossible.
    """
    require(by, Right.EDIT_TABLES, item.legal_entity_id)
    table = table_of(item)
    if table is None or not item.table_key:
        raise NotPossible("This has no table that lacks a row. Choose another remedy.")
    row = tables.NewRow(tuple(item.table_key), dict(values), valid_from, valid_to)
    if seen is not None:
        overlapping.refuse_unseen(table, [row], seen, known)
    added = tables.add_rows(table, [row], by=by, reason=reason or f"work item {item.number}")
    shown = f"{table}: {' / '.join(item.table_key)}"
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.MAPPING)
    if added.waiting:
        note(item, by=by, verb="row proposed", reason=f"{shown} waits for a second person", to=State.PENDING_APPROVAL)
        WorkItem.objects.filter(pk=item.pk).update(waiting_on=FOR_ROW)
        return RowAdded(table, None)
    return RowAdded(table, releasing.ask(item, by=by, reason=f"a row was added: {shown}", cause_gone=True))
