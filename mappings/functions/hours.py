"""HOURS."""

from datetime import datetime
from decimal import Decimal

from mappings.formula.arguments import hours_from_text
from mappings.formula.values import number, seconds_between


def HOURS(duration: object, end: object = None) -> Decimal | None:
    """Turn a duration into decimal hours: seconds as a number, or a text such as 7:30, 7:30:00 or PT7H30M.

    With two times it gives the hours from the first to the second, exact, also over the change of clocks.

    >>> HOURS(27000)
    7.5
    >>> HOURS("7:45")
    7.75
    >>> HOURS(DATETIME("2026-10-24 22:00", "Europe/Berlin"), DATETIME("2026-10-25 06:00", "Europe/Berlin"))
    9
    """
    if end is not None or isinstance(duration, datetime):
        return None if duration is None or end is None else seconds_between(duration, end) / 3600
    if duration is None or duration == "":
        return None
    if isinstance(duration, str):
        return hours_from_text(duration)
    return number(duration) / 3600
