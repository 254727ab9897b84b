"""TODATE."""

import datetime

from mappings.formula.arguments import time_from_text, zone_of
from mappings.formula.values import text as as_text


def TODATE(time: object, zone: object = "UTC") -> datetime.date | None:
    """Return the calendar day of a time at a place: the zone decides which day it was.

    >>> TODATE("2026-03-31T23:30:00Z", "Europe/Berlin")
    2026-04-01
    """
    if time is None or time == "":
        return None
    return time_from_text(time, "UTC").astimezone(zone_of(as_text(zone))).date()
