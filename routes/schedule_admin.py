"""The admin's pages for when a route runs: its schedule, and a run at once."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from django_celery_beat.models import CrontabSchedule

from connectors.gate import database_now
from governance import deed_page, second_person, zones
from governance.deed_page import Deed, ReasonForm, button
from governance.models import BusinessCalendar, User
from governance.rights import NotAllowed, Right, allowed
from governance.seen import SEEN
from routes import preview, schedule_times, schedule_words, schedules, switching
from routes.models import Route
from routes.runs import ask_for_run

PREVIEWED = "admin/route_previewed.html"
COMING = "admin:routes_route_set_schedule"  # asked with show=times, by the form of a draft, too
ABOUT_PREVIEW = (
    "The records with which the next run would begin are read now, by the pace of their connection. Nothing is kept, "
    "nothing is sent, and the run will read them again."
)
MOST = 10**6  # of a unit; what is too long is refused in words
SECONDS = "seconds"  # a unit of the form only where a file or a command has set less than a minute
EVERY, DAYS, MONTHLY, TIMES, NEVER = "every", "days", "monthly", "times", "never"
WEEKDAYS = [(str(number % 7), schedule_words.DAYS[number % 7]) for number in range(1, 8)]  # Monday first
FOR = {  # what each way needs
    EVERY: ("number",), DAYS: ("weekdays", "at"), MONTHLY: ("day_of_month", "at"), TIMES: ("times",), NEVER: (),
}  # fmt: skip
ASKED_FOR = {  # the ways that have a use for a field
    "number": (EVERY,), "unit": (EVERY,), "weekdays": (DAYS,), "day_of_month": (MONTHLY,), "at": (DAYS, MONTHLY),
    "times": (TIMES,), "zone": (DAYS, MONTHLY, TIMES), "working_days_only": (EVERY, DAYS, MONTHLY, TIMES),
}  # fmt: skip
NEEDED = {
    "number": "Say how many minutes, hours or days lie between two runs.",
    "weekdays": "Choose at least one day.",
    "at": "Say at which time, such as 06:00; several with commas between.",
    "day_of_month": "Say on which day of the month, 1 to 28.",
    "times": "Say at which times, such as 30 6 * * 1-5.",
}


class ScheduleForm(ReasonForm):
    """How often or at which times a route runs by itself."""

    how = forms.ChoiceField(
        label="It runs",
        choices=[
            (EVERY, "every so often"), (DAYS, "at times of the day, on certain weekdays"),
            (MONTHLY, "on one day of every month"), (TIMES, "at times written as a list (cron)"),
            (NEVER, "only when somebody asks for it"),
        ],
    )  # fmt: skip
    number = forms.IntegerField(label="Every", required=False, min_value=1, help_text="For “every so often”.")
    unit = forms.ChoiceField(
        label="Minutes, hours or days", required=False, choices=[(name, name) for name in schedule_words.UNITS]
    )
    weekdays = forms.MultipleChoiceField(
        label="On", required=False, choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple,
        help_text="For “on certain weekdays”.",
    )  # fmt: skip
    day_of_month = forms.IntegerField(
        label="On day", required=False, min_value=1, max_value=28,
        help_text="For “on one day of every month”: 1 to 28, which every month has.",
    )  # fmt: skip
    at = forms.CharField(
        label="At", required=False, max_length=100,
        help_text="Such as 06:00; several with commas between, all with the same minutes: 06:00, 12:00, 18:00.",
    )  # fmt: skip
    times = forms.CharField(
        label="List of times",
        required=False,
        max_length=200,
        help_text="Only for “written as a list”: minute, hour, day, month, weekday. 30 6 * * 1-5 is half past six on "
        "Monday to Friday.",
    )
    zone = forms.ChoiceField(
        label="Time zone of these times",
        required=False,
        choices=lambda: [(z, z) for z in zones.known()],
    )
    working_days_only = forms.BooleanField(
        label="Only on working days", required=False,
        help_text="Leaves out the holidays and closed days of the company's calendar.",
    )  # fmt: skip
    field_order = (
        "how", "number", "unit", "weekdays", "day_of_month", "at", "times", "zone", "working_days_only", "reason",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False
        self.fields["how"].widget.attrs["data-way"] = NEVER
        if self.initial.get("unit") == SECONDS:
            unit = self.fields["unit"]
            assert isinstance(unit, forms.ChoiceField)
            unit.choices = [(SECONDS, SECONDS), *((name, name) for name in schedule_words.UNITS)]
        for name, ways in ASKED_FOR.items():
            self.fields[name].widget.attrs["data-asked-for"] = " ".join(ways)  # the page hides what another way asks

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way needs."""
        given = super().clean() or self.cleaned_data
        for name in FOR.get(given.get("how", NEVER), ()):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, NEEDED[name])
        if given.get("how") in (DAYS, MONTHLY) and given.get("at"):
            try:
                given["clock"] = schedules.clock_of(given["at"])
            except ValueError as error:
                self.add_error("at", str(error))
        if given.get("how") == TIMES and given.get("times"):
            try:
                schedules.times_of(given["times"])
            except schedules.NotASchedule as error:
                self.add_error("times", str(error))
        if given.get("how") == EVERY and given.get("number") and self.every() > schedules.LONGEST:
            self.add_error(
                "number", f"At most {schedules.LONGEST.days} days lie between two runs. Write a lower number."
            )
        return given

    def every(self) -> timedelta:
        """Return what was chosen as the time from one run to the next."""
        given = self.cleaned_data
        units = schedule_words.UNITS | {SECONDS: 1}
        seconds = units[given.get("unit") or "minutes"] * min(given["number"], MOST)
        return timedelta(seconds=seconds)

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen, as the verb takes it."""
        given = self.cleaned_data
        only = {"working_days_only": given["working_days_only"]}
        if given["how"] == EVERY:
            return only | {"every": self.every()}
        return only | {"crontab": self.crontab(), "timezone": given["zone"] or "UTC"}

    def crontab(self) -> str:
        """Return what was chosen as a crontab."""
        given = self.cleaned_data
        if given["how"] == TIMES:
            return str(given["times"])
        if given["how"] == MONTHLY:
            return f"{given['clock']} {given['day_of_month']} * *"
        days = "*" if len(given["weekdays"]) == len(WEEKDAYS) else ",".join(sorted(given["weekdays"]))
        return f"{given['clock']} * * {days}"


class RunForm(forms.Form):
    """What a run at once reads."""

    from_start = forms.BooleanField(
        label="From the start", required=False,
        help_text="Reads all that the source has. What was taken in before and has not changed stays as it is. For "
        "when something there is known to have been passed over.",
    )  # fmt: skip


class RouteActions:
    """Buttons on a route's page; each is there for those whom the verb lets do it."""

    actions_detail = ["run_now", "set_schedule", "preview_run", "switch_on", "switch_off"]

    @button("Run now", "runs", "run_route")
    def run_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a run of the route."""
        route = _route(request, object_id)

        def act(typed: forms.Form) -> str:
            anew = typed.cleaned_data["from_start"]
            run = ask_for_run(route, by=_person(request), trigger="person", from_start=anew)
            said = 'A run is asked for. What it reads, and what becomes of it, stands on <a href="{}">its page</a>.'
            return format_html(said, reverse("queue:run", args=[run.pk]))

        about = "It reads what is new or changed since the last run. What waits for somebody stays with them."
        form = RunForm(deed_page.sent(request))
        return deed_page.shown(request, Deed(f"Run now: {route}", "Run now", form, act, _back(route), about))

    @button("Schedule", "schedules", "set_schedule")
    def set_schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say when the route runs by itself."""
        route = _route(request, object_id)
        if request.method == "GET" and request.GET.get("show") == "times":
            return _coming(request, route)
        form = ScheduleForm(deed_page.sent(request), initial=self.started(request, route))

        @transaction.atomic
        def act(typed: forms.Form) -> str:
            given, by = typed.cleaned_data, _person(request)
            if (seen := self.schedule_seen(request)) is not None:
                schedules.refuse_unseen(route, seen)
            if given["how"] == NEVER:
                schedules.remove_schedule(route, by=by, reason=given["reason"])
            else:
                assert isinstance(typed, ScheduleForm)
                schedules.set_schedule(route, **typed.chosen(), by=by, reason=given["reason"])
            return f"{route} runs {told(route)}."

        deed = Deed(f"Schedule of {route}", "Keep the schedule", form, act, _back(route), "", [("Now", told(route))])
        deed.template = "admin/schedule.html"
        deed.shown |= {"seen": schedules.seen_of(route), "coming_at": reverse(COMING, args=[route.pk])}
        return deed_page.shown(request, deed)

    def started(self, request: HttpRequest, route: Route) -> dict[str, Any]:
        """Return what the page of the schedule begins with: the one in force."""
        return _started(route)

    def schedule_seen(self, request: HttpRequest) -> str | None:
        """Return the mark of the schedule that the page has shown; "" of a page that does not say what it has shown.

        None: it shows no schedule that is in force.
        """
        return request.POST.get(SEEN, "")

    @button("Preview", "previews", "preview_run")
    def preview_run(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what the next run would take in, and what would become of it."""
        route = _route(request, object_id)
        given: dict[str, Any] = {
            "title": f"Preview of {route}", "back": _back(route), "about": ABOUT_PREVIEW, "ask": "Preview the next run",
            "waits": "Reading from the system", "found": PREVIEWED,
        }  # fmt: skip
        status = 200
        if request.method == "POST":
            try:
                given["preview"] = preview.of_next_run(route, by=_person(request))
            except preview.NoPreview as none:
                given["problem"], status = str(none), 422
            except NotAllowed as refused:
                return render(request, "403.html", {"message": str(refused)}, status=403)
        if getattr(request, "htmx", False):  # htmx shows no answer that is not 200
            return render(request, PREVIEWED, given)
        return render(request, "admin/asked.html", deed_page.site(request) | given, status=status)

    @button("Switch on", "switchings-on", "switch_on")
    def switch_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a route read and take in."""
        about = "It reads and takes in from now on, by its schedule and when somebody asks for it."
        return self._switch(request, object_id, "Switch on", about)

    @button("Switch off", "switchings-off", "switch_off")
    def switch_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a route read and take in nothing."""
        about = "It reads nothing and takes nothing in until it is switched on. What it has taken in goes on."
        return self._switch(request, object_id, "Switch off", about)

    def _switch(self, request: HttpRequest, object_id: str, words: str, about: str) -> HttpResponse:
        route, on = _route(request, object_id), words == "Switch on"

        def act(form: forms.Form) -> str:
            switching.switch(route, on=on, by=_person(request), reason=form.cleaned_data["reason"])
            return f"{route} is switched {'on' if on else 'off'}."

        form = ReasonForm(deed_page.sent(request))
        deed = Deed(f"{words}: {route}", words, form, act, _back(route), about, danger=not on)
        return deed_page.shown(request, deed)

    def has_switch_on_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a route that is switched off, to those who edit configuration and need nobody's consent."""
        return _may_edit(request, object_id, enabled=False) and not _is_held(request, object_id)

    def has_switch_off_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a route that is switched on, to those who edit configuration."""
        return _may_edit(request, object_id, enabled=True)

    def has_preview_run_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a route that reads a system, to those who edit configuration."""
        route = _found(request, object_id)
        reads = route is not None and route.connection_id is not None
        return reads and _may(request, object_id, Right.EDIT_CONFIGURATION, running=False)

    def has_run_route_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a route that is switched on and reads, to those who may send again."""
        return _may(request, object_id, Right.RESUBMIT, running=True)

    def has_set_schedule_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a route that reads, to those who edit configuration."""
        return _may(request, object_id, Right.EDIT_CONFIGURATION, running=False)


def told(route: Route) -> str:
    """Return when a route runs by itself, in words: "every weekday at 06:00 (Europe/Berlin); next: Mon 30 Nov …"."""
    task = schedules.schedule_of(route)
    if task is None:
        return "only when somebody asks for it"
    working_days_only = schedules.only_on_working_days(task)
    words = schedule_words.of(task, working_days_only=working_days_only)
    calendar = (
        BusinessCalendar.objects.filter(legal_entity=route.legal_entity_id).first() if working_days_only else None
    )
    moment = schedule_words.next_time(task, database_now(), calendar.working_time if calendar else None)
    if not route.enabled:
        return f"{words}; not now, since it is switched off"
    if moment is None and calendar is not None and schedule_words.has_next(task):
        return f"{words}; never, since none of its times falls on a working day"
    return f"{words}; next: {schedule_words.told_time(moment)}" if moment is not None else words


def _coming(request: HttpRequest, route: Route) -> HttpResponse:
    """Show when the route would run by what is typed, which is kept nowhere."""
    given: dict[str, Any] = {}
    form = ScheduleForm(request.GET, initial=_started(route))
    if not form.is_valid():
        given["lacks"] = " ".join(str(words) for several in form.errors.values() for words in several)
    elif form.cleaned_data["how"] == NEVER:
        given["lacks"] = "As typed, it runs only when somebody asks for it."
    else:
        try:
            given["coming"] = schedule_times.coming(route, **form.chosen())
        except schedules.NotASchedule as error:
            given["lacks"] = str(error)
    return render(request, "admin/schedule_coming.html", given)


def _started(route: Route) -> dict[str, Any]:
    """Return what the form shows of the schedule in force."""
    task = schedules.schedule_of(route)
    calendar = BusinessCalendar.objects.filter(legal_entity=route.legal_entity_id).first()
    started: dict[str, Any] = {"how": NEVER, "zone": calendar.time_zone if calendar else "UTC", "unit": "minutes"}
    if task is None:
        return started
    started["working_days_only"] = schedules.only_on_working_days(task)
    if task.crontab is not None:
        return started | _started_with(task.crontab)
    if task.interval is None:
        return started
    number, unit = schedule_words.in_units(task.interval.every)
    return started | {"how": EVERY, "number": number, "unit": unit}


def _started_with(row: CrontabSchedule) -> dict[str, Any]:
    """Return what the form shows of a crontab: days and times where these say it all."""
    parsed, zone = row.schedule, str(row.timezone)
    at = ", ".join(f"{hour:02d}:{min(parsed.minute):02d}" for hour in sorted(parsed.hour))
    plain = len(parsed.minute) == 1 and len(parsed.month_of_year) == 12 and len(parsed.hour) < 24
    if plain and len(parsed.day_of_month) == 31:
        return {"how": DAYS, "weekdays": [str(day) for day in sorted(parsed.day_of_week)], "at": at, "zone": zone}
    if plain and len(parsed.day_of_month) == 1 and len(parsed.day_of_week) == 7 and min(parsed.day_of_month) <= 28:
        return {"how": MONTHLY, "day_of_month": min(parsed.day_of_month), "at": at, "zone": zone}
    times = " ".join(str(getattr(row, name)) for name in schedules.CRON_FIELDS)
    return {"how": TIMES, "times": times, "zone": zone}


def _may(request: HttpRequest, object_id: str | None, right: Right, *, running: bool) -> bool:
    route = _found(request, object_id)
    if route is None or route.takes_events or (running and not route.enabled):
        return False
    return _has(request, route, right)


def _may_edit(request: HttpRequest, object_id: str | None, *, enabled: bool) -> bool:
    route = _found(request, object_id)
    return route is not None and route.enabled == enabled and _has(request, route, Right.EDIT_CONFIGURATION)


def _is_held(request: HttpRequest, object_id: str | None) -> bool:
    """Return whether a second person is asked for what the person changes of a route; a page asks it several times."""
    known: dict[str | None, bool] = request.__dict__.setdefault("_held_routes", {})
    route = _found(request, object_id)
    if object_id not in known:
        asked = route and second_person.asks_for(_person(request), route.companies_concerned())
        known[object_id] = bool(asked)
    return known[object_id]


def _has(request: HttpRequest, route: Route, right: Right) -> bool:
    """Return whether the person has a right there; a page asks it for every button, several times."""
    known: dict[tuple[int, Right], bool] = request.__dict__.setdefault("_rights_at_routes", {})
    key = (route.legal_entity_id, right)
    if key not in known:
        known[key] = allowed(_person(request), right, route.legal_entity_id)
    return known[key]


def _found(request: HttpRequest, object_id: str | None) -> Route | None:
    known: dict[str | None, Route | None] = request.__dict__.setdefault("_routes", {None: None})
    if object_id is not None and object_id not in known:
        known[object_id] = Route.objects.filter(pk=object_id).select_related("legal_entity").first()
    return known[object_id]


def _route(request: HttpRequest, object_id: str) -> Route:
    return get_object_or_404(Route.objects.visible_to(_person(request)).select_related("legal_entity"), pk=object_id)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _back(route: Route) -> str:
    return reverse("admin:routes_route_change", args=[route.pk])
