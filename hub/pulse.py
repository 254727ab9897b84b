"""A sign of life that workers and the clock leave in STATE, for whoever watches them and can ask them nothing.

`STATE/run/pulse-<name>@<machine>` is touched every few seconds and removed by a program that ends in order; a program
whose file is old hangs. `hub.signs` reads them.
"""

import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from celery.utils.time import maybe_make_aware
from django.conf import settings
from django_celery_beat.schedulers import DatabaseScheduler

from hub import signs

SECONDS = 15.0
LEAST = timedelta(seconds=2)  # a smaller step back is waited out
_log = logging.getLogger(__name__)


def beat(name: str) -> None:
    """Leave a sign of life of the program `name` on this machine."""
    path = signs.place(Path(settings.STATE), name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path)


def end(name: str) -> None:
    """Take the sign away: the program ends in order, and nobody is to wait for its next sign."""
    signs.place(Path(settings.STATE), name).unlink(missing_ok=True)


class Scheduler(DatabaseScheduler):  # type: ignore[misc]  # the package has no types
    """The clock's schedule, with a sign of life at each of its rounds."""

    def tick(self, *args: object, **kwargs: object) -> float:
        """Send what is due; return the seconds until the next round, few enough for the sign to stay fresh."""
        beat(signs.CLOCK)
        self._go_by_the_clock_as_it_is()
        return min(float(super().tick(*args, **kwargs)), SECONDS)

    def _go_by_the_clock_as_it_is(self) -> None:
        """Let what was last sent at a time to come count as sent just now, and put all of it in order anew.

        Somebody has set the machine's clock back; else nothing would be sent until it shows that time once more.
        """
        now = datetime.now(tz=UTC)
        ahead = [each for each in self.schedule.values() if maybe_make_aware(each.last_run_at) > now + LEAST]
        if not ahead:
            return
        _log.warning("clock.set_back tasks=%d", len(ahead))
        for each in ahead:
            each.last_run_at = each.model.last_run_at = now
            self._dirty.add(each.name)  # the rows say so, too: they are read anew all the time
        self._last_full_sync = datetime.now()  # noqa: DTZ005 - theirs has no zone either
        self._heap = None

    def close(self) -> None:
        """End in order."""
        end(signs.CLOCK)
        super().close()
