"""DATETIME."""

import datetime

from mappings.formula.arguments import time_from_text
from mappings.formula.values import text as as_text


def DATETIME(text: object, zone: object = "") -> datetime.datetime | None:
    """Turn a text such as 2026-03-31T18:30:00Z into a time; the zone is for texts that name none: "Europe/Berlin".

    >>> DATETIME("2026-03-31T18:30:00Z")
    2026-03-31T18:30:00+00:00
    >>> DATETIME("2026-03-31 18:30", "Europe/Berlin")
    2026-03-31T18:30:00+02:00
    """
    if text is None or text == "":
        return None
    return time_from_text(text, as_text(zone))
