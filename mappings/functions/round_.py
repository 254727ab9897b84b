"""ROUND."""

from decimal import Decimal

from mappings.formula.arguments import digits_of
from mappings.formula.values import rounded


def ROUND(value: object, digits: object = Decimal(0)) -> Decimal | None:
    """Round to decimal places, half away from zero, as finance does; negative places round to tens and hundreds.

    >>> ROUND(2.345, 2)
    2.35
    >>> ROUND(-0.5)
    -1
    >>> ROUND(1250, -2)
    1300
    """
    result: Decimal | None = rounded(value, digits_of(digits))
    return result
