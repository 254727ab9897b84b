"""Process API: routes, their runs, and asking for one."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Prefetch
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import forms, paging, parameters
from governance.api.door import Door, person
from governance.api.leaving import Leaving
from governance.api.refusals import INVALID_BODY, NOT_POSSIBLE, FieldError, Refused, not_there
from governance.api.told import told
from governance.models import User
from governance.rights import Right, require
from governance.scoping import EntityScopedQuerySet
from routes import runs, spans
from routes.api import shapes
from routes.filters import RouteFilter, RunFilter
from routes.models import Destination, Route, Run
from routes.unseen import Unseen

ROUTE = {
    "slug": "time-to-erp", "name": "Approved time from Harvest to NetSuite", "legal_entity": "HP-DE",
    "source": "stream", "connection": "harvest", "stream": "time_entries", "entity": "time_entry",
    "mapping": "harvest.time_entries", "lane": "intake", "enabled": True,
    "destinations": [{"name": "NetSuite", "connection": "netsuite", "stream": "time_entries",
                      "mapping": "netsuite.time_entries", "condition": 'approval_status = "approved"',
                      "condition_name": "approved time", "correction": "update", "lane": "posting", "enabled": True}],
}  # fmt: skip
RUN = {
    "id": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f", "route": "time-to-erp", "legal_entity": "HP-DE", "state": "waiting",
    "trigger": "api", "requested_by": "Ingrid Solheim", "created_at": "2026-10-05T16:30:00Z", "started_at": None,
    "ended_at": None, "window_from": None, "window_to": None, "holds_more": False, "read": 0, "new": 0, "changed": 0,
    "unchanged": 0, "unreadable": 0, "message": "",
}  # fmt: skip


LIST_OF_ROUTE = Leaving(
    since=datetime(2026, 12, 1, tzinfo=UTC), until=datetime(2027, 6, 1, tzinfo=UTC), instead="/api/process/v1/runs"
)


WINDOWS = "first and last day of what the stream reads by days"


class RunRequest(forms.Form):
    """What a run should read: what is new, or for a backfill the days of a window."""

    window_from = forms.Day(required=False, allow_null=True, help_text="first day; only together with the last")
    window_to = forms.Day(required=False, allow_null=True, help_text="last day")
    compares = forms.Yes(required=False, default=False, help_text="also look for what has vanished in the window")
    from_start = forms.Yes(
        required=False,
        default=False,
        help_text="read all that the source has, also what was read before",
    )

    def validate(self, attrs: Any) -> Any:
        """Refuse half a window, one that ends before it begins, and a comparison without one."""
        first, last = attrs.get("window_from"), attrs.get("window_to")
        if (first is None) != (last is None):
            raise serializers.ValidationError({"window_to": ["A window has a first and a last day; give both."]})
        if first and last and first > last:
            raise serializers.ValidationError({"window_to": ["The last day lies before the first."]})
        if attrs["compares"] and first is None:
            raise serializers.ValidationError({"compares": ["Vanished records are looked for in a window; give one."]})
        if attrs["from_start"] and first is not None:
            raise serializers.ValidationError({"from_start": ["It reads days or from the start; leave one out."]})
        return attrs


class RoutesDoor(Door):
    """The routes."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*RouteFilter.base_filters, *paging.NAMES)

    @told(shapes.RouteShape, filters=RouteFilter, paged=True, sample={"items": [ROUTE], "next": None})
    def get(self, request: Request) -> Response:
        """List routes, by their short names."""
        rows = parameters.filtered(request, RouteFilter, _routes(person(request)))
        unseen = Unseen(person(request))
        return paging.page(request, rows, ["slug"], lambda found: [shapes.route(row, unseen) for row in found])


class RouteDoor(Door):
    """One route."""

    layer = "process"

    @told(shapes.RouteShape, sample=ROUTE)
    def get(self, request: Request, slug: str) -> Response:
        """Show a route with its destinations."""
        return Response(shapes.route(route_of(person(request), slug), Unseen(person(request))))


class RouteRunsDoor(Door):
    """The runs of a route."""

    layer = "process"
    leaving = {"GET": LIST_OF_ROUTE}

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return paging.NAMES if request.method != "POST" else ()

    @told(shapes.RunShape, paged=True, old=True, sample={"items": [RUN], "next": None})
    def get(self, request: Request, slug: str) -> Response:
        """List the runs of a route. On its way out: ask for /api/process/v1/runs?route=… instead."""
        row = route_of(person(request), slug)
        rows = Run.objects.visible_to(person(request)).filter(route=row).select_related("route", "legal_entity")
        return paging.page(request, rows, ["-created_at", "-pk"], lambda found: shapes.runs(found, person(request)))

    @told(shapes.RunShape, status=202, form=RunRequest, sample=RUN, sent={})
    def post(self, request: Request, slug: str) -> Any:
        """Ask for a run; one that is open already is returned where it reads the same, else this is refused."""
        by, row = person(request), route_of(person(request), slug)

        def act(values: dict[str, Any]) -> Response:
            window = (values["window_from"], values["window_to"]) if values.get("window_from") else None
            require(by, Right.RESUBMIT, row.legal_entity)
            try:
                if window and not row.takes_events:
                    spans.check(row, *window)
                made = runs.ask_for_run(
                    row, by=by, trigger="api", window=window, compares=values["compares"],
                    from_start=values["from_start"],
                )  # fmt: skip
            except spans.WrongSpan as error:
                wrong = FieldError(f"/window_{error.end}", str(error), WINDOWS)
                raise Refused(
                    INVALID_BODY, f"{wrong.pointer}: {wrong.detail} Nothing was done.", errors=[wrong]
                ) from None
            except runs.NothingToRead as error:
                raise Refused(NOT_POSSIBLE, str(error)) from None
            [shown] = shapes.runs([Run.objects.select_related("route", "legal_entity").get(pk=made.pk)], by)
            return Response(shown, status=202, headers={"Location": f"/api/process/v1/runs/{made.pk}"})

        return self.once(request, RunRequest, act)


class RunsDoor(Door):
    """The runs of all routes."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*RunFilter.base_filters, *paging.NAMES)

    @told(shapes.RunShape, filters=RunFilter, paged=True, sample={"items": [RUN], "next": None})
    def get(self, request: Request) -> Response:
        """List runs, the newest first."""
        visible = Run.objects.visible_to(person(request)).select_related("route", "legal_entity")
        rows = parameters.filtered(request, RunFilter, visible)
        return paging.page(request, rows, ["-created_at", "-pk"], lambda found: shapes.runs(found, person(request)))


def route_of(by: User, slug: str) -> Route:
    """Return a route that somebody may see. Raises Refused (404)."""
    found = _routes(by).filter(slug=slug).first()
    if found is None:
        raise not_there("route", slug)
    return found


def _routes(by: User) -> "EntityScopedQuerySet[Route]":
    destinations = Prefetch("destinations", Destination.objects.select_related("connection").order_by("pk"))
    return Route.objects.visible_to(by).select_related("legal_entity", "connection").prefetch_related(destinations)
