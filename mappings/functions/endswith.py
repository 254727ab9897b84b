"""ENDSWITH."""

from mappings.formula.values import text as as_text


def ENDSWITH(text: object, ending: object) -> bool:
    """Tell whether a text ends with another.

    >>> ENDSWITH("HP-DE", "-DE")
    TRUE
    """
    return as_text(text).endswith(as_text(ending))
