"""STARTSWITH."""

from mappings.formula.values import text as as_text


def STARTSWITH(text: object, beginning: object) -> bool:
    """Tell whether a text starts with another.

    >>> STARTSWITH(project.code, "P-")
    TRUE
    """
    return as_text(text).startswith(as_text(beginning))
