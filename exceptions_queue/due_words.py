"""The deadlines of items as pages say them: a countdown in the company's working time, and the time itself."""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from exceptions_queue import naming
from exceptions_queue.countdown import absolute, countdown
from exceptions_queue.models import WorkItem
from governance.actor import By
from governance.calendars import working_times
from governance.working_time import WorkingTime


class Due(NamedTuple):
    """When something is due."""

    moment: dt.datetime
    left: str  # "in 1 working day 3 h"
    absolute: str  # "Fri 4 Dec 2026 18:00 (Europe/Berlin)"
    of: str  # what for
    is_past: bool


def due_words(items: Iterable[WorkItem], now: dt.datetime, by: By) -> dict[int, Due]:
    """Return by number when open items are due, of those that are, as somebody may read it.

    Four queries, or none where nothing is due.
    """
    due = [item for item in items if item.due_at and item.is_open and item.members]
    if not due:
        return {}
    times = working_times({item.legal_entity_id for item in due})
    found = {}
    for item in due:
        working = times[item.legal_entity_id]
        assert item.due_at
        found[item.number] = due_of(item.due_at, naming.due_of(item.due_key, item.due_of, by), now, working)
    return found


def due_of(moment: dt.datetime, of: str, now: dt.datetime, working: WorkingTime) -> Due:
    """Return a deadline in words."""
    return Due(moment, countdown(moment, now, working), absolute(moment, working), of, moment <= now)
