"""UNIXTIME."""

import datetime

from mappings.formula.problems import UnacceptableError
from mappings.formula.values import number


def UNIXTIME(seconds: object) -> datetime.datetime | None:
    """Turn seconds since 1 January 1970 (UTC) into a time; divide milliseconds by 1000 first.

    >>> UNIXTIME(1774915200)
    2026-03-31T00:00:00+00:00
    """
    if seconds is None:
        return None
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    try:
        return start + datetime.timedelta(microseconds=int(number(seconds) * 1_000_000))
    except OverflowError:
        accepted = "seconds; divide milliseconds by 1000"
        raise UnacceptableError("The time is outside the calendar", value=seconds, accepted=accepted) from None
