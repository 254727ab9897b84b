"""Processes as the kernel knows them: started on a leash, recognised without doubt, stopped for certain.

A pid alone proves nothing, because pids are used again. A process is recognised by its pid together with the
moment it started, and a server also by the folder it works in.
"""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1  # prctl(2): the kernel sends this signal to a child when its parent dies


def leash(signal_number: int) -> Callable[[], None]:
    """Return a `preexec_fn`: the child gets `signal_number` when we die, and Ctrl-C in the terminal only reaches us.

    The parent may have died before the child asked, so the child looks whether it is an orphan already.
    """
    parent = os.getpid()

    def hold() -> None:
        os.setpgid(0, 0)
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return hold


@dataclass(frozen=True)
class Seen:
    """One process at one moment: `started` is the kernel's own count of clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def at(cls, pid: int) -> "Seen | None":
        """Return the running process `pid`, or None when it is gone or a zombie."""
        try:
            state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        except (OSError, ValueError):
            return None
        return None if state in "ZX" else cls(pid, int(fields[18]))

    @property
    def alive(self) -> bool:
        """Tell whether this very process, not a later one of the same pid, still runs."""
        return Seen.at(self.pid) == self

    @property
    def command(self) -> str:
        """Return its command line in one string, empty when it is gone."""
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""

    @property
    def folder(self) -> Path | None:
        """Return the folder it works in, None when it is gone or not ours to look at."""
        try:
            return Path(os.readlink(f"/proc/{self.pid}/cwd"))
        except OSError:
            return None

    def stop(self, *signals: int, seconds: float) -> None:
        """Send each of `signals` in turn, waiting `seconds` after each, until it is gone; one that sleeps is woken."""
        for number in signals:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
                os.kill(self.pid, signal.SIGCONT)  # a stopped process obeys only when it goes on
            if wait_until(lambda: not self.alive, seconds):
                return


def running_in(folder: Path, program: str) -> list[Seen]:
    """Return the processes of `program` that work in `folder`: how a server's orphans are found."""
    found = (Seen.at(pid) for pid in _pids())
    return [each for each in found if each and each.folder == folder and program in each.command]


def marked(mark: str) -> list[Seen]:
    """Return the processes that were started with the environment entry `mark` ("NAME=value"), ourselves apart."""
    wanted = os.fsencode(mark)
    return [each for pid in _pids() if pid != os.getpid() and wanted in _environment(pid) and (each := Seen.at(pid))]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone, or somebody else's
        return []


def _pids() -> Iterator[int]:
    return (int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait at most `seconds` for `condition`; return whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
