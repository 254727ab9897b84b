"""A sign of life that workers and the clock leave in STATE, for whoever watches them and can ask them nothing.

`STATE/run/pulse-<name>@<machine>` is touched every few seconds and removed by a program that ends in order; a program
whose file is old hangs. `hub.signs` reads them.
"""

import os
from pathlib import Path

from django.conf import settings
from django_celery_beat.schedulers import DatabaseScheduler

from hub import signs

SECONDS = 15.0


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
        return min(float(super().tick(*args, **kwargs)), SECONDS)

    def close(self) -> None:
        """End in order."""
        end(signs.CLOCK)
        super().close()
