"""FLOOR."""

from decimal import ROUND_FLOOR, Decimal

from mappings.formula.arguments import multiple_of
from mappings.formula.values import number


def FLOOR(value: object, step: object = Decimal(1)) -> Decimal | None:
    """Round down to a multiple of a step: hours to quarters, for example.

    >>> FLOOR(7.9, 0.25)
    7.75
    """
    return None if value is None else multiple_of(value, abs(number(step)), ROUND_FLOOR)  # of -2 as of 2
