"""MIN."""

from mappings.formula.arguments import least


def MIN(value: object, *others: object) -> object:
    """Return the smallest of numbers, dates or texts; blanks are left out, and a list counts as its values.

    >>> MIN(hours, 8)
    7.5
    """
    return least((value, *others), "<")
