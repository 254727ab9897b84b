"""Real Celery workers on the real servers, and the sweep that the clock process sends them."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from kombu import Connection as Broker

from hub.celery import app
from hub.environment.broker import for_celery
from hub.supervisor.processes import leash
from hub.supervisor.servers import Servers
from sandbox.launch import Simulator
from tests.processes import ROOT, environment

LANES = "posting,master,analytics,intake"
PIPELINE = ("routes.tasks.sweep",)
QUEUE = ("exceptions_queue.tasks.sweep", "exceptions_queue.bulk.tasks.sweep")


class Crew:
    """Two workers (or more) with a broker of their own, so that no other test's nudges reach them."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], *, servers: Servers | None = None, room: int = 1, size: int = 2,
        sweeps: Sequence[str] = PIPELINE,
    ) -> None:  # fmt: skip
        found = environment(servers)
        found["REDIS_URL"] += f"?db={room}"  # one of Redis's sixteen numbered databases
        # the keys of this process's secrets lie in its own STATE
        self.env = found | {"LOG_LEVEL": "INFO", "STATE": os.environ["STATE"]} | dict(env)
        self.broker = for_celery(found["REDIS_URL"])
        self.folder = folder
        self.sweeps = sweeps  # what the clock process sends every few seconds
        self.workers = [self._start(number) for number in range(size)]
        try:
            for number in range(size):
                self._wait_for(number, "ready.")
        except BaseException:
            self.end()
            raise

    def _start(self, number: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "celery", "-A", "hub.celery:app", "worker", "-Q", LANES, "-P", "threads",
                   "-c", "4", "-n", f"{self.folder.name}-{number}@here", "--loglevel", "INFO", "--without-gossip",
                   "--without-mingle", "--without-heartbeat"]  # fmt: skip
        with self._log(number).open("wb") as out:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=out, stderr=subprocess.STDOUT, preexec_fn=leash(signal.SIGKILL)
            )

    def _log(self, number: int) -> Path:
        return self.folder / f"worker-{number}.log"

    def _wait_for(self, number: int, words: str) -> None:
        end = time.monotonic() + 60
        while words not in self._log(number).read_text(errors="replace"):
            if time.monotonic() > end or self.workers[number].poll() is not None:
                pytest.fail(f"worker {number} did not say {words!r}:\n{self.output()}")
            time.sleep(0.05)

    def output(self) -> str:
        """Return what all workers wrote."""
        return "\n".join(self._log(n).read_text(errors="replace")[-4000:] for n in range(len(self.workers)))

    def signal(self, number: int, what: signal.Signals) -> None:
        """Send SIGSTOP, SIGCONT… to one worker."""
        self.workers[number].send_signal(what)

    def kill(self, number: int) -> None:
        """Take one worker away at whatever it is doing, as `kill -9` does."""
        self.workers[number].kill()
        self.workers[number].wait()

    def join(self) -> int:
        """Start one worker more; return its number once it is ready."""
        number = len(self.workers)
        self.workers.append(self._start(number))
        self._wait_for(number, "ready.")
        return number

    def sweep(self) -> None:
        """Send what the clock process sends every few seconds."""
        with Broker(self.broker) as broker:
            for name in self.sweeps:
                app.send_task(name, queue="master", connection=broker, ignore_result=True, expires=10)

    def until(self, done: Callable[[], bool], *, seconds: float = 240, what: str = "", every: float = 0.25) -> None:
        """Sweep every so many seconds until something is so; fail with the workers' words when it takes longer."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                for worker in self.workers:
                    worker.send_signal(signal.SIGCONT)  # a stopped one may hold rows that the next test empties
                pytest.fail(f"not so within {seconds} s: {what}\n{self.output()}")
            self.sweep()
            time.sleep(every)

    def end(self) -> None:
        """Kill all workers."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait()


def quick_connectors(folder: Path) -> str:
    """Write the ledgers' manifests anew with a settle time of two seconds; return the value of CONNECTOR_PATHS."""
    for manifest in (ROOT / "sandbox" / "connectors").glob("*/manifest.yaml"):
        text = re.sub(r"settle_seconds: [\d.]+", "settle_seconds: 2", manifest.read_text())
        (folder / manifest.parent.name).mkdir(parents=True)
        (folder / manifest.parent.name / "manifest.yaml").write_text(text)
    return str(folder)


def allow(*simulators: Simulator) -> dict[str, str]:
    """Return the environment in which workers may reach simulators."""
    return {"OUTBOUND_ALLOWED": ",".join(f"127.0.0.1:{each.port}" for each in simulators)}


def restart(simulator: Simulator, mode: str) -> None:
    """Empty a ledger and let it behave well, in another mode."""
    simulator.set_faults()
    simulator.admin("POST", "reset", {"mode": mode})
