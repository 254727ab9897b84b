"""SECONDS."""

from decimal import ROUND_HALF_UP, Decimal

from mappings.formula.values import number


def SECONDS(hours: object) -> Decimal | None:
    """Turn decimal hours into whole seconds.

    >>> SECONDS(7.5)
    27000
    """
    return None if hours is None else (number(hours) * 3600).quantize(Decimal(1), ROUND_HALF_UP)
