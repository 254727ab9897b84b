"""The first page, for each role what it acts on: money stuck, systems and routes, lanes, totals; and the last runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from connectors.health import Health, healths, now_by_database
from connectors.models import Connection
from exceptions_queue.models import State, WorkItem, WorkItemAmount
from exceptions_queue.pages.approvals import waiting_for
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.items import rows_of
from governance.models import User
from governance.rights import Right, allowed_anywhere
from routes.backlog import backlogs
from routes.models import Run
from routes.models.movement import RunState

TOP = 5
RUNS = 8
LATELY = timedelta(days=7)
TILES = (  # what people act on first comes first
    State.NEW, State.IN_PROGRESS, State.PENDING_APPROVAL, State.WAITING, State.RESUBMITTED,
)  # fmt: skip


@page
def home(request: HttpRequest) -> HttpResponse:
    """Show the totals, the items with the most at stake, the last runs, and what the person's roles look after."""
    user = person(request)
    needs = WorkItem.objects.visible_to(user).open().exclude(state__in=[State.WAITING, State.RESUBMITTED])
    read = Run.objects.visible_to(user).exclude(state=RunState.DONE, read=0)
    last = read.order_by().values("route").annotate(last=Max("created_at")).values("last")
    runs = read.filter(created_at__in=last).select_related("route", "legal_entity")
    steers = allowed_anywhere(user, Right.OPERATE)
    return render(
        request,
        "queue/home.html",
        context(
            "home",
            tiles=tiles(user),
            approvals=waiting_for(user),
            rows=rows_of(list(needs.by_money().select_related("legal_entity").prefetch_related("amounts")[:TOP]), user),
            runs=runs.order_by("-created_at")[:RUNS],
            lately=_lately(user),
            systems=_systems(user) if steers else None,
            lanes=_lanes(user) if steers else None,
        ),
    )


def _lately(user: User) -> dict[str, Any]:
    """Return what runs have read in the last days. One query."""
    since = Run.objects.visible_to(user).filter(created_at__gte=now_by_database() - LATELY)
    found = since.aggregate(runs=Count("pk"), read=Sum("read"), new=Sum("new"), changed=Sum("changed"))
    return {name: value or 0 for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class Systems:
    """How many connections work, and those that do not."""

    working: int
    troubled: list[tuple[Connection, Health]]


def _systems(user: User) -> Systems:
    found = list(Connection.objects.visible_to(user).defer("secrets").order_by("name"))
    state = healths(found)
    troubled = [(each, state[each.pk]) for each in found if not state[each.pk].works]
    return Systems(len(found) - len(troubled), troubled)


@dataclass(slots=True)
class Lag:
    """How much waits in a lane, and since when."""

    name: str
    due: int = 0
    more: bool = False
    since: datetime | None = None


def _lanes(user: User) -> list[Lag]:
    found: dict[str, Lag] = {}
    for each in backlogs(Connection.objects.visible_to(user).values_list("pk", flat=True)):
        lag = found.setdefault(each.lane, Lag(each.lane))
        lag.due += each.due
        lag.more |= each.more
        lag.since = min((moment for moment in (lag.since, each.since) if moment), default=None)
    return sorted(found.values(), key=lambda lag: lag.name)


def tiles(user: User) -> list[dict[str, object]]:
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
