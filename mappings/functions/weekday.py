"""WEEKDAY."""

from decimal import Decimal

from mappings.formula.arguments import day_of


def WEEKDAY(date: object) -> Decimal | None:
    """Return the day of the week of a date: 1 is Monday, 7 is Sunday (ISO 8601).

    >>> WEEKDAY(DATE(2026, 3, 16))
    1
    """
    return None if date is None else Decimal(day_of(date).isoweekday())
