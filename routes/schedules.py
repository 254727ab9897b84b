"""When a route runs by itself: one schedule per route, a row of django-celery-beat that the clock reads.

Comparing runs, which find what a source has deleted, need none: once a day and route, asked for by rows.
"""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from celery.schedules import ParseException
from celery.schedules import crontab as parse_crontab
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from connectors.gate import database_now
from governance import audit
from governance.actor import Actor, ActorKind, By
from governance.models import BusinessCalendar
from governance.models.calendar import check_time_zone
from governance.rights import Right, require
from routes import schedule_words
from routes.models import Route, Run
from routes.models.movement import RunState
from routes.runs import ask_for_run

WORKING_DAYS = "working_days_only"  # an argument of the task
TASK = "routes.tasks.scheduled_run"
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=31)
COMPARE_FROM_HOUR = 2  # local time of the route's legal entity, when people sleep and sources are quiet
CRON_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


class NotASchedule(ValueError):
    """A schedule that cannot be followed; the message says what would be accepted."""


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

    Raises NotASchedule and governance.rights.NotAllowed.
    """
    require(by, Right.EDIT_CONFIGURATION, route.legal_entity)
    if route.takes_events:
        raise NotASchedule(f"{route} takes what is sent to it and reads nothing. Schedule the route that reads.")
    if (every is None) == (not crontab.strip()):
        raise NotASchedule("Say either how often it runs or at which times, such as every hour or 30 6 * * 1-5.")
    if working_days_only and not BusinessCalendar.objects.filter(legal_entity=route.legal_entity_id).exists():
        raise NotASchedule(f"{route.legal_entity} has no calendar that says what its working days are. Make one first.")
    before = _told(schedule_of(route))
    task, _ = PeriodicTask.objects.update_or_create(
        name=_name(route),
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
    """Let a route run only when somebody asks for it. Raises governance.rights.NotAllowed."""
    require(by, Right.EDIT_CONFIGURATION, route.legal_entity)
    before = schedule_of(route)
    if before is None:
        return
    audit.record(
        by=by, verb="remove_schedule", thing=route, before={"schedule": _told(before)}, after={"schedule": ""},
        reason=reason, legal_entity=route.legal_entity,
    )  # fmt: skip
    before.delete()


def schedule_of(route: Route) -> PeriodicTask | None:
    """Return the schedule of a route, if it has one."""
    found: PeriodicTask | None = PeriodicTask.objects.filter(name=_name(route)).first()
    return found


def _name(route: Route) -> str:
    return f"route {route.pk}"


def only_on_working_days(task: PeriodicTask) -> bool:
    """Return whether a schedule leaves out the days on which the company's calendar is closed."""
    return bool(json.loads(task.kwargs or "{}").get(WORKING_DAYS))


def _told(task: PeriodicTask | None) -> str:
    return "" if task is None else schedule_words.of(task, working_days_only=only_on_working_days(task))


def _interval(every: timedelta) -> IntervalSchedule:
    if not SHORTEST <= every <= LONGEST or every.microseconds:
        raise NotASchedule(f"{every} is not accepted: whole seconds, from {SHORTEST.seconds} seconds to 31 days.")
    found, _ = IntervalSchedule.objects.get_or_create(every=int(every.total_seconds()), period=IntervalSchedule.SECONDS)
    return found


def _crontab(text: str, timezone: str) -> CrontabSchedule:
    parts = text.split()
    if len(parts) != len(CRON_FIELDS):
        raise NotASchedule(f"“{text}” has {len(parts)} parts and not 5: minute, hour, day, month, weekday.")
    fields = dict(zip(CRON_FIELDS, parts, strict=True))
    try:
        parse_crontab(**fields)
        check_time_zone(timezone)
    except (ParseException, ValueError, KeyError) as error:
        raise NotASchedule(f"“{text}” is no list of times: {error}. Write it as 30 6 * * 1-5.") from None
    except ValidationError as error:
        raise NotASchedule(error.messages[0]) from None
    found, _ = CrontabSchedule.objects.get_or_create(**fields, timezone=timezone)
    return found


def is_closed_today(route: Route) -> bool:
    """Return whether the calendar of the route's company is closed today, by the database's clock and its time zone."""
    calendar = BusinessCalendar.objects.filter(legal_entity=route.legal_entity_id).first()
    if calendar is None:
        return False
    return not calendar.working_time.is_business_day(database_now().astimezone(ZoneInfo(calendar.time_zone)).date())


def run_by_schedule(route: Route) -> Run:
    """Ask for a run because its time has come."""
    return ask_for_run(route, by=_clock(route), trigger="schedule")


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
        run = ask_for_run(route, by=_clock(route), trigger="schedule", window=window, compares=True)
        if run.compares:
            asked.append(run)
    return asked
