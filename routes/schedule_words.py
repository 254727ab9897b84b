"""Schedules in words: "every weekday at 06:00 (Europe/Berlin)", and when the next time is."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django_celery_beat.models import CrontabSchedule, PeriodicTask

from governance.working_time import WorkingTime

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")  # as crontabs number them
WEEKDAYS, EVERY_DAY = frozenset(range(1, 6)), frozenset(range(7))
UNITS = {"minutes": 60, "hours": 3600, "days": 86400}  # seconds
AHEAD = 800  # days that are looked through for the next time: a 29 February may be far
FEW = 6  # times of a day that are listed


def of(task: PeriodicTask, *, working_days_only: bool = False) -> str:
    """Return when a schedule runs, in words."""
    if task.crontab is not None:
        words = f"{_times(task.crontab)} ({task.crontab.timezone})"
    else:
        words = every(task.interval.every) if task.interval is not None else "never"
    return f"{words}, only on working days of the company's calendar" if working_days_only else words


def every(seconds: int) -> str:
    """Return an interval in words: "every 15 minutes", "every day"."""
    number, unit = in_units(seconds)
    return f"every {unit.removesuffix('s')}" if number == 1 else f"every {number} {unit}"


def in_units(seconds: int) -> tuple[int, str]:
    """Return an interval as a whole number of the largest unit."""
    for unit, length in reversed(UNITS.items()):
        if seconds % length == 0:
            return seconds // length, unit
    return seconds, "seconds"


def _times(row: CrontabSchedule) -> str:
    parsed = row.schedule
    days = _days(parsed, row)
    if days is None:
        return f"at the times {_written(row)}"
    hours, minutes = sorted(parsed.hour), sorted(parsed.minute)
    if len(hours) == 24 and len(minutes) == 1:
        return f"{days}, every hour at {minutes[0]} minutes past"
    if len(hours) * len(minutes) > FEW:
        return f"at the times {_written(row)}"
    told = [f"{hour:02d}:{minute:02d}" for hour in hours for minute in minutes]
    return f"{days} at {', '.join(told)}"


def _days(parsed: Any, row: CrontabSchedule) -> str | None:
    """Return the days of a crontab in words; None where it says more than words can."""
    weekdays = frozenset(parsed.day_of_week)
    if len(parsed.month_of_year) != 12:
        return None
    if len(parsed.day_of_month) == 31:
        if weekdays == EVERY_DAY:
            return "every day"
        if weekdays == WEEKDAYS:
            return "every weekday"
        return "every " + ", ".join(DAYS[day] for day in sorted(weekdays, key=lambda day: (day - 1) % 7))
    if weekdays == EVERY_DAY and len(parsed.day_of_month) == 1:
        return f"on day {min(parsed.day_of_month)} of every month"
    return None


def _written(row: CrontabSchedule) -> str:
    return f"{row.minute} {row.hour} {row.day_of_month} {row.month_of_year} {row.day_of_week}"


def next_time(task: PeriodicTask, now: datetime, working: WorkingTime | None = None) -> datetime | None:
    """Return the next time of a schedule, in its own time zone; None where there is none or it comes all the time.

    `working` leaves out what comes on days that are no working days; None where nothing comes on one.
    """
    if task.crontab is not None:
        return _next_of_crontab(task.crontab, now, working)
    if task.interval is None or not has_next(task):
        return None
    length = timedelta(seconds=task.interval.every)
    found = max((task.last_run_at or now) + length, now)
    if working is None:
        return found.astimezone(UTC)
    until = found + timedelta(days=AHEAD)
    while not _is_worked(found, working):
        found += length  # the clock counts on from what was left out
        if found > until:
            return None
    return found.astimezone(working.zone)


def has_next(task: PeriodicTask) -> bool:
    """Return whether a schedule has a next time that anybody would wait for: it comes once an hour or less often."""
    return task.crontab is not None or (task.interval is not None and task.interval.every >= UNITS["hours"])


def _is_worked(moment: datetime, working: WorkingTime) -> bool:
    """Return whether a moment lies on a working day, by the calendar's own time zone, as the clock asks it."""
    return working.is_business_day(moment.astimezone(working.zone).date())


def _next_of_crontab(row: CrontabSchedule, now: datetime, working: WorkingTime | None) -> datetime | None:
    zone, parsed = ZoneInfo(str(row.timezone)), row.schedule
    times = [time(hour, minute) for hour in sorted(parsed.hour) for minute in sorted(parsed.minute)]
    today = now.astimezone(zone).date()
    for ahead in range(AHEAD):
        day = today + timedelta(days=ahead)
        due = day.day in parsed.day_of_month and day.month in parsed.month_of_year
        if not due or day.isoweekday() % 7 not in parsed.day_of_week:
            continue
        for each in times:
            moment = datetime.combine(day, each, zone)
            if moment > now and (working is None or _is_worked(moment, working)):
                return moment
    return None


def told_time(moment: datetime) -> str:
    """Return a time as a person reads it: "Mon 30 Nov 2026 06:00"."""
    return f"{moment:%a} {moment.day} {moment:%b %Y %H:%M}"
