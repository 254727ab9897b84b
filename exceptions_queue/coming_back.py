"""Bringing back into the list what was sent through again and holds something that did not go.

What cannot be read, is in doubt, or waits behind another version stays as it was when its item is sent through again.
Such an item is somebody's: "sent again" it would be in nobody's list, and could not be split, merged or put aside.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from exceptions_queue import words
from exceptions_queue.asked_by import WAITED_FOR
from exceptions_queue.intake import first_state
from exceptions_queue.models import ApprovalRequest, Release, RequestState, State, WorkItem, WorkItemEvent
from exceptions_queue.moving import event_of
from governance.actor import ENGINE
from routes.models import Failure

LIMIT = 500
WHY = (
    "stayed: what cannot be read, is in doubt, waits behind another version, or for a second person whom somebody has "
    "asked, does not go by that"
)


def sweep() -> int:
    """Bring back what is sent again, holds something and is on its way no more; return how many. Few queries."""
    with transaction.atomic():
        under_way = Release.objects.filter(item=OuterRef("pk"), done_at=None)
        rows = WorkItem.objects.select_for_update(of=("self",), skip_locked=True).filter(
            ~Exists(under_way), state=State.RESUBMITTED, members__gt=0
        )
        return bring(list(rows.order_by("pk")[:LIMIT]))


def bring(items: Sequence[WorkItem]) -> int:
    """Bring those of these locked items back that are sent again and still hold what they held; return how many.

    What has stopped anew since is not counted: the taking in tells of that.
    """
    sent = {item.fingerprint: item for item in items if item.state == State.RESUBMITTED}
    if not sent:
        return 0
    held = Failure.objects.filter(fingerprint__in=sent, closed_at=None, taken=True)
    asked = set(
        ApprovalRequest.objects.filter(item__in=items, state=RequestState.WAITING).values_list("item", flat=True)
    )
    counted = dict(held.values_list("fingerprint").annotate(number=Count("*")))
    events = []
    for cause, number in counted.items():
        item = sent[cause]
        was = item.state
        item.state, item.waiting_on = first_state(item)
        if item.pk in asked:
            item.state, item.waiting_on = State.PENDING_APPROVAL, WAITED_FOR
        item.state = State.IN_PROGRESS if item.state == State.NEW else item.state
        item.save(update_fields=["state", "waiting_on"])
        reason = f"{words.counted(number, item.entity)} {WHY}"
        events.append(event_of(item, by=ENGINE, verb="came back", at=timezone.now(), frm=was, reason=reason))
    WorkItemEvent.objects.bulk_create(events)
    return len(events)
