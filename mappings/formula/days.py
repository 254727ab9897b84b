"""Days that texts have named: reading one anew takes longer than remembering it."""

from datetime import date
from typing import Any

from mappings.functions import FUNCTIONS

MOST = 4_000  # texts; ten years have fewer days
_read = FUNCTIONS["DATEVALUE"].call
_days: dict[str, date] = {}
known_day = _days.get


def named_day(value: Any) -> date | None:
    """Return what DATEVALUE gives, and remember it."""
    day: date | None = _read(value)
    if value.__class__ is str and day is not None:
        if len(_days) >= MOST:
            _days.clear()
        _days[value] = day
    return day
