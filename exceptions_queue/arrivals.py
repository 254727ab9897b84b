"""What was missing has come by another way: a row was added to a table in the admin, by an import, by an approval."""

from typing import Any

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.models import Release, WorkItem
from exceptions_queue.tasks import nudge_release
from governance.actor import ENGINE
from mappings.models import LookupTable

CHUNK = 500


def on_rows(*, table: LookupTable, keys: list[tuple[str, ...]], **more: Any) -> None:
    """Let go on what waited for these keys, unless a remedy of the queue has seen to it in the same commit."""
    for start in range(0, len(keys), CHUNK):
        wanted = [list(key) for key in keys[start : start + CHUNK]]
        with transaction.atomic():
            items = WorkItem.objects.open().filter(table=table.name, table_key__in=wanted, members__gt=0)
            if table.legal_entity_id:
                items = items.filter(legal_entity_id=table.legal_entity_id)
            at_it = Release.objects.filter(done_at=None).values("item_id")
            for item in items.exclude(pk__in=at_it):
                shown = f"{table}: {' / '.join(item.table_key or [])}"
                nudge_release(releasing.ask(item, by=ENGINE, reason=f"a row was added: {shown}").pk)
