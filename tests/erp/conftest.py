"""The real Tryton for tests marked `erp`: prepared in the background from the moment it is known to be needed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.supervisor.processes import leash
from tests.erp.cutting import CuttingProxy
from tests.erp.direct import Direct
from tests.erp.places import Places
from tests.erp.prepare import DATABASE, address, copy_database
from tests.erp.server import TrytonServer
from tests.erp.talking import Talk
from tests.processes import environment

ROOT = Path(__file__).resolve().parent.parent.parent
PREPARATION_SECONDS = 240.0  # generous: it shares two cores with the rest of the suite

_preparation: list[subprocess.Popen[bytes]] = []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the preparation when a test needs it: the first process of the run to come here does."""
    if any(item.get_closest_marker("erp") for item in session.items) and not session.config.option.collectonly:
        places = Places.of_this_run()
        places.run.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(places.run / "started", os.O_CREAT | os.O_EXCL))
            with places.log.open("ab") as log:
                command = [sys.executable, "-m", "tests.erp.prepare"]
                _preparation.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave no preparation behind when the run ends before it; with xdist another process may still wait for it."""
    alone = not hasattr(session.config, "workerinput")
    for process in _preparation:
        if alone:
            process.kill()
        process.wait()


@dataclass(frozen=True)
class Tryton:
    """The running ERP. `firm` holds the ids of what was seeded: customers, employees, projects, periods, accounts…"""

    server: TrytonServer
    firm: dict[str, Any]
    database: str
    _direct: dict[str, Direct] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Scheme, host and port of the server itself, not of a proxy before it."""
        return self.server.base_url

    @property
    def users(self) -> dict[str, dict[str, Any]]:
        """Id, password and REST key by login: `hub` has all rights it needs, `clerk` none for accounting."""
        return dict(self.firm["users"])

    @property
    def direct(self) -> Direct:
        """A client for assertions that shares no code with the hub."""
        if "hub" not in self._direct:
            self._direct["hub"] = Direct(self.base_url, self.database, "hub", self.users["hub"]["password"])
        return self._direct["hub"]

    def answers(self, login: str = "hub", base_url: str = "") -> dict[str, str]:
        """Return what an admin answers for a connection of `login`; its one secret is the password in `users`."""
        return {
            "server": base_url or self.base_url,
            "database": self.database,
            "login": login,
            "company": str(self.firm["company"]),
        }

    def talk(self, login: str = "hub", base_url: str = "", timeout: float = 30.0) -> Talk:
        """Return a connection of the hub; `base_url` is that of a proxy in between. Close its engine after use."""
        return Talk(self.answers(login, base_url), {"password": self.users[login]["password"]}, timeout)

    def end_sessions(self) -> None:
        """End every session, as the server does after some idle time."""
        self._direct.clear()
        with psycopg.connect(address(self.database), autocommit=True) as connection:
            connection.execute("DELETE FROM ir_session")


@pytest.fixture(scope="session")
def tryton() -> Iterator[Tryton]:
    """The real Tryton with the firm of firm.py in it; the first test waits until it is prepared.

    Each process of pytest has a server and a database of its own: tests that lock or post meet nobody else.
    """
    places = Places.of_this_run()
    _wait_for(places)
    database = f"{DATABASE}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    copy_database(database)
    server = TrytonServer(places, database)
    server.start()
    yield Tryton(server, json.loads(places.facts.read_text()), database)
    server.kill()  # in good order it would first wait for connections that idle in pools


@pytest.fixture
async def talk(tryton: Tryton) -> AsyncIterator[Talk]:
    """The hub's connection to Tryton, as the user who has all rights."""
    talk = tryton.talk()
    yield talk
    await talk.engine.close()


@pytest.fixture
def proxy(tryton: Tryton) -> Iterator[CuttingProxy]:
    """A proxy before the real Tryton that cuts connections on demand."""
    proxy = CuttingProxy(tryton.server.port)
    yield proxy
    proxy.close()


def _wait_for(places: Places) -> None:
    end = time.monotonic() + PREPARATION_SECONDS
    while not places.facts.exists():
        if places.failed.exists() or time.monotonic() > end:
            pytest.fail(f"Tryton could not be prepared:\n{places.log.read_text()[-4000:]}", pytrace=False)
        time.sleep(0.1)


@pytest.fixture(scope="session")
def forker(django_db_setup: None) -> Iterator[subprocess.Popen[str]]:
    """A process that forks workers: Django is loaded once for all of them."""
    settings = {"LEASE_SECONDS": "20", "REQUEST_TIMEOUT_SECONDS": "9"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.routes.worker"],
        cwd=ROOT, env=environment() | settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        preexec_fn=leash(signal.SIGKILL),
    )  # fmt: skip
    yield process
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


@pytest.fixture
def worker_that_dies(forker: subprocess.Popen[str], tryton: Tryton) -> Callable[[str], None]:
    """Return `worker_that_dies(point)`: a process works on what is due until it is killed at that point."""

    def work(point: str) -> None:
        order = {"die_at": point, "leaps": 0, "seconds": 0, "allowed": [f"127.0.0.1:{tryton.server.port}"]}
        assert forker.stdin is not None
        assert forker.stdout is not None
        forker.stdin.write(json.dumps(order) + "\n")
        forker.stdin.flush()
        said = next(line for line in forker.stdout if line != "ready\n")
        assert int(said) == -signal.SIGKILL, f"{point} was never reached"

    return work


@pytest.fixture
def make_hub(tryton: Tryton, transactional_db: None, settings: Any) -> Iterator[Callable[..., Any]]:
    """Return `make_hub(base_url="", login="hub") -> Hub`: the hub with routes to the real Tryton, see routed.py."""
    from connectors import loop  # the first conftest to load is read before Django's settings are
    from routes import plan
    from tests import clocks
    from tests.erp import routed

    def make(base_url: str = "", **more: Any) -> Any:
        ports = [(base_url or tryton.base_url).rsplit(":", 1)[1], str(tryton.server.port)]
        settings.OUTBOUND_ALLOWED = [f"127.0.0.1:{port}" for port in ports]
        return routed.make(tryton, base_url=base_url, **more)

    plan.plan.cache_clear()
    loop.stop()
    yield make
    loop.stop()
    clocks.set_right()
