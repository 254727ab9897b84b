"""Exceptions that wait for a second person only because somebody has asked for one: that person cannot decide there."""

from collections.abc import Collection
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from canonical.failure import Category
from exceptions_queue.models import ApprovalRequest, RequestState, State, WorkItem
from governance.same_person import written_by

WAITED_FOR = "a second person"  # what an item waits for of which somebody has asked something of one


def alone(mine: Collection[str]) -> QuerySet[WorkItem, Any]:
    """Return the numbers of the exceptions that wait only for what these have asked; `mine` as of `counted_as`."""
    waiting = ApprovalRequest.objects.filter(state=RequestState.WAITING)
    theirs = written_by(mine, "made_by", "made_at")
    asked = waiting.filter(theirs, item__state=State.PENDING_APPROVAL, item__waiting_on=WAITED_FOR)
    others = WorkItem.objects.filter(Exists(waiting.filter(item=OuterRef("pk")).exclude(theirs)))
    found = WorkItem.objects.filter(pk__in=asked.values("item")).exclude(category=Category.APPROVAL_MISSING)
    return found.exclude(pk__in=others.values("pk")).values_list("pk", flat=True)
