"""FLOOR."""

from decimal import ROUND_FLOOR, Decimal

from mappings.formula.arguments import multiple_of


def FLOOR(value: object, step: object = Decimal(1)) -> Decimal | None:
    """Round down to a multiple of a step: hours to quarters, for example.

    >>> FLOOR(7.9, 0.25)
    7.75
    """
    return multiple_of(value, step, ROUND_FLOOR)
