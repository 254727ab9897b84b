"""The admin's pages for when a route runs: its schedule, and a run at once."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from governance import deed_page
from governance.deed_page import Deed, ReasonForm, button
from governance.models import BusinessCalendar, User
from governance.rights import Right, allowed
from routes import schedules
from routes.models import Route
from routes.runs import ask_for_run

EVERY, TIMES, NEVER = "every", "times", "never"
UNITS = {"minutes": 60, "hours": 3600, "days": 86400}  # seconds


class ScheduleForm(ReasonForm):
    """How often or at which times a route runs by itself."""

    how = forms.ChoiceField(
        label="It runs",
        choices=[(EVERY, "every so often"), (TIMES, "at certain times"), (NEVER, "only when somebody asks for it")],
    )
    number = forms.IntegerField(label="Every", required=False, min_value=1, help_text="For “every so often”.")
    unit = forms.ChoiceField(label="Minutes, hours or days", required=False, choices=[(name, name) for name in UNITS])
    times = forms.CharField(
        label="Times",
        required=False,
        help_text="For “at certain times”: minute, hour, day, month, weekday. 30 6 * * 1-5 is half past six on Monday "
        "to Friday.",
    )
    zone = forms.CharField(label="Time zone of these times", required=False, help_text="Such as Europe/Berlin.")
    field_order = ("how", "number", "unit", "times", "zone", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way needs."""
        given = super().clean() or self.cleaned_data
        if given.get("how") == EVERY and not given.get("number") and "number" not in self.errors:
            raise ValidationError({"number": "Say how many minutes, hours or days lie between two runs."})
        if given.get("how") == TIMES and not given.get("times"):
            raise ValidationError({"times": "Say at which times, such as 30 6 * * 1-5."})
        return given


class RouteActions:
    """Buttons on a route's page; each is there for those whom the verb lets do it."""

    actions_detail = ["run_now", "set_schedule"]

    @button("Run now", "runs", "run_route")
    def run_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a run of the route."""
        route = _route(request, object_id)

        def act(_: forms.Form) -> str:
            ask_for_run(route, by=_person(request), trigger="person")
            return "A run is asked for. What it reads, and what becomes of it, stands under Runs."

        about = "It reads what is new or changed since the last run. What waits for somebody stays with them."
        form = forms.Form(deed_page.sent(request))
        return deed_page.shown(request, Deed(f"Run now: {route}", "Run now", form, act, _back(route), about))

    @button("Schedule", "schedules", "set_schedule")
    def set_schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say when the route runs by itself."""
        route = _route(request, object_id)
        form = ScheduleForm(deed_page.sent(request), initial=_started(route))

        def act(typed: forms.Form) -> str:
            given, by = typed.cleaned_data, _person(request)
            if given["how"] == NEVER:
                schedules.remove_schedule(route, by=by, reason=given["reason"])
            elif given["how"] == EVERY:
                every = timedelta(seconds=given["number"] * UNITS[given["unit"] or "minutes"])
                schedules.set_schedule(route, by=by, every=every, reason=given["reason"])
            else:
                schedules.set_schedule(
                    route, by=by, crontab=given["times"], timezone=given["zone"] or "UTC", reason=given["reason"]
                )
            return f"{route} runs {told(route)}."

        deed = Deed(f"Schedule of {route}", "Keep the schedule", form, act, _back(route), "", [("Now", told(route))])
        return deed_page.shown(request, deed)

    def has_run_route_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a route that is switched on and reads, to those who may send again."""
        return _may(request, object_id, Right.RESUBMIT, running=True)

    def has_set_schedule_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a route that reads, to those who edit configuration."""
        return _may(request, object_id, Right.EDIT_CONFIGURATION, running=False)


def told(route: Route) -> str:
    """Return when a route runs by itself, in words: "every 15 minutes", "at 30 6 * * 1-5 (Europe/Berlin)"."""
    started = _started(route)
    if started["how"] == EVERY:
        number, unit = started["number"], started["unit"]
        return f"every {unit.removesuffix('s')}" if number == 1 else f"every {number} {unit}"
    return f"at {started['times']} ({started['zone']})" if started["how"] == TIMES else "only when somebody asks for it"


def _started(route: Route) -> dict[str, Any]:
    """Return what the form shows of the schedule in force."""
    task = schedules.schedule_of(route)
    if task is not None and task.crontab is not None:
        times = " ".join(str(getattr(task.crontab, name)) for name in schedules.CRON_FIELDS)
        return {"how": TIMES, "times": times, "zone": str(task.crontab.timezone), "unit": "minutes"}
    calendar = BusinessCalendar.objects.filter(legal_entity=route.legal_entity_id).first()
    started = {"how": NEVER, "zone": calendar.time_zone if calendar else "UTC", "unit": "minutes"}
    if task is None or task.interval is None:
        return started
    seconds = task.interval.every  # schedules are kept in seconds
    unit = next((name for name, each in reversed(UNITS.items()) if seconds % each == 0), "minutes")
    return started | {"how": EVERY, "number": max(1, seconds // UNITS[unit]), "unit": unit}


def _may(request: HttpRequest, object_id: str | None, right: Right, *, running: bool) -> bool:
    route = Route.objects.filter(pk=object_id).select_related("legal_entity").first() if object_id else None
    if route is None or route.takes_events or (running and not route.enabled):
        return False
    return allowed(_person(request), right, route.legal_entity)


def _route(request: HttpRequest, object_id: str) -> Route:
    return get_object_or_404(Route.objects.visible_to(_person(request)).select_related("legal_entity"), pk=object_id)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _back(route: Route) -> str:
    return reverse("admin:routes_route_change", args=[route.pk])
