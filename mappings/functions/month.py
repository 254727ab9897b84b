"""MONTH."""

from decimal import Decimal

from mappings.formula.arguments import day_of


def MONTH(date: object) -> Decimal | None:
    """Return the month of a date, 1 to 12.

    >>> MONTH(worked_on)
    3
    """
    return None if date is None else Decimal(day_of(date).month)
