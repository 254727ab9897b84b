"""DATE."""

import datetime

from mappings.formula.arguments import count_of
from mappings.formula.problems import UnacceptableError


def DATE(year: object, month: object, day: object) -> datetime.date | None:
    """Make a date of year, month and day.

    >>> DATE(2026, 3, 31)
    2026-03-31
    """
    if None in (year, month, day):
        return None
    try:
        return datetime.date(count_of(year), count_of(month), count_of(day))
    except (ValueError, OverflowError):
        message = "There is no such day in the calendar"
        raise UnacceptableError(message, value=day, accepted="year 1 to 9999, month 1 to 12, a day of it") from None
