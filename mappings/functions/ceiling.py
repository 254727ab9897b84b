"""CEILING."""

from decimal import ROUND_CEILING, Decimal

from mappings.formula.arguments import multiple_of
from mappings.formula.values import number


def CEILING(value: object, step: object = Decimal(1)) -> Decimal | None:
    """Round up to a multiple of a step: hours to begun quarters, for example.

    >>> CEILING(7.51, 0.25)
    7.75
    """
    return None if value is None else multiple_of(value, abs(number(step)), ROUND_CEILING)  # of -2 as of 2
