"""The administration's forms of routes, their schedules and destinations: what is typed there can be a draft, too."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from governance import second_person
from governance.deed_page import button
from hub.changes.forms import Drafted, version_in
from routes.admin import DestinationAdmin, RouteAdmin
from routes.models import Route


class DraftedRoute(Drafted, RouteAdmin):
    """Routes, and when they run."""

    drafted = "route"

    @button("Schedule", "schedules", "set_schedule")
    def set_schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say when the route runs by itself; where a second person is asked for, as a draft."""
        schedule = DraftedSchedule(self.model, self.admin_site)

        def act() -> HttpResponse:
            return RouteAdmin.set_schedule(self, request, object_id=object_id)

        row = self.get_object(request, object_id)
        held = row is not None and second_person.asks_for(request.user, row.companies_concerned())
        return schedule.kept(request, row, act) if request.method == "POST" and held else act()


class DraftedSchedule(Drafted, RouteAdmin):
    """The form of a route's schedule; registered nowhere."""

    drafted = "schedule"

    def note_of(self, request: HttpRequest) -> str | None:
        """Return the reason that was typed with the schedule."""
        return request.POST.get("reason", "").strip() or None

    def started(self, request: HttpRequest, route: Route) -> dict[str, Any]:
        """Return what the page shows of the schedule, with the reason that was typed before."""
        return super().started(request, route) | {"reason": request.__dict__.get("_typed_note") or ""}

    def schedule_seen(self, request: HttpRequest) -> str | None:
        """Return the mark of what was shown; None of a draft, which tells by itself whether others have changed it."""
        return None if version_in(request) else super().schedule_seen(request)

    def form_of(self, request: HttpRequest, row: Any) -> HttpResponse:
        """Return the page on which the schedule is set."""
        return RouteAdmin.set_schedule(self, request, object_id=str(row.pk))


class DraftedDestination(Drafted, DestinationAdmin):
    """Destinations: a draft of one is a draft of its route."""

    drafted = "route"
    named_by = "route"

    def name_of(self, obj: Any) -> str:
        """Return the short name of its route."""
        return str(obj.route.slug)
