"""LOWER."""

from mappings.formula.values import bounded
from mappings.formula.values import text as as_text


def LOWER(text: object) -> str | None:
    """Write a text in small letters.

    >>> LOWER("Clara.Voss@Halden.example")
    "clara.voss@halden.example"
    """
    return None if text is None else bounded(as_text(text).lower())
