"""Connections: whether each works, what waits for it, and pausing it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from connectors.health import Health, now_by_database, paces
from connectors.manifest.model import Manifest
from connectors.models import Connection
from connectors.registry import registry
from exceptions_queue.guarded import healths
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.items import rows_of
from exceptions_queue.permitted import rights_in
from governance.history import of_things
from governance.models import AuditEntry, User
from governance.rights import Right, allowed, allowed_anywhere, opens_administration
from routes import pausing_by_hand
from routes.backlog import Backlog, backlogs
from routes.models import Destination, Exchange, Route
from routes.partitions import first_id

ITEMS = 10
TROUBLES = 20  # exchanges that did not go well, in the history
HISTORY = timedelta(days=7)
BRIEF = ("method", "status")  # of an exchange, which name nobody's records
WHOLE = (*BRIEF, "url", "error")


@dataclass(frozen=True, slots=True)
class Line:
    """One connection of the list."""

    connection: Connection
    title: str  # of its connector
    health: Health
    due: int
    since: datetime | None
    more: bool


class ReasonForm(forms.Form):
    """Why a connection is paused."""

    reason = forms.CharField(
        max_length=pausing_by_hand.LONGEST, label="Why", help_text="Shown to everybody whose work waits for it."
    )


@page
def connections(request: HttpRequest) -> HttpResponse:
    """List the connections with their health, what does not work first."""
    user = person(request)
    found = list(Connection.objects.visible_to(user).select_related("legal_entity").defer("secrets").order_by("name"))
    state = healths(found)
    waiting: dict[int, list[Backlog]] = {}
    for each in backlogs(c.pk for c in found):
        waiting.setdefault(each.connection, []).append(each)
    lines = [_line(each, state[each.pk], waiting.get(each.pk, [])) for each in found]
    order = {"bad": 0, "warn": 1, "good": 2}
    lines.sort(key=lambda line: (order[line.health.kind], line.connection.name))
    adds = opens_administration(user) and allowed_anywhere(user, Right.EDIT_CONFIGURATION)
    return render(request, "hub/connections.html", context("connections", lines=lines, adds=adds))


def _line(each: Connection, health: Health, waiting: list[Backlog]) -> Line:
    since = min((one.since for one in waiting if one.since), default=None)
    title = registry.connectors[each.connector].manifest.title if each.connector in registry.connectors else ""
    due = sum(one.due for one in waiting)
    return Line(each, title, health, due, since, any(one.more for one in waiting))


@page
def connection(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one connection: health, pace, windows, what waits for it, and what went wrong lately."""
    return _shown(request, _visible(request, slug), ReasonForm())


def _visible(request: HttpRequest, slug: str) -> Connection:
    found = Connection.objects.visible_to(person(request)).select_related("legal_entity").defer("secrets")
    return get_object_or_404(found, slug=slug)


def _shown(request: HttpRequest, row: Connection, form: ReasonForm, *, status: int = 200) -> HttpResponse:
    user, now = person(request), now_by_database()
    known = row.connector in registry.connectors
    manifest = registry.connector(row.connector).manifest if known else None
    items = WorkItem.objects.visible_to(user).open().filter(connection=row).by_money()
    items = items.select_related("legal_entity", "connection").defer("connection__secrets").prefetch_related("amounts")
    more = context(
        "connections",
        connection=row,
        manifest=manifest,
        health=healths([row])[row.pk],
        paused=_pause_of(row),
        now=now,
        paces=paces(row, now),
        windows=row.windows.all(),
        backlogs=[(each.lane, each) for each in backlogs([row.pk])],
        items=rows_of(list(items[:ITEMS]), user),
        routes=Route.objects.visible_to(user).filter(connection=row).order_by("name"),
        destinations=_destinations(row, user),
        promises=_promises(manifest),
        troubles=_troubles(row, user, now),
        operates=allowed(user, Right.OPERATE, row.legal_entity_id),
        configures=allowed(user, Right.EDIT_CONFIGURATION, row.legal_entity_id),
        form=form,
    )
    return render(request, "hub/connection.html", more, status=status)


def _pause_of(row: Connection) -> AuditEntry | None:
    """Return who paused it by hand and when; None where it goes. One query where it is paused."""
    things = [(row._meta.label_lower, str(row.pk))]
    return of_things(things).filter(verb="pause").first() if row.paused else None


def _destinations(row: Connection, user: User) -> list[Destination]:
    routes = Route.objects.visible_to(user).values("pk")
    return list(
        Destination.objects.filter(connection=row, route__in=routes).select_related("route").order_by("route__name")
    )


def _promises(manifest: Manifest | None) -> list[tuple[str, str]]:
    """Return what each write stream's target lets the hub promise, in the connector's words."""
    streams = manifest.streams.values() if manifest else ()
    return [(stream.title, stream.write.guarantee) for stream in streams if stream.write is not None]


def _troubles(row: Connection, user: User, now: datetime) -> list[dict[str, Any]]:
    """Return the last exchanges that did not go well, for those who see technical details. One query.

    Records of several companies may go through one connection, and an address or an answer may name them: those are
    for who sees technical details of all companies. The index is that of ids, which begin with the time at which they
    were made: a week of all connections is looked at.
    """
    if not allowed(user, Right.SEE_TECHNICAL, row.legal_entity_id):
        return []
    since = Exchange.objects.filter(connection=row, id__gte=first_id((now - HISTORY).date()), at__gte=now - HISTORY)
    kept = since.order_by("-id")[:TROUBLES]
    told = WHOLE if Right.SEE_TECHNICAL in rights_in(user, None) else BRIEF
    return [{"at": each.at, **{name: each.body.get(name) for name in told}} for each in kept]


@require_POST
@page
def pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Pause a connection."""
    row, form = _visible(request, slug), ReasonForm(request.POST)
    if not form.is_valid():
        return _shown(request, row, form, status=422)
    try:
        pausing_by_hand.pause(row, reason=form.cleaned_data["reason"], by=person(request))
    except ValueError as error:
        form.add_error(None, str(error))
        return _shown(request, _visible(request, slug), form, status=409)
    messages.success(request, f"{row.name} is paused. What comes for it waits, in order.")
    return redirect(reverse("hub:connection", args=[slug]))


@require_POST
@page
def resume(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a paused connection go on."""
    row = _visible(request, slug)
    try:
        pausing_by_hand.resume(row, reason="", by=person(request))
        messages.success(request, f"{row.name} goes on.")
    except ValueError as error:
        messages.error(request, str(error))
    return redirect(reverse("hub:connection", args=[slug]))


@require_POST
@page
def probe(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a connection that the hub leaves alone be tried now."""
    row = _visible(request, slug)
    try:
        pausing_by_hand.try_again(row, by=person(request))
        messages.success(request, f"{row.name} is tried now. This page says how it went when you load it again.")
    except ValueError as error:
        messages.error(request, str(error))
    return redirect(reverse("hub:connection", args=[slug]))
