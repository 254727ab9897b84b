"""Signs of life: the files that workers and the clock touch every few seconds, and how old each is.

Standard library only: the supervisor reads them, too.
"""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLOCK = "beat"
LATE_SECONDS = 60.0  # without a sign, after which a program is told to hang
OLD_SECONDS = 86400.0  # after which a file is that of a program that is gone, and nobody looks at it


@dataclass(frozen=True)
class Sign:
    """The last sign of a program: its `name`, the machine that it runs on, and `seconds` since then."""

    name: str
    machine: str
    seconds: float
    path: Path

    @property
    def is_late(self) -> bool:
        """Tell whether the program hangs, or was killed and not started again."""
        return self.seconds > LATE_SECONDS


def place(state: Path, name: str) -> Path:
    """Return the file that the program `name` of this machine touches."""
    return state / "run" / f"pulse-{name}@{socket.gethostname()}"


def signs(state: Path) -> Iterator[Sign]:
    """Yield the last sign of every program that shares the folder `state`, by name, none older than a day."""
    for path in sorted((state / "run").glob("pulse-*@*")):
        try:
            seconds = time.time() - path.stat().st_mtime
        except OSError:  # it ended just now
            continue
        if seconds <= OLD_SECONDS:
            name, _, machine = path.name.removeprefix("pulse-").partition("@")
            yield Sign(name, machine, max(seconds, 0.0), path)
