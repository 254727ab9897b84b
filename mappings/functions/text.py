"""TEXT."""

from mappings.formula.arguments import formatted
from mappings.formula.values import text as as_text


def TEXT(value: object, form: object = "") -> str | None:
    """Write a number or date as text, in a form: "0.00", "#,##0.00", "000", "YYYY-MM-DD", "MMM YYYY", "hh:mm".

    >>> TEXT(1234.5, "#,##0.00")
    "1,234.50"
    >>> TEXT(worked_on, "YYYY-MM")
    "2026-03"
    """
    if value is None:
        return None
    return formatted(value, as_text(form)) if form else as_text(value)
