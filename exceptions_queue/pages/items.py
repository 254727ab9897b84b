"""The list of work items: the most money first, a page by key, never counted."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from canonical.failure import CATEGORIES, Category
from exceptions_queue import words
from exceptions_queue.models import State, WorkItem
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.permitted import masks_by_entity
from governance.models import User
from governance.rights import entities_visible_to

SIZE = 50
VIEWS = {  # the tabs: name in the address → title and which items
    "work": ("Needs somebody", [State.NEW, State.TRIAGED, State.IN_PROGRESS, State.PENDING_APPROVAL]),
    "waiting": ("Waiting", [State.WAITING]),
    "sent": ("Sent again", [State.RESUBMITTED]),
    "resolved": ("Resolved", [State.RESOLVED]),
}
EMPTY = {  # what a tab says when nothing is in it
    "work": "Nothing needs anybody. That is good news.",
    "waiting": "Nothing waits for anything.",
    "sent": "Nothing that was sent again is still on its way.",
    "resolved": "Nothing has been resolved yet.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, in words that this person may read."""

    item: WorkItem
    title: str
    about: str
    kind: str
    waits_for: str


@page
def items(request: HttpRequest) -> HttpResponse:
    """Show one tab of the list, narrowed by legal entity, kind and state."""
    user = person(request)
    tab = request.GET.get("show", "work")
    if tab not in VIEWS:
        raise Http404("There is no such list.")
    chosen = {name: request.GET.get(name, "") for name in ("entity", "kind", "state")}
    narrowed = any(chosen.values())
    found = _narrowed(request, WorkItem.objects.visible_to(user).filter(state__in=VIEWS[tab][1]))
    shown, after = _page(found, request.GET.get("after", ""), resolved=tab == "resolved")
    return render(
        request,
        "queue/items.html",
        context(
            "queue",
            tabs=[(name, title) for name, (title, _) in VIEWS.items()],
            tab=tab,
            tab_title=VIEWS[tab][0],
            rows=rows_of(shown, user),
            after=after,
            entities=entities_visible_to(user),
            empty="Nothing fits what you chose. Show all, to see the rest." if narrowed else EMPTY[tab],
            categories=[(c.value, CATEGORIES[c].title) for c in Category],
            chosen=chosen,
        ),
    )


def _narrowed(request: HttpRequest, found: WorkItemQuerySet) -> WorkItemQuerySet:
    if entity := request.GET.get("entity"):
        found = found.filter(legal_entity__code=entity)
    if kind := request.GET.get("kind"):
        found = found.filter(category=kind)
    if (state := request.GET.get("state")) in State.values:
        found = found.filter(state=state)
    return found.select_related("legal_entity").prefetch_related("amounts")


def rows_of(found: list[WorkItem], user: User) -> list[Row]:
    """Return lines for items; what the person may not see is told by its kind. One query more."""
    seen = masks_by_entity(user, {i.legal_entity_id for i in found})
    return [
        Row(
            item,
            words.title_for(item, seen[item.legal_entity_id]),
            words.about_for(item, seen[item.legal_entity_id]),
            words.kind_of(item).title,
            words.without_persons(item.waiting_on, item, seen[item.legal_entity_id]),
        )
        for item in found
    ]


def _page(found: WorkItemQuerySet, after: str, *, resolved: bool) -> tuple[list[WorkItem], str]:
    """Return a page and the key of the next one, "" at the end."""
    key = _key(after) if after else None
    if resolved:
        ordered = found.order_by("-resolved_at", "-number")
        if key:
            ordered = ordered.filter(Q(resolved_at__lt=key[1]) | Q(resolved_at=key[1], number__lt=key[2]))
    else:
        ordered = found.by_money()
        if key:
            ordered = ordered.filter(_beyond(*key))
    shown = list(ordered[: SIZE + 1])
    more = len(shown) > SIZE
    shown = shown[:SIZE]
    return shown, _after(shown[-1], resolved) if more else ""


def _beyond(amount: Decimal | None, first_seen: datetime, number: int) -> Q:
    """Return what comes after a row in the order of money: unknown amounts first, then the largest, then the oldest."""
    later = Q(first_seen__gt=first_seen) | Q(first_seen=first_seen, number__gt=number)
    if amount is None:
        return Q(amount__isnull=True) & later | Q(amount__isnull=False)
    return Q(amount__lt=amount) | Q(amount=amount) & later


def _after(item: WorkItem, resolved: bool) -> str:
    moment = item.resolved_at if resolved else item.first_seen
    key = [None if item.amount is None else str(item.amount), moment.isoformat() if moment else "", item.number]
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def _key(after: str) -> tuple[Decimal | None, datetime, int]:
    try:
        given: list[Any] = msgspec.json.decode(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        amount, moment, number = given
        return None if amount is None else Decimal(amount), datetime.fromisoformat(moment), int(number)
    except (binascii.Error, ValueError, TypeError, InvalidOperation) as error:
        raise Http404("This page of the list is no longer known. Begin at its first page.") from error
