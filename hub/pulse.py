"""A sign of life that workers and the clock leave in STATE, for whoever watches them and can ask them nothing.

`STATE/run/pulse-<name>` is touched every few seconds; a program whose file is old hangs.
"""

import os
import socket
from pathlib import Path

from django.conf import settings
from django_celery_beat.schedulers import DatabaseScheduler

SECONDS = 15.0


def beat(name: str) -> None:
    """Leave a sign of life of the program `name` on this machine."""
    path = Path(settings.STATE) / "run" / f"pulse-{name}@{socket.gethostname()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path)


class Scheduler(DatabaseScheduler):  # type: ignore[misc]  # the package has no types
    """The clock's schedule, with a sign of life at each of its rounds."""

    def tick(self, *args: object, **kwargs: object) -> float:
        """Send what is due; return the seconds until the next round, few enough for the sign to stay fresh."""
        beat("beat")
        return min(float(super().tick(*args, **kwargs)), SECONDS)
