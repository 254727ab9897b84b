"""YEAR."""

from decimal import Decimal

from mappings.formula.arguments import day_of


def YEAR(date: object) -> Decimal | None:
    """Return the year of a date.

    >>> YEAR("2026-03-31")
    2026
    """
    return None if date is None else Decimal(day_of(date).year)
