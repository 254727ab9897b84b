"""The hub's clock is the database's, and somebody may set it. This notices it, mends what would wait for it, and tells.

Each machine compares the clock with its own count of seconds since its start, which nobody can set, and keeps both in a
row: so a step is noticed although every worker was away when it happened. A clock that goes ahead needs no mending:
leases end early, whoever is late learns it from the conditions of its updates, and settle times do not go by the clock
(`settling`).
"""

import logging
import os
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import NAMESPACE_OID, uuid4, uuid5

from django.conf import settings
from django.db import connection, transaction

from connectors import clock as connectors_clock
from routes import locks
from routes.models import ClockSight, ClockStep

_log = logging.getLogger(__name__)
LEAST = 30.0  # seconds; a smaller step back is waited out, and is no longer than what a lease may cost anyway
DRIFT = 0.001  # share by which two clocks may differ in how fast they go; far more than any two do
AT_ONE_MOMENT = 1.0  # seconds that reading both clocks may take; who was stopped in between reads them again
passed = 0.0  # seconds that a test lets pass


def uptime() -> float:
    """Return the seconds since this machine was started, those of its sleep included; nobody can set them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) + passed


@cache
def machine() -> str:
    """Return a name for this start of this machine: `uptime()` can be compared within it, and nowhere else.

    Where the system does not tell (it is no Linux, or hides /proc), each process counts for itself.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return str(uuid5(NAMESPACE_OID, boot + os.readlink("/proc/self/ns/time")))  # containers may shift the seconds
    except OSError:
        return str(uuid4())


@dataclass(frozen=True, slots=True)
class Sight:
    """What both clocks showed at one moment."""

    now: datetime
    uptime: float

    def step_since(self, before: "Sight") -> float:
        """Return by how many seconds the clock was set ahead (back: below 0) since then; 0 when it only went on."""
        gone = self.uptime - before.uptime
        step = (self.now - before.now).total_seconds() - gone
        return step if abs(step) >= max(LEAST, DRIFT * gone) else 0.0


def mend() -> float:
    """Look at the clock, and bring near what a step back has moved away; return the step in seconds, mostly 0."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [locks.CLOCK])
        seen = look()
        if seen is None:
            return 0.0
        step = _step(seen)
        if step:
            ClockSight.objects.all().delete()  # the other machines' too: none of them notices this step once more
        ClockSight.objects.update_or_create(machine=machine(), defaults={"seen_at": seen.now, "uptime": seen.uptime})
        if step:
            moved = bring_near(-step) if step < 0 else 0
            ClockStep.objects.create(noticed_at=seen.now, seconds=step, moved=moved)
            word = "back" if step < 0 else "ahead"
            _log.warning("clock.set_%s seconds=%.0f rows_brought_near=%d", word, abs(step), moved)
    return step


def look() -> Sight | None:
    """Read both clocks; None when this process was stopped in between each time, as on a machine that has no time."""
    for _ in range(3):
        before = uptime()
        with connection.cursor() as cursor:
            cursor.execute("SELECT hub_now()")
            now = cursor.fetchone()[0]
        after = uptime()
        if after - before <= AT_ONE_MOMENT:
            return Sight(now, after)
    return None


def _step(seen: Sight) -> float:
    """Return the step since this machine last looked; after its start, how far the clock is behind what others saw."""
    rows = {row.machine: Sight(row.seen_at, row.uptime) for row in ClockSight.objects.all()}
    if machine() in rows:
        return seen.step_since(rows[machine()])
    behind = max(((each.now - seen.now).total_seconds() for each in rows.values()), default=0.0)
    return -behind if behind >= LEAST else 0.0


# Whatever lies in the future was written before the step, or within the few seconds until it was noticed; the latter
# comes up early, which costs a question or a try. A lease that may have been taken since is left alone.
SHIFTS = (
    "UPDATE routes_keyhead SET due_at = due_at - make_interval(secs => %(back)s) WHERE due_at > (SELECT hub_now())"
    " AND (lease_owner IS NULL OR due_at > (SELECT hub_now()) + make_interval(secs => %(lease)s))",
    "UPDATE routes_keyhead SET quiet_until = quiet_until - make_interval(secs => %(back)s)"
    " WHERE quiet_until > (SELECT hub_now())",
    "UPDATE routes_effect SET settles_at = settles_at - make_interval(secs => %(back)s)"
    " WHERE state = 'unknown' AND settles_at > (SELECT hub_now())",
    "UPDATE routes_run SET due_at = due_at - make_interval(secs => %(back)s) WHERE due_at > (SELECT hub_now())"
    " AND (lease_owner IS NULL OR due_at > (SELECT hub_now()) + make_interval(secs => %(lease)s))",
    "UPDATE routes_consignment SET due_at = due_at - make_interval(secs => %(back)s)"
    " WHERE due_at > (SELECT hub_now()) + make_interval(secs => %(lease)s)",
    "UPDATE routes_inboundevent SET due_at = due_at - make_interval(secs => %(back)s)"
    " WHERE processed_at IS NULL AND due_at > (SELECT hub_now())",
    "UPDATE routes_delivery SET due_at = due_at - make_interval(secs => %(back)s)"
    " WHERE done_at IS NULL AND due_at > (SELECT hub_now())"
    " AND (lease_owner IS NULL OR due_at > (SELECT hub_now()) + make_interval(secs => %(lease)s))",
    "UPDATE routes_subscription SET due_at = due_at - make_interval(secs => %(back)s)"
    " WHERE due_at > (SELECT hub_now())",
)


def bring_near(back: float) -> int:
    """Make what was due before the clock went back by `back` seconds due after its true wait; return how many rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        moved = connectors_clock.bring_near(back)
        for shift in SHIFTS:
            cursor.execute(shift, {"back": back, "lease": settings.LEASE_SECONDS})
            moved += cursor.rowcount
        return moved
