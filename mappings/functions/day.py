"""DAY."""

from decimal import Decimal

from mappings.formula.arguments import day_of


def DAY(date: object) -> Decimal | None:
    """Return the day of the month of a date.

    >>> DAY(worked_on)
    16
    """
    return None if date is None else Decimal(day_of(date).day)
