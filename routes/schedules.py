"""When a route runs by itself: one schedule per route, a row of django-celery-beat that the clock reads.

Comparing runs, which find what a source has deleted, need none: once a day and route, asked for by rows.
"""

import hashlib
import json
import re
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from celery.schedules import ParseException
from celery.schedules import crontab as parse_crontab
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from connectors.gate import database_now
from governance import audit, second_person
from governance.actor import Actor, ActorKind, By
from governance.models import AuditEntry, BusinessCalendar
from governance.models.calendar import check_time_zone
from governance.rights import Right, require
from governance.still_there import held
from governance.versions import ChangedMeanwhile
from routes import schedule_words
from routes.models import Route, Run
from routes.models.movement import RunState
from routes.runs import NothingToRead, ask_for_run

CLOCK = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})")  # 6:30, and 6.30 as many write it
WORKING_DAYS = "working_days_only"  # an argument of the task
TASK = "routes.tasks.scheduled_run"
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=31)
COMPARE_FROM_HOUR = 2  # local time of the route's legal entity, when people sleep and sources are quiet
CRON_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
CRON_WORDS = {  # of each of these, what people call it, and what it takes
    "minute": ("minute", "0 to 59"), "hour": ("hour", "0 to 23"), "day_of_month": ("day of the month", "1 to 31"),
    "month_of_year": ("month", "1 to 12"), "day_of_week": ("weekday", "0 to 6, from Sunday on"),
}  # fmt: skip


class NotASchedule(ValueError):
    """A schedule that cannot be followed: what would be accepted, and `field`, the input at which that is said."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


@transaction.atomic
def set_schedule(
    route: Route,
    *,
    by: By,
    every: timedelta | None = None,
    crontab: str = "",
    timezone: str = "UTC",
    working_days_only: bool = False,
    reason: str = "",
) -> PeriodicTask:
    """Let a route run every so often, or at the times of a crontab in a time zone; replaces what was set before.

    With `working_days_only` it leaves out the days on which its company's calendar is closed.

    Raises NotASchedule, NeedsSecondPerson and governance.rights.NotAllowed.
    """
    require(by, Right.EDIT_CONFIGURATION, route.legal_entity)
    second_person.require_agreed(by, route.companies_concerned(), thing=f"the schedule of {route}")
    if route.takes_events:
        raise NotASchedule(f"{route} takes what is sent to it and reads nothing. Schedule the route that reads.")
    if (every is None) == (not crontab.strip()):
        raise NotASchedule("Say either how often it runs or at which times, such as every hour or 30 6 * * 1-5.")
    if working_days_only and not BusinessCalendar.objects.filter(legal_entity=route.legal_entity_id).exists():
        words = f"{route.legal_entity} has no calendar that says what its working days are. Make one first."
        raise NotASchedule(words, "working_days_only")
    before = _told(schedule_of(route))
    task, _ = PeriodicTask.objects.update_or_create(
        name=name_of(route),
        defaults={
            "task": TASK,
            "args": json.dumps([route.pk]),
            "kwargs": json.dumps({WORKING_DAYS: True} if working_days_only else {}),
            "queue": "intake",
            "interval": _interval(every) if every is not None else None,
            "crontab": _crontab(crontab, timezone) if every is None else None,
            "enabled": True,
        },
    )
    audit.record(
        by=by, verb="set_schedule", thing=route, before={"schedule": before}, after={"schedule": _told(task)},
        reason=reason, legal_entity=route.legal_entity,
    )  # fmt: skip
    return task


@transaction.atomic
def remove_schedule(route: Route, *, by: By, reason: str = "") -> None:
    """Let a route run only when somebody asks for it. Raises NeedsSecondPerson and governance.rights.NotAllowed."""
    require(by, Right.EDIT_CONFIGURATION, route.legal_entity)
    before = schedule_of(route)
    if before is None:
        return
    second_person.require_agreed(by, route.companies_concerned(), thing=f"the schedule of {route}")
    audit.record(
        by=by, verb="remove_schedule", thing=route, before={"schedule": _told(before)}, after={"schedule": ""},
        reason=reason, legal_entity=route.legal_entity,
    )  # fmt: skip
    before.delete()


def schedule_of(route: Route) -> PeriodicTask | None:
    """Return the schedule of a route, if it has one."""
    found: PeriodicTask | None = PeriodicTask.objects.filter(name=name_of(route)).first()
    return found


def all_schedules() -> dict[int, PeriodicTask]:
    """Return the schedules of all routes, by the routes' numbers. One query."""
    tasks = PeriodicTask.objects.filter(task=TASK).select_related("crontab", "interval")
    return {int(task.name.removeprefix("route ")): task for task in tasks if task.name.startswith("route ")}


def seen_of(route: Route) -> str:
    """Return what is another text after the schedule of a route has changed."""
    task = schedule_of(route)
    said = "" if task is None else f"{_told(task)} {task.kwargs} {task.interval_id} {task.crontab_id}"
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def refuse_unseen(route: Route, seen: str) -> None:
    """Raise ChangedMeanwhile where another schedule is set than somebody has `seen`; lock the route till the commit."""
    held(Route.objects.all(), route)
    if seen == seen_of(route):
        return
    if not seen:
        raise ChangedMeanwhile(
            "The page did not say what schedule it has shown you, so nothing of yours is saved. What counts now stands "
            "above, and what you typed below. Keep the schedule once more to put yours in its place."
        )
    deeds = {"set_schedule": "set", "remove_schedule": "removed"}
    of_route = AuditEntry.objects.filter(thing_kind=route._meta.label_lower, thing_id=str(route.pk), verb__in=deeds)
    last = of_route.order_by("-at").first()
    who = (
        f"{last.actor_name} has {deeds[last.verb]} the schedule (at {last.at:%Y-%m-%d %H:%M} UTC)"
        if last else "The schedule was changed"
    )  # fmt: skip
    raise ChangedMeanwhile(
        f"{who} while you had it open, so nothing of yours is saved yet. What counts now stands above, and what you "
        "typed below. Keep the schedule once more to put yours in its place, or open the page anew for theirs."
    )


def told_of(routes: list[Route]) -> dict[int, str]:
    """Return the schedules of routes in words, by the id of the route; those without one are left out. One query."""
    names = {name_of(route): route.pk for route in routes}
    found = PeriodicTask.objects.filter(name__in=names).select_related("interval", "crontab")
    return {names[task.name]: _told(task) for task in found} if names else {}


def name_of(route: Route) -> str:
    """Return the name of a route's schedule among the tasks of the clock."""
    return f"route {route.pk}"


def only_on_working_days(task: PeriodicTask) -> bool:
    """Return whether a schedule leaves out the days on which the company's calendar is closed."""
    return bool(json.loads(task.kwargs or "{}").get(WORKING_DAYS))


def _told(task: PeriodicTask | None) -> str:
    return "" if task is None else schedule_words.of(task, working_days_only=only_on_working_days(task))


def _interval(every: timedelta) -> IntervalSchedule:
    if not SHORTEST <= every <= LONGEST or every.microseconds:
        words = (
            f"every {every.total_seconds():g} seconds"
            if every.microseconds
            else schedule_words.every(int(every.total_seconds()))
        )
        raise NotASchedule(
            f"To run {words} is not accepted: whole seconds, from {SHORTEST.seconds} seconds to {LONGEST.days} days.",
            "number",
        )
    wanted = {"every": int(every.total_seconds()), "period": IntervalSchedule.SECONDS}
    return IntervalSchedule.objects.filter(**wanted).first() or IntervalSchedule.objects.create(**wanted)


def times_of(text: str) -> dict[str, str]:
    """Return the parts of a list of times by CRON_FIELDS. Raises NotASchedule with the part that is wrong."""
    parts = text.split()
    if len(parts) != len(CRON_FIELDS):
        had = f"{len(parts)} part{'' if len(parts) == 1 else 's'}"
        raise NotASchedule(f"“{text}” has {had} and not 5: minute, hour, day, month, weekday.")
    for name, part in zip(CRON_FIELDS, parts, strict=True):
        try:
            parse_crontab(**{name: part})
        except (ParseException, ValueError, KeyError):  # the library's words are of programs
            called, accepted = CRON_WORDS[name]
            raise NotASchedule(
                f"“{text}” is no list of times: “{part}” is no {called}: write {accepted}, several with commas "
                "between, or * for each, as in 30 6 * * 1-5."
            ) from None
        longest = CrontabSchedule._meta.get_field(name).max_length or 0
        if len(part) > longest:
            raise NotASchedule(
                f"The {CRON_WORDS[name][0]} has {len(part)} characters, and at most {longest} are kept: write it "
                "shorter, each value once, and values that follow each other as 1-5."
            )
    found = dict(zip(CRON_FIELDS, parts, strict=True))
    try:
        parse_crontab(**found)
    except (ParseException, ValueError, KeyError):  # each part can be, but not with the others
        raise NotASchedule(
            f"“{text}” is no list of times: no month {found['month_of_year']} has a day {found['day_of_month']}. Write "
            "another day of the month, or * for each month."
        ) from None
    return found


def clock_of(text: str) -> str:
    """Return times of the day as minute and hours of a crontab. Raises ValueError in words."""
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        given = CLOCK.fullmatch(part.strip())
        hour, minute = (int(each) for each in given.groups()) if given else (24, 60)
        if hour > 23 or minute > 59:
            raise ValueError(f"“{part.strip()[:20]}” is no time of the day. Write hours and minutes, as in 06:00.")
        found.append((hour, minute))
    minutes = {minute for _, minute in found}
    if len(minutes) > 1:
        raise ValueError("All times must have the same minutes, such as 06:00, 12:00, 18:00.")
    return f"{minutes.pop()} {','.join(str(hour) for hour in sorted({hour for hour, _ in found}))}"


def _crontab(text: str, timezone: str) -> CrontabSchedule:
    fields = times_of(text)
    try:
        check_time_zone(timezone)
    except ValidationError as error:
        raise NotASchedule(error.messages[0]) from None
    rows = CrontabSchedule.objects.filter(
        **fields, timezone=timezone
    )  # two may have made the same at once: either does
    return rows.first() or CrontabSchedule.objects.create(**fields, timezone=timezone)


def is_closed_today(route: Route) -> bool:
    """Return whether the calendar of the route's company is closed today, by the database's clock and its time zone."""
    calendar = BusinessCalendar.objects.filter(legal_entity=route.legal_entity_id).first()
    if calendar is None:
        return False
    return not calendar.working_time.is_business_day(database_now().astimezone(ZoneInfo(calendar.time_zone)).date())


def run_by_schedule(route: Route) -> None:
    """Ask for a run because its time has come; while one is open that reads other days the next time has to do."""
    with suppress(NothingToRead):
        ask_for_run(route, by=_clock(route), trigger="schedule")


def _clock(route: Route) -> Actor:
    return Actor(ActorKind.RULE, f"schedule:{route.slug}", f"Schedule of {route.name}"[:150])


def ask_for_comparisons() -> list[Run]:
    """Ask for the day's comparing run of each route that has none yet; return those asked for.

    A route whose comparison waits for a person gets no other; one that is reading just now is asked again next time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now: datetime = cursor.fetchone()[0]
    zones = dict(BusinessCalendar.objects.values_list("legal_entity_id", "time_zone"))
    asked = []
    for route in Route.objects.filter(enabled=True, compare_days__gt=0, connection__isnull=False).order_by("pk"):
        local = now.astimezone(ZoneInfo(zones.get(route.legal_entity_id, "UTC")))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        comparing = Run.objects.filter(route=route, compares=True)
        if local.hour < COMPARE_FROM_HOUR or comparing.filter(created_at__gte=midnight).exists():
            continue
        if comparing.filter(state=RunState.HELD).exists():
            continue
        window = (local.date() - timedelta(days=route.compare_days), local.date())
        with suppress(NothingToRead):
            asked.append(ask_for_run(route, by=_clock(route), trigger="schedule", window=window, compares=True))
    return asked
