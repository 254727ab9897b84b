"""SUM."""

from decimal import Decimal

from mappings.formula.arguments import flat
from mappings.formula.values import number


def SUM(value: object, *others: object) -> Decimal:
    """Add up numbers; blanks are left out, and a list counts as its values.

    >>> SUM(lines.amount)
    370.50
    """
    return sum((number(each) for each in flat((value, *others))), Decimal(0))
