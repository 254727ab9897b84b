"""The first page: what waits for people, what it amounts to, and the last run of each route."""

from typing import Any

from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from exceptions_queue.models import State, WorkItem, WorkItemAmount
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.items import rows_of
from governance.models import User
from routes.models import Run
from routes.models.movement import RunState

TOP = 5
RUNS = 8
TILES = (  # what people act on first comes first
    State.NEW, State.IN_PROGRESS, State.PENDING_APPROVAL, State.WAITING, State.RESUBMITTED,
)  # fmt: skip


@page
def home(request: HttpRequest) -> HttpResponse:
    """Show totals by state, the items with the most at stake, and the last runs."""
    user = person(request)
    needs = WorkItem.objects.visible_to(user).open().exclude(state__in=[State.WAITING, State.RESUBMITTED])
    read = Run.objects.visible_to(user).exclude(state=RunState.DONE, read=0)
    last = read.order_by().values("route").annotate(last=Max("created_at")).values("last")
    runs = read.filter(created_at__in=last).select_related("route", "legal_entity")
    return render(
        request,
        "queue/home.html",
        context(
            "home",
            tiles=_tiles(user),
            rows=rows_of(list(needs.by_money().select_related("legal_entity").prefetch_related("amounts")[:TOP]), user),
            runs=runs.order_by("-created_at")[:RUNS],
        ),
    )


def _tiles(user: User) -> list[dict[str, object]]:
    """Return items, members and sums by state. Two queries over the open items."""
    open_ = WorkItem.objects.visible_to(user).open()
    found = open_.order_by().values("state")
    found = found.annotate(items=Count("pk"), held=Sum("members"), known=Count("amount"))
    counts: dict[str, dict[str, Any]] = {row["state"]: dict(row) for row in found}
    sums: dict[str, list[tuple[object, str]]] = {}
    amounts = WorkItemAmount.objects.visible_to(user).exclude(item__state=State.RESOLVED)
    for row in amounts.order_by("currency").values("item__state", "currency").annotate(total=Sum("amount")):
        sums.setdefault(row["item__state"], []).append((row["total"], row["currency"]))
    return [
        {
            "state": state,
            "items": counts.get(state, {}).get("items", 0),
            "members": counts.get(state, {}).get("held", 0) or 0,
            "unknown": counts.get(state, {}).get("items", 0) - counts.get(state, {}).get("known", 0),
            "sums": sums.get(state, []),
        }
        for state in TILES
    ]
