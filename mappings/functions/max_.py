"""MAX."""

from mappings.formula.arguments import least


def MAX(value: object, *others: object) -> object:
    """Return the largest of numbers, dates or texts; blanks are left out, and a list counts as its values.

    >>> MAX(lines.amount)
    250.00
    """
    return least((value, *others), ">")
