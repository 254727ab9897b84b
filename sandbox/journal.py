"""The append-only log of a simulator, one JSON object per line: its memory across restarts and the tests' truth.

A line is handed to the kernel before the answer that depends on it leaves the process, so `kill -9` of the simulator
loses no line whose answer was given. It is not fsynced: the page cache outlives the process, and a test machine that
loses power starts its run again.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


class Journal:
    """One log file. `add` collects lines, `flush` hands all of them to the kernel in one write."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; a torn last line (no answer was given for it) is cut off.

        Raises OSError when another process writes it already.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however it ends
        except OSError as error:
            os.close(self._descriptor)
            raise OSError(error.errno, "another simulator works in this state folder", str(path)) from error
        _cut_torn_tail(path)
        self._waiting: list[bytes] = []

    def add(self, line: dict[str, Any]) -> None:
        """Collect one line; it is on record only after `flush`."""
        self._waiting.append(_encode(line))

    def flush(self) -> None:
        """Write what was collected, completely, or raise OSError (disk full) before any answer is given."""
        if not self._waiting:
            return
        rest = memoryview(b"\n".join(self._waiting) + b"\n")
        self._waiting = []
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def write(self, line: dict[str, Any]) -> None:
        """Add one line and hand it to the kernel at once."""
        self.add(line)
        self.flush()

    def clear(self) -> None:
        """Forget everything: the only way in which the log ever shrinks, and only by an admin's reset."""
        self._waiting = []
        os.ftruncate(self._descriptor, 0)

    def close(self) -> None:
        """Flush and close the file."""
        self.flush()
        os.close(self._descriptor)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log, oldest first; a last line without its newline is not on record and is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield msgspec.json.decode(line)


def _cut_torn_tail(path: Path) -> None:
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        keep = size
        while keep:
            start = max(0, keep - 65536)
            file.seek(start)
            found = file.read(keep - start).rfind(b"\n")
            keep = start + found + 1 if found >= 0 else start
            if found >= 0:
                break
        file.truncate(keep)
