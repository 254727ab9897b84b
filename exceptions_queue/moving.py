"""Changing an item's state, always with its line of history in the same commit."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from canonical.failure import Category
from exceptions_queue.models import Resolution, State, WorkItem, WorkItemEvent
from governance.actor import By, as_actor

REST: dict[str, Any] = {"came_from": "", "wakes_at": None, "wakes_above": None, "wakes_above_amount": None}
ASIDE = (State.SNOOZED, State.WAITING)


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
    What waits for a second person's consent waits for that as long as it holds anything, whatever is done with some of
    it. Whatever else is done with what was put aside ends its rest.
    """
    row = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    was, now = row.state, timezone.now()
    if to is not None and row.is_open:
        row.state = was if to == State.IN_PROGRESS and waits_for_consent(row) else to
        if resolution is not None:
            row.resolution, row.resolved_by, row.resolved_at = resolution, as_actor(by).reference, now
        row.save(update_fields=["state", "resolution", "resolved_by", "resolved_at", *rested(row)])
    event_of(row, by=by, verb=verb, at=now, frm=was, reason=reason).save()
    return row


def waits_for_consent(row: WorkItem) -> bool:
    """Return whether what an item holds is held until a second person approves it. One query at most."""
    waits = row.state == State.PENDING_APPROVAL and row.category == Category.APPROVAL_MISSING and not row.table
    return waits and row.failures().exists()


def rested(row: WorkItem) -> list[str]:
    """Let nothing wake an item that has gone on from its rest; return the fields that are to be saved for that."""
    if row.wakes_at is None or row.state in ASIDE:
        return []
    clear(row)
    return ["waiting_on", *REST]


def clear(row: WorkItem) -> None:
    """Let nothing wake an item any more."""
    row.waiting_on = ""
    for name, value in REST.items():
        setattr(row, name, value)
