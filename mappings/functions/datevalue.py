"""DATEVALUE."""

import datetime

from mappings.formula.arguments import date_from_text
from mappings.formula.values import text as as_text


def DATEVALUE(text: object, form: object = "YYYY-MM-DD") -> datetime.date | None:
    """Turn a text into a date; the form says where year, month and day stand.

    >>> DATEVALUE("2026-03-31")
    2026-03-31
    >>> DATEVALUE("31.03.2026", "DD.MM.YYYY")
    2026-03-31
    """
    if text is None or text == "":
        return None
    if isinstance(text, datetime.date) and not isinstance(text, datetime.datetime):
        return text
    return date_from_text(text, as_text(form))
