"""LEN."""

from decimal import Decimal

from mappings.formula.values import text as as_text


def LEN(text: object) -> Decimal:
    """Count the characters of a text; blank has none.

    >>> LEN("HP-DE")
    5
    """
    return Decimal(len(as_text(text)))
