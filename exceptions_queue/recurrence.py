"""When cut-offs are, by a rule and a company's calendar, and until which day of work each counts. Pure."""

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from governance.working_time import NeverOpen, WorkingTime

MOST_NUMBER = {"working_day": 15, "before_end": 10, "day_before": 31, "day_after": 31}  # the largest that a rule takes
DAY = dt.timedelta(days=1)
LONGEST = 800  # occurrences that are looked at: weekly ones of fifteen years


class Rule(StrEnum):
    """By what the day of a cut-off is found."""

    WORKING_DAY = "working_day"  # the number-th working day of the month
    BEFORE_END = "before_end"  # the last working day of the month, and so many working days before it
    DAY_BEFORE = "day_before"  # a day of the month; where that is not worked, the working day before
    DAY_AFTER = "day_after"  # … or the one after
    WEEKLY = "weekly"  # a weekday; where that is not worked, the working day before
    DATES = "dates"  # days that are listed


class Covers(StrEnum):
    """Which work has to be through by then."""

    MONTH_BEFORE = "month_before"
    OWN_MONTH = "own_month"
    WEEK_BEFORE = "week_before"
    UP_TO = "up_to"  # all work until the day itself, that day included


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule with what it needs."""

    rule: Rule
    at: dt.time  # local time of the company's calendar
    covers: Covers
    number: int = 0
    weekday: int = 0  # 0 is Monday
    dates: tuple[dt.date, ...] = ()


class CutOffDate(NamedTuple):
    """One cut-off."""

    on: dt.date
    moment: dt.datetime  # in UTC
    last_day: dt.date  # of the work that has to be through by then


def dates(recurrence: Recurrence, working: WorkingTime, since: dt.date) -> Iterator[CutOffDate]:
    """Yield the cut-offs from shortly before a day on, in order. A calendar that is never open has none."""
    try:
        for nominal, on in islice(_days(recurrence, working, since), LONGEST):
            moment = dt.datetime.combine(on, recurrence.at, working.zone).astimezone(dt.UTC)
            yield CutOffDate(on, moment, _last_day(recurrence.covers, nominal, on))
    except (NeverOpen, OverflowError, ValueError):  # ends with what is open, or with the calendar's last year
        return


def due_for(recurrence: Recurrence, working: WorkingTime, day: dt.date) -> CutOffDate | None:
    """Return the first cut-off by which work of a day has to be through; None where the list of dates is at its end."""
    return next((each for each in dates(recurrence, working, day) if each.last_day >= day), None)


def next_dates(recurrence: Recurrence, working: WorkingTime, now: dt.datetime, count: int = 6) -> list[CutOffDate]:
    """Return the next cut-offs after a moment."""
    coming = (each for each in dates(recurrence, working, now.date()) if each.moment > now)
    return list(islice(coming, count))


def _days(recurrence: Recurrence, working: WorkingTime, since: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield for each cut-off the day that the rule names and the day that it falls on."""
    if recurrence.rule is Rule.DATES:
        yield from ((day, day) for day in sorted(recurrence.dates))
        return
    if recurrence.rule is Rule.WEEKLY:
        day = since - 14 * DAY
        day += (recurrence.weekday - day.weekday()) % 7 * DAY
        while True:
            yield day, _moved(day, working, before=True)
            day += 7 * DAY
    first = (since.replace(day=1) - DAY).replace(day=1)
    while True:
        yield _of_month(recurrence, working, first)
        first = _next_month(first)


def _of_month(recurrence: Recurrence, working: WorkingTime, first: dt.date) -> tuple[dt.date, dt.date]:
    if recurrence.rule is Rule.WORKING_DAY:
        return first, working.add_business_days(first - DAY, recurrence.number)
    if recurrence.rule is Rule.BEFORE_END:
        return first, working.add_business_days(_next_month(first), -recurrence.number - 1)
    length = calendar.monthrange(first.year, first.month)[1]
    day = first.replace(day=min(recurrence.number, length))
    return day, _moved(day, working, before=recurrence.rule is Rule.DAY_BEFORE)


def _moved(day: dt.date, working: WorkingTime, *, before: bool) -> dt.date:
    if working.is_business_day(day):
        return day
    return working.previous_business_day(day) if before else working.next_business_day(day)


def _next_month(first: dt.date) -> dt.date:
    return (first + 31 * DAY).replace(day=1)


def _last_day(covers: Covers, nominal: dt.date, on: dt.date) -> dt.date:
    if covers is Covers.MONTH_BEFORE:
        return nominal.replace(day=1) - DAY
    if covers is Covers.OWN_MONTH:
        return _next_month(nominal.replace(day=1)) - DAY
    if covers is Covers.WEEK_BEFORE:
        return nominal - (nominal.weekday() + 1) * DAY
    return on
