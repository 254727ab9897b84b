"""The first page: for each role what it looks after, and for everybody what is open and what was read lately."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from connectors.health import Health, now_by_database
from connectors.models import Connection
from exceptions_queue import span_totals, stake
from exceptions_queue.deadlines import Deadline, deadlines
from exceptions_queue.guarded import healths
from exceptions_queue.models import State, WorkItem, WorkItemAmount, WorkItemTally
from exceptions_queue.pages.approvals import waiting_for
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.items import NEEDS_SOMEBODY, Row, rows_of
from exceptions_queue.query import kept
from governance.models import User, Version
from governance.models.version import State as VersionState
from governance.rights import Right, Role
from governance.scoping import ALL, entity_ids, grants_read_once, roles_held
from routes import shares
from routes.lanes import lanes
from routes.models import Route, Run
from routes.models.movement import RunState
from routes.route_health import MOST, route_healths

TOP = 5
RUNS = 8
LATELY = timedelta(days=7)
TILES = (  # what people act on first comes first
    State.NEW, State.TRIAGED, State.IN_PROGRESS, State.PENDING_APPROVAL, State.WAITING, State.SNOOZED,
    State.RESUBMITTED,
)  # fmt: skip
FINANCE = {Role.FINANCE, Role.CONTROLLER}
TOTALS = {Role.VIEWER, Role.CONTROLLER}


@page
def home(request: HttpRequest) -> HttpResponse:
    """Show what the person's roles look after, what is open, and the last runs. Whoever has several sees each part."""
    user = person(request)
    with grants_read_once():
        roles = set(Role) if user.is_superuser else {Role(each.role) for each in roles_held(user.pk)}
        more = _parts(request, user, roles) if roles else {}
        return render(request, "queue/home.html", context("home", roles=roles, **more))


def _parts(request: HttpRequest, user: User, roles: set[Role]) -> dict[str, Any]:
    now = now_by_database()
    administers = Role.INTEGRATION_ADMIN in roles
    found: dict[str, Any] = {
        "tiles": kept.numbers(("tiles",), user, now, lambda: _counted(tiles(user))),
        "approvals": waiting_for(user),
    }
    found["rows"], found["remarks"] = _most(user, some=any(each["items"] for each in found["tiles"]))
    if roles & FINANCE:
        found["deadlines"] = kept.numbers(("deadlines",), user, now, lambda: _held(deadlines(user, now)))
        found["stake"] = stake.stake_of("is:open", user)
    if administers:
        found |= _health(user, now)
    if Role.OPERATOR in roles:
        found["lanes"] = lanes(user)
        if not administers:
            found["systems"] = _systems(user)
    if roles & TOTALS:
        asked = request.GET.get("span", "")
        span = asked if asked in span_totals.SPANS else "week"
        found["totals"] = span_totals.span_totals(user, span, now)
        found["spans"] = [(name, title) for name, (title, _) in span_totals.SPANS.items()]
        found["columns"] = span_totals.COLUMNS.values()
    else:
        found["lately"] = _lately(user, now)
    if not administers:
        runs = _runs(user)  # a company's records may come by another's routes, whose runs are not its own
        found["runs"] = runs if runs or "totals" not in found else None
    return found


def _most(user: User, *, some: bool) -> tuple[list[Row], int]:
    """Return what needs somebody most, as lines, and how many open items have a remark for the person.

    The number comes with the lines, in one query; where there are none it is asked for by itself, if `some` are open.
    """
    remarked = WorkItem.objects.visible_to(user).open().whose("mentioned", user)
    number = remarked.order_by().annotate(one=Value(1)).values("one").annotate(n=Count("pk", distinct=True)).values("n")
    needs = WorkItem.objects.visible_to(user).filter(state__in=NEEDS_SOMEBODY).by_money()
    needs = needs.select_related("legal_entity", "connection").defer("connection__secrets")
    rows = list(needs.annotate(remarked=Subquery(number)).prefetch_related("amounts")[:TOP])
    return rows_of(rows, user), (vars(rows[0])["remarked"] or 0) if rows else remarked.count() if some else 0


def _counted(found: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return tiles with how many items they count together."""
    return found, sum(each["items"] for each in found)


def _held(found: list[Deadline]) -> tuple[list[Deadline], int]:
    """Return deadlines with how many items stand in them; one that stands in several is looked at several times."""
    return found, sum(each.causes for each in found)


def _runs(user: User) -> list[Run]:
    """Return the last run of each route that found something. At most four queries."""
    read = Run.objects.visible_to(user).exclude(state=RunState.DONE, read=0)
    last = read.order_by().values("route").annotate(last=Max("created_at")).values("last")
    runs = read.filter(created_at__in=last).select_related("route", "legal_entity")
    return shares.as_seen(list(runs.order_by("-created_at")[:RUNS]), user)


def _lately(user: User, now: datetime) -> dict[str, Any]:
    """Return what runs have read in the last days, those of which somebody sees all. At most four queries."""
    since = shares.told_whole(Run.objects.visible_to(user).filter(created_at__gte=now - LATELY), user)
    found = since.aggregate(runs=Count("pk"), read=Sum("read"), new=Sum("new"), changed=Sum("changed"))
    return {name: value or 0 for name, value in found.items()} | {"whole": entity_ids(user) is ALL}


def _systems(user: User) -> list[tuple[Connection, Health]]:
    """Return the connections with their health, what does not work first. Four queries, or five."""
    found = list(Connection.objects.visible_to(user).defer("secrets").order_by("name"))
    state = healths(found)
    order = {"bad": 0, "warn": 1}
    return sorted(((each, state[each.pk]) for each in found), key=lambda pair: order.get(pair[1].kind, 2))


def _health(user: User, now: datetime) -> dict[str, Any]:
    """Return what an integration admin looks after: systems, routes and what is not in force yet."""
    routes = route_healths(list(Route.objects.visible_to(user).select_related("legal_entity")), now)
    return {
        "systems": _systems(user),
        "routes": routes,
        "at_least": sum(each.failures for each in routes) >= MOST,
        "drafts": _drafts(user),
    }


def _drafts(user: User) -> list[tuple[str, int, str]]:
    """Return what is not in force yet: in words, how many of them, and the page where it goes on. One query."""
    rows = Version.objects.visible_to(user, Right.EDIT_CONFIGURATION).filter(kind="mapping").order_by()
    counts = dict(rows.values_list("state").annotate(number=Count("pk")))
    told = {
        VersionState.DRAFT: ("draft of a mapping", "drafts of mappings", "not sent in yet"),
        VersionState.SUBMITTED: ("version of a mapping", "versions of mappings", "waiting for a second person"),
        VersionState.APPROVED: ("approved version of a mapping", "approved versions of mappings", "not published yet"),
    }
    return [
        (f"{one if counts[state] == 1 else several}, {how}", counts[state], reverse("mappings:mappings"))
        for state, (one, several, how) in told.items()
        if counts.get(state)
    ]


def tiles(user: User) -> list[dict[str, Any]]:
    """Return items, members and sums by state, no record's money twice. Two queries, one of them over what is open."""
    found = WorkItemTally.objects.visible_to(user).order_by().values("state")
    found = found.annotate(number=Sum("items"), held=Sum("members"), unknown=Sum("items", filter=Q(worth=None)))
    counts: dict[str, dict[str, Any]] = {row["state"]: dict(row) for row in found}
    sums: dict[str, list[tuple[object, str]]] = {}
    amounts = WorkItemAmount.objects.visible_to(user).exclude(item__state=State.RESOLVED)
    rows = amounts.order_by("currency").values("item__state", "currency")
    for row in rows.annotate(total=Sum(Coalesce("once", "amount"))):
        sums.setdefault(row["item__state"], []).append((row["total"], row["currency"]))
    return [
        {
            "state": state,
            "items": counts.get(state, {}).get("number", 0),
            "members": counts.get(state, {}).get("held", 0) or 0,
            "unknown": counts.get(state, {}).get("unknown", 0) or 0,
            "sums": sums.get(state, []),
        }
        for state in TILES
    ]
