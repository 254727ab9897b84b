"""A running hub under its real supervisor, and its processes by the names that people use for them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from hub.supervisor import parts
from hub.supervisor.account import account
from hub.supervisor.options import ROOT
from hub.supervisor.places import DATA, places
from hub.supervisor.processes import Seen, leash, marked, running_in, wait_until

READY = "Throughline is running"
START_SECONDS = 180.0
STOP_SECONDS = 60.0
# What a program's command line says; the servers are found by the folder they work in.
PROGRAMS = {
    "worker-1": "-n worker-1@",
    "worker-2": "-n worker-2@",
    "beat": "hub.celery:app beat",
    "web": "gunicorn",
}
NAMES = (*PROGRAMS, "redis", "postgresql")


class House:
    """The hub of one STATE folder. Nothing that it starts outlives this process."""

    def __init__(self, state: Path, environment: Mapping[str, str]) -> None:
        self.state = state.resolve()
        self.output = self.state / "supervisor.log"
        self._environment = dict(environment)
        self._supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the supervisor and wait until it says that the hub runs. Raises RuntimeError with what it said."""
        self._spawn()
        said = wait_until(lambda: (self.running and READY in self._said()) or not self.running, START_SECONDS)
        if not said or not self.running:
            raise RuntimeError(f"The hub did not start:\n{self._said()}")

    def _spawn(self) -> None:
        env = {
            **os.environ, "STATE": str(self.state), "PORT": "0", "DEMO": "0", "DATABASE_URL": "", "REDIS_URL": "",
            "COLUMNS": "200", **self._environment,
        }  # fmt: skip
        with self.output.open("ab") as output:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "hub.supervisor"],
                cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                preexec_fn=leash(signal.SIGTERM),
            )  # fmt: skip

    @property
    def running(self) -> bool:
        """Tell whether the supervisor runs."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def _said(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def processes(self, name: str) -> list[Seen]:
        """Return the running processes of a program or server, the first of each being the one that leads."""
        if name in PROGRAMS:
            programs = marked(f"{parts.MARK}={self.state}")
            return sorted((p for p in programs if PROGRAMS[name] in p.command), key=lambda p: p.started)
        where = places(self.state, account(self.state / DATA))
        folder = where.sockets if name == "redis" else where.postgresql
        program = "redis-server" if name == "redis" else "postgres"
        return sorted(running_in(folder.resolve(), program), key=lambda p: p.started)

    def answers(self, seconds: float = 60.0) -> list[str]:
        """Return the programs that are not up, after waiting for all of them."""
        end = time.monotonic() + seconds
        while missing := [name for name in NAMES if not self.processes(name)]:
            if time.monotonic() > end:
                break
            time.sleep(0.2)
        return missing

    def stop(self) -> None:
        """Stop the hub in good order, and what does not obey by force."""
        if self._supervisor is None:
            return
        self._supervisor.terminate()
        try:
            self._supervisor.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        for name in NAMES:
            for left in self.processes(name):
                left.stop(signal.SIGKILL, seconds=5)
