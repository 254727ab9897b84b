"""Changing an item's state, always with its line of history in the same commit."""

from datetime import datetime

from django.utils import timezone

from exceptions_queue.models import Resolution, State, WorkItem, WorkItemEvent
from governance.actor import By, as_actor


def event_of(item: WorkItem, *, by: By, verb: str, at: datetime, frm: str, reason: str) -> WorkItemEvent:
    """Return a line of history that is not written yet; the item stands already where it went."""
    actor = as_actor(by)
    return WorkItemEvent(
        item=item, at=at, actor_kind=actor.kind.value, actor_id=actor.id, actor_name=actor.name[:200], verb=verb,
        from_state=frm, to_state=item.state, reason=reason,
    )  # fmt: skip


def note(
    item: WorkItem, *, by: By, verb: str, reason: str, to: State | None = None, resolution: Resolution | None = None
) -> WorkItem:
    """Write down what somebody did to an item, and move it when `to` is given; return the item as it stands now.

    To be resolved it needs the resolution. A resolved item keeps its state: only a recurrence, or `reopen`, opens it.
    """
    row = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    was, now = row.state, timezone.now()
    if to is not None and row.is_open:
        row.state = to
        if resolution is not None:
            row.resolution, row.resolved_by, row.resolved_at = resolution, as_actor(by).reference, now
        row.save(update_fields=["state", "resolution", "resolved_by", "resolved_at"])
    event_of(row, by=by, verb=verb, at=now, frm=was, reason=reason).save()
    return row
