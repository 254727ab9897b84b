"""One program of the hub under supervision: started, watched, started anew after a growing pause, stopped."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.supervisor.processes import leash

FIRST_PAUSE = 0.5  # seconds before the first new start
LONGEST_PAUSE = 30.0
MOST_DOUBLINGS = 10  # of the first pause; more are never asked for, and a number that grew for a night has no seconds
HEALTHY_AFTER = 60.0  # a program that ran so long has earned its first pause back


@dataclass
class Child:
    """A program: `name` for people and the log file, `command` to run, `passes` file descriptors it inherits."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    logs: Path
    cwd: Path
    passes: tuple[int, ...] = ()
    grace: float = 15.0  # seconds between SIGTERM and SIGKILL
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    deaths: int = field(default=0, init=False)  # in a row
    due: float = field(default=0.0, init=False)  # monotonic time of the next start
    _began: float = field(default=0.0, init=False)

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.logs / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Tell whether it runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                cwd=self.cwd,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.passes,
                preexec_fn=leash(signal.SIGTERM),
            )
        self._began = time.monotonic()

    def watch(self) -> str:
        """Start it anew when it died and its pause is over; return what a person should hear, mostly nothing."""
        if self.running:
            return ""
        now = time.monotonic()
        if self.process is not None:
            return self._died(now)
        if now >= self.due:
            self.start()
        return ""

    def _died(self, now: float) -> str:
        code = self.process.returncode if self.process else 0
        self._clear_group()
        self.deaths = 1 if now - self._began > HEALTHY_AFTER else self.deaths + 1
        pause = min(FIRST_PAUSE * 2 ** min(self.deaths - 1, MOST_DOUBLINGS), LONGEST_PAUSE)
        self.due = now + pause
        how = f"was killed ({_name_of(-code)})" if code < 0 else f"ended with code {code}"
        return f"{self.name} {how}; it starts again in {pause:g} s. Its last words are in {self.log}"

    def ask_to_stop(self) -> None:
        """Ask it to end, without waiting."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """End it at once, though it hangs or is stopped; `watch` starts it anew."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Wait for its end, and force it when it takes longer than its grace."""
        if self.process is None:
            return
        try:
            self.process.wait(self.grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._clear_group()

    def _clear_group(self) -> None:
        """Forget the ended process and kill what it left behind; the kernel gives its group's number to nobody else."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process = None


def _name_of(number: int) -> str:
    """Return a signal's name; most of those for real time have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
