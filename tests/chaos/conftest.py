"""A hub of a test's own under its real supervisor, one way through it, and Django in the test looking into its rows."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connections

from chaos.house import House
from chaos.times import Times, write_connectors
from hub.supervisor import parts
from hub.supervisor.addresses import remembered
from hub.supervisor.options import ROOT
from hub.supervisor.processes import marked, running_in
from sandbox.launch import Simulator
from tests import prepared

TIMES = Times(lease=4, timeout=1.5, late=2)


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder STATE with a migrated database; whatever still works in it at the end is killed."""
    folder = prepared.new_state()
    yield folder
    left = marked(f"{parts.MARK}={folder}") + running_in(folder / "postgresql", "postgres")
    for each in left + running_in(folder / "sockets", "redis-server"):
        each.stop(signal.SIGKILL, seconds=10)
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Scene:
    """A running hub with one way from a ledger's source to the same ledger as target."""

    house: House
    ledger: Simulator
    way: "object"
    entries: int

    def committed(self) -> int:
        """How many entries the target has, by its own count."""
        return int(self.ledger.admin("GET", "totals")["keys"])

    def wait_for_commits(self, least: int, seconds: float = 60) -> None:
        """Wait until the target has so many entries."""
        end = time.monotonic() + seconds
        while (found := self.committed()) < least:
            assert time.monotonic() < end, f"only {found} of {least} entries arrived in {seconds} s; {self.said()}"
            time.sleep(0.1)

    def said(self) -> str:
        """The last words of the hub's logs."""
        logs = [self.house.output, *sorted((self.house.state / "logs").glob("*.log"))]
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-800:]}" for log in logs)

    def judge(self, seconds: float = 60) -> None:
        """Wait until all has come to rest; nothing may be lost, doubled, or with people."""
        from chaos import books, target
        from sandbox.ledger.truth import compare

        self.wait_for_commits(self.entries, seconds)
        end = time.monotonic() + seconds
        while books.standing(self.way).to_do and time.monotonic() < end:
            time.sleep(0.2)
        truth = compare(target.entries_of(self.ledger), target.written(self.ledger))
        assert (truth.lost, truth.doubled, truth.wrong, truth.unasked) == ([], [], [], [])
        assert books.standing(self.way).states == {"posted": self.entries}


Begin = Callable[..., Scene]


@pytest.fixture
def begin(state: Path, django_db_blocker: pytest.FixtureRequest) -> Iterator[Begin]:
    """Return `begin(write_class, entries, latency, **environment)`: it starts the hub and asks for the first run."""
    from chaos import target
    from governance import keys
    from hub.settings import _database as as_django

    settings = connections.settings["default"]
    before = dict(settings)

    def start(write_class: str, *, entries: int, latency: float, **more: str) -> Scene:
        ledger = stack.enter_context(target.start(write_class, state=state, entries=entries, seed=5))
        ledger.set_faults(latency=latency)
        write_connectors(ROOT / "sandbox" / "connectors", state / "connectors", TIMES)
        if not keys.file().exists():  # no database of this run has secrets that another key has sealed
            keys._make(keys.file())
        env = {
            "CONNECTOR_PATHS": str(state / "connectors"),
            "OUTBOUND_ALLOWED": f"127.0.0.1:{ledger.port}",
            "THROUGHLINE_KEYS": ",".join((Path(os.environ["STATE"]) / "keys").read_text().split()),
        }
        house = House(state, TIMES.environment | env | more)
        stack.callback(house.stop)
        house.start()
        connections.close_all()
        settings.update(as_django(remembered(state)["DATABASE_URL"]))
        from chaos import firm

        way = firm.make(write_class, ledger.url)
        firm.ask_for_run(way)
        return Scene(house, ledger, way, entries)

    with ExitStack() as stack, django_db_blocker.unblock():
        yield start
        connections.close_all()
        settings.update(before)
