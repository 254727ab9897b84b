"""MOD."""

from decimal import ROUND_FLOOR, Decimal

from mappings.formula.arguments import multiple_of
from mappings.formula.values import number


def MOD(value: object, divisor: object) -> Decimal | None:
    """Return the remainder of a division; it has the divisor's sign, as in spreadsheets.

    >>> MOD(7.5, 2)
    1.5
    >>> MOD(-1, 3)
    2
    """
    below = multiple_of(value, divisor, ROUND_FLOOR)
    return None if below is None else number(value) - below
