"""UPPER."""

from mappings.formula.values import bounded
from mappings.formula.values import text as as_text


def UPPER(text: object) -> str | None:
    """Write a text in capitals.

    >>> UPPER("hp-de")
    "HP-DE"
    """
    return None if text is None else bounded(as_text(text).upper())
