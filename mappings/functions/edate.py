"""EDATE."""

import datetime

from mappings.formula.arguments import day_of, month_later


def EDATE(date: object, months: object) -> datetime.date | None:
    """Return the same day so many months later, or the last day of that month where it is shorter.

    >>> EDATE(DATE(2026, 1, 31), 1)
    2026-02-28
    """
    if date is None:
        return None
    day = day_of(date)
    return month_later(day.replace(day=1), months, day.day)
