"""ABS."""

from decimal import Decimal

from mappings.formula.values import number


def ABS(value: object) -> Decimal | None:
    """Return a number without its sign.

    >>> ABS(-12.50)
    12.50
    """
    return None if value is None else abs(number(value))
