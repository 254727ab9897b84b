"""CONTAINS."""

from mappings.formula.values import text as as_text


def CONTAINS(text: object, part: object) -> bool:
    """Tell whether a text contains another; capitals and small letters are different.

    >>> CONTAINS(notes, "Berlin")
    TRUE
    """
    return as_text(part) in as_text(text)
