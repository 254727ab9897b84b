"""HOURS."""

from decimal import Decimal

from mappings.formula.arguments import hours_from_text
from mappings.formula.values import number


def HOURS(duration: object) -> Decimal | None:
    """Turn a duration into decimal hours: seconds as a number, or a text such as 7:30, 7:30:00 or PT7H30M.

    >>> HOURS(27000)
    7.5
    >>> HOURS("7:45")
    7.75
    """
    if duration is None or duration == "":
        return None
    if isinstance(duration, str):
        return hours_from_text(duration)
    return number(duration) / 3600
