"""Taking an item: from now on it is somebody's."""

from django.db import transaction

from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from governance import audit
from governance.actor import By, as_actor
from governance.rights import Right, require


@transaction.atomic
def take(item: WorkItem, *, by: By) -> WorkItem:
    """Make somebody the one who works on an item. Raises NotAllowed."""
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    actor = as_actor(by)
    to = State.IN_PROGRESS if item.state in (State.NEW, State.TRIAGED) else None
    row = note(item, by=by, verb="taken", reason=f"{actor.name} works on it", to=to)
    before, row.assignee = row.assignee, actor.reference
    row.save(update_fields=["assignee"])
    audit.record(
        by=by, verb="take", thing=row, before={"assignee": before}, after={"assignee": row.assignee},
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return row
