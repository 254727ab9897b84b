"""TEXT."""

from mappings.formula.arguments import formatted
from mappings.formula.values import text as as_text


def TEXT(value: object, form: object = "") -> str | None:
    """Write a number or date as text, in a form: "0.00", "#,##0.00", "000", "YYYY-MM-DD", "MMM YYYY", "hh:mm".

    A Z in the form of a time writes it by the clock of UTC.

    >>> TEXT(1234.5, "#,##0.00")
    "1,234.50"
    >>> TEXT(worked_on, "YYYY-MM")
    "2026-03"
    >>> TEXT(DATETIME("2026-03-31 18:30", "Europe/Berlin"), "YYYY-MM-DDThh:mm:ssZ")
    "2026-03-31T16:30:00Z"
    """
    if value is None:
        return None
    return formatted(value, as_text(form)) if form else as_text(value)
