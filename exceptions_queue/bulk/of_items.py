"""What would become of whole items: what is done with them fits or does not, and nothing is tried."""

from collections.abc import Sequence

from django.db import connection

from canonical.failure import Category
from exceptions_queue import handling
from exceptions_queue.bulk.choices import Choice
from exceptions_queue.bulk.fact import Fact, Said
from exceptions_queue.models import Outcome, WorkItem
from routes import unforeseen

SYSTEM = (Category.OUTAGE, Category.CREDENTIALS)
NO_REST = "it waits already, is on its way, or is resolved"
NOT_SO = {  # why an item does not fit, by choice
    "assignments": "it is resolved", "returns": "nobody has taken it", "routings": "it is resolved",
    "priorities": "it is resolved", "priority-returns": "nobody has set its priority, or it is resolved",
    "resumptions": "it is not put aside",
    "waits": NO_REST, "rests": NO_REST,
    "closures": "it still holds something, or is closed already", "reopenings": "it is open already",
    "tries": "nothing of it waits for its time", "probes": "no system is at fault",
    "readings": "no run was stopped by it",
}  # fmt: skip


def said_of(choice: Choice, facts: Sequence[Fact]) -> dict[int, Said]:
    """Say of each item whether what is chosen fits it. At most two queries."""
    items = WorkItem.objects.in_bulk([fact.item for fact in facts])
    recorded = _with_records(list(items)) if choice.name == "readings" else set()
    return {
        fact.id: Said(Outcome.WILL)
        if _fits(choice.name, items[fact.item], recorded)
        else Said(Outcome.IMPOSSIBLE, NOT_SO[choice.name])
        for fact in facts
    }


def _fits(name: str, item: WorkItem, recorded: set[int]) -> bool:
    if name == "tries":
        return item.is_open and unforeseen.is_tried_again(item.category, item.rule)
    if name == "probes":
        return item.is_open and item.category in SYSTEM and item.connection_id is not None
    if name == "readings":
        others = (*SYSTEM, Category.APPROVAL_MISSING)
        if unforeseen.is_tried_again(item.category, item.rule):
            return False
        return item.is_open and item.number not in recorded and item.category not in others
    way = handling.by_name(name)
    return way is None or way.makes_sense(item)


def _with_records(items: list[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT i.number FROM exceptions_queue_workitem i JOIN routes_failure f"
            " ON f.fingerprint = i.fingerprint AND f.closed_at IS NULL AND f.record_id IS NOT NULL"
            " WHERE i.number = ANY(%s)",
            [items],
        )
        return {number for (number,) in cursor.fetchall()}
