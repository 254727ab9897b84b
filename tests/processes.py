"""Real processes and servers of one's own for tests that kill things. Nothing started here outlives its test."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from django.db import connections

from hub.supervisor.processes import leash
from hub.supervisor.servers import Servers
from tests import prepared

ROOT = Path(__file__).resolve().parent.parent


class Started:
    """A process that a test started: its output is collected in a file, and it is killed at the test's end."""

    def __init__(self, args: Sequence[str], env: Mapping[str, str], log: Path, cwd: Path) -> None:
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [str(each) for each in args],
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=leash(signal.SIGKILL),
            )
        self.log = log

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        """What it wrote so far, standard output and errors together."""
        return self.log.read_text(errors="replace")

    def wait(self, seconds: float = 60) -> int:
        """Wait for its end and return its exit code; fail with its output when it takes longer."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s:\n{self.output}")

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Wait until `text` stands in its output; fail with the output when it ends or takes longer."""
        end = time.monotonic() + seconds
        while text not in self.output:
            if self.process.poll() is not None and text not in self.output:
                pytest.fail(f"ended with {self.process.returncode} without saying {text!r}:\n{self.output}")
            if time.monotonic() > end:
                pytest.fail(f"did not say {text!r} in {seconds} s:\n{self.output}")
            time.sleep(0.02)

    def signal(self, number: int) -> None:
        """Send SIGSTOP, SIGCONT, SIGTERM…"""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it with its whole group and wait for its end."""
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                self.process.kill()
        self.process.wait()


StartProcess = Callable[..., Started]


def environment(servers: Servers | None = None) -> dict[str, str]:
    """Return the environment in which a process finds this test's database, or that of `servers`."""
    found = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV_"))}
    if servers:
        return found | servers.environment | {"STATE": str(servers.places.state)}
    default = connections.settings["default"]
    return found | {"DATABASE_URL": f"postgresql://{default['USER']}@/{default['NAME']}?host={default['HOST']}"}


@pytest.fixture
def start_process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StartProcess]:
    """Return `start_process(args, env=None, cwd=ROOT) -> Started`.

    `args[0] == "python"` means this test's own Python. `env` adds to the environment, which names the test's
    database (use a transactional one) or, when the test also has the fixture `servers`, those servers.
    """
    started: list[Started] = []
    own = request.getfixturevalue("servers") if "servers" in request.fixturenames else None

    def start(args: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Started:
        command = [sys.executable, *args[1:]] if args[0] == "python" else list(args)
        log = tmp_path / f"process-{len(started)}.log"
        started.append(Started(command, environment(own) | dict(env or {}), log, cwd))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.signal(signal.SIGCONT)
        each.kill()


@pytest.fixture
def servers() -> Iterator[Servers]:
    """A PostgreSQL and a Redis of this test's own, migrated and empty: kill them as you like, then `start()` again.

    `kill_postgresql()`, `kill_redis()`, `stop()`, `start()`, `postgresql.stop()`, `redis.start()`, `environment`.
    """
    state = prepared.new_folder()
    own = Servers.below(state)
    try:
        prepared.copy_cluster(own.postgresql.data)
        own.start()
        yield own
    finally:
        own.stop()
        shutil.rmtree(own.places.sockets, ignore_errors=True)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def own_database(servers: Servers, django_db_blocker: pytest.FixtureRequest) -> Iterator[Servers]:
    """Point Django in the test itself at `servers`: rows are really committed, and gone with the servers."""
    settings = connections.settings["default"]
    before = dict(settings)
    connections.close_all()
    from hub.settings import _database as as_django  # only now: settings read the addresses of the running servers

    settings.update(as_django(servers.postgresql.url))
    with django_db_blocker.unblock():
        yield servers
        connections.close_all()
    settings.update(before)
