"""One supervisor per STATE: the second start learns who runs and where."""

import datetime
import fcntl
import json
import os
import time
from pathlib import Path
from typing import IO

from hub.supervisor.problems import CannotStart, of_folder


class Alone:
    """The lock of a STATE folder. The kernel lets go of it when the process dies, however it dies."""

    def __init__(self, run: Path) -> None:
        self.path = run / "supervisor.json"  # pid, since, web, children: for doctor and the second start
        self._file: IO[str] | None = None
        self._since = ""

    def take(self) -> None:
        """Take the lock, or raise CannotStart that names the process that has it."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise of_folder(self.path.parent, error) from error
        self._file = os.fdopen(descriptor, "r+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise self._taken() from None
        self.say()

    @property
    def held(self) -> bool:
        """Tell whether some supervisor has the lock now."""
        try:
            with self.path.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            pass  # never started here
        return False

    @property
    def lost(self) -> bool:
        """Tell whether the file that we locked is no longer the one in its place: somebody removed the folder."""
        if self._file is None:
            return True
        try:
            return self.path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except OSError:
            return True

    def say(self, **facts: object) -> None:
        """Note who runs and where, for whoever comes second."""
        if self._file is None:
            return
        self._since = self._since or datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "since": self._since, **facts}, self._file)
        self._file.flush()

    def release(self) -> None:
        """Let go of the lock."""
        if self._file:
            self._file.close()
            self._file = None

    def _taken(self) -> CannotStart:
        found = _told_soon(self.path)
        who = f"process {found.get('pid', 'unknown')}, since {found.get('since', 'a moment ago')}"
        where = f" at {found['web']}" if found.get("web") else ""
        return CannotStart(
            f"Throughline already runs{where}",
            f"{who}, keeps its data in {self.path.parent.parent}.",
            "Use that one, stop it with Ctrl-C in its terminal"
            + (f" or with: kill {found['pid']}" if found.get("pid") else "")
            + "; or start another with its own folder and port: make run STATE=$HOME/second PORT=8001",
        )


def _told_soon(path: Path) -> dict[str, object]:
    """Return what the running supervisor noted; one that began this very moment is given a second to do so."""
    until = time.monotonic() + 1
    while not (found := told(path)) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def told(path: Path) -> dict[str, object]:
    """Return what the running supervisor noted in `path`, or nothing when that cannot be read."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
