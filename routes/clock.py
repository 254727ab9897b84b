"""The database's clock when somebody sets it back: what was due an hour later must not wait an hour for that.

Each process compares the database's clock with its own count of seconds since boot, which nobody can set. A clock that
goes forward needs nothing here: leases end early, and whoever is late learns it from the conditions of its updates.
"""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

_log = logging.getLogger(__name__)
LEAST = 30.0  # seconds; a smaller step back is waited out, and is no longer than what a lease may cost anyway


@dataclass(slots=True)
class Watch:
    """What this process last saw of both clocks."""

    _seen: tuple[datetime, float] | None = field(default=None)

    def stepped_back(self, now: datetime, uptime: float) -> float:
        """Return by how many seconds the database's clock went back since the last look; 0 when it did not."""
        before, self._seen = self._seen, (now, uptime)
        if before is None:
            return 0.0
        back = (uptime - before[1]) - (now - before[0]).total_seconds()
        return back if back >= LEAST else 0.0


# What is due after more than half of the step was written before it; a second process that notices the same step finds
# nothing left. What it was truly going to wait stays the same.
SHIFTS = (
    "UPDATE routes_keyhead SET due_at = due_at - make_interval(secs => %(back)s),"
    " quiet_until = quiet_until - make_interval(secs => %(back)s)"
    " WHERE due_at > (SELECT hub_now()) + make_interval(secs => %(back)s / 2)",
    "UPDATE routes_effect SET settles_at = settles_at - make_interval(secs => %(back)s)"
    " WHERE state = 'unknown' AND settles_at > (SELECT hub_now()) + make_interval(secs => %(back)s / 2)",
    "UPDATE routes_inboundevent SET due_at = due_at - make_interval(secs => %(back)s)"
    " WHERE processed_at IS NULL AND due_at > (SELECT hub_now()) + make_interval(secs => %(back)s / 2)",
    "UPDATE routes_run SET due_at = due_at - make_interval(secs => %(back)s)"
    " WHERE due_at > (SELECT hub_now()) + make_interval(secs => %(back)s / 2)",
)
_watch = Watch()


def mend() -> float:
    """Look at the clock, and bring near what a step back has moved away; return the seconds of the step, mostly 0."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        back = _watch.stepped_back(cursor.fetchone()[0], time.clock_gettime(time.CLOCK_BOOTTIME))
    if back:
        moved = bring_near(back)
        _log.warning("clock.set_back seconds=%.0f rows_brought_near=%d", back, moved)
    return back


def bring_near(back: float) -> int:
    """Make what was due before the clock went back by `back` seconds due after its true wait; return how many rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        moved = 0
        for shift in SHIFTS:
            cursor.execute(shift, {"back": back})
            moved += cursor.rowcount
        return moved
