"""Giving back to who works on it what waited for a table row that was refused, wherever that was."""

from collections.abc import Sequence

from django.db import connection

from exceptions_queue.asked_by import WAITED_FOR
from exceptions_queue.made_with import FOR_ROW, READ, SAMPLE
from exceptions_queue.models import RequestState, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.add_table_row import tables_of
from governance.actor import By
from mappings.models import LookupTable, TableRow

Key = tuple[int, tuple[str, ...]]  # table, key of a row


def take_back(table: LookupTable, keys: Sequence[tuple[str, ...]], *, by: By, reason: str) -> list[WorkItem]:
    """Return the items that waited for rows with these keys and go on in progress: nothing of theirs waits any more.

    One of which somebody has asked something else of a second person waits for that. A few queries an item: few wait
    for approvals at a time.
    """
    gone: set[Key] = {(table.pk, key) for key in keys}
    taken = []
    waiting = WorkItem.objects.select_for_update(of=("self",)).filter(state=State.PENDING_APPROVAL, waiting_on=FOR_ROW)
    for item in waiting.order_by("pk"):
        waited_for = _keys(item, table)
        if not waited_for & gone or _wait(waited_for):
            continue
        asked = item.approval_requests.filter(state=RequestState.WAITING).exists()
        WorkItem.objects.filter(pk=item.pk).update(waiting_on=WAITED_FOR if asked else "")
        taken.append(note(item, by=by, verb="row refused", reason=reason, to=None if asked else State.IN_PROGRESS))
    return taken


def _keys(item: WorkItem, table: LookupTable) -> set[Key]:
    """Return the keys whose rows an item waits for: its own, or those that its members were made with."""
    if item.table_key:
        theirs = item.table == table.name and table.legal_entity_id in (None, item.legal_entity_id)
        among = {table.pk, *(each.pk for each in tables_of(item))} if theirs else set()
        return {(each, tuple(item.table_key)) for each in among}
    with connection.cursor() as cursor:
        cursor.execute(READ, [item.fingerprint, item.own_part, item.own_part, SAMPLE])
        read = [row for row, _ in cursor.fetchall()]
    return {(row.table_id, row.words) for row in TableRow.objects.filter(pk__in=read)}


def _wait(keys: set[Key]) -> bool:
    """Return whether a row with one of the keys waits still."""
    rows = TableRow.objects.waiting().with_keys([words for _, words in keys])
    return any((row.table_id, row.words) in keys for row in rows)
