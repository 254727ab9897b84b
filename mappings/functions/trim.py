"""TRIM."""

from mappings.formula.values import bounded
from mappings.formula.values import text as as_text


def TRIM(text: object) -> str | None:
    """Remove white space at both ends and make every run of it inside one space.

    >>> TRIM("  Clara   Voss ")
    "Clara Voss"
    """
    return None if text is None else " ".join(bounded(as_text(text)).split())
