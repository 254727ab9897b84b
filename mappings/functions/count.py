"""COUNT."""

from decimal import Decimal

from mappings.formula.arguments import flat


def COUNT(value: object, *others: object) -> Decimal:
    """Count values; blanks are left out, and a list counts as its values.

    >>> COUNT(lines)
    2
    """
    return Decimal(len(flat((value, *others))))
