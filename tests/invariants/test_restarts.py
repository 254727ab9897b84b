"""The database and the broker are killed and come back while workers run: work pauses, goes on, nothing is doubled."""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, close_old_connections, connections

from governance.actor import ENGINE
from hub.supervisor.servers import Servers
from routes import accounting, runs
from routes.models import Effect, KeyHead, Run, Transaction
from sandbox.launch import Simulator
from sandbox.ledger import truth
from tests.invariants.crew import Crew, allow, quick_connectors
from tests.routes import world as worlds

pytestmark = pytest.mark.processes
ENTRIES = 400


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator.start("ledger", state=tmp_path / "ledger", mode="look_up", entries=ENTRIES) as started:
        started.set_faults(latency=0.05)
        yield started


@pytest.fixture
def crew(own_database: Servers, ledger: Simulator, tmp_path: Path) -> Iterator[Crew]:
    env = {
        "LEASE_SECONDS": "4", "REQUEST_TIMEOUT_SECONDS": "1.5", "DELIVERY_BATCH": "20", "DELIVERY_AT_ONCE": "4",
        "CONNECTOR_PATHS": quick_connectors(tmp_path / "connectors"), **allow(ledger),
    }  # fmt: skip
    made = Crew(tmp_path, env, servers=own_database)
    yield made
    made.end()


def posted() -> int:
    """Return how many are posted; nothing while the database is away."""
    close_old_connections()
    try:
        return Transaction.objects.filter(state="posted").count()
    except (OperationalError, InterfaceError):
        connections.close_all()
        return -1


def test_servers_that_are_killed_and_restarted_lose_and_double_nothing(
    own_database: Servers, crew: Crew, ledger: Simulator
) -> None:
    world = worlds.make("ledger_look_up", over_http=ledger.url)
    runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    crew.until(lambda: posted() > 20, what="the work has begun")
    own_database.kill_postgresql()
    at_death = ledger.admin("GET", "totals")["commits"]
    time.sleep(0.5)
    own_database.postgresql.start()
    crew.until(lambda: posted() > min(at_death + 20, ENTRIES // 2), what="it goes on after the database came back")
    before = posted()
    assert before < ENTRIES, "all was done before the broker died"
    own_database.kill_redis()
    time.sleep(0.5)
    own_database.redis.start()
    crew.until(lambda: posted() == ENTRIES, what="it goes on after the broker came back")
    lines = ledger.request("GET", "/_sandbox/source")[1].decode().splitlines()
    verdict = truth.compare([json.loads(line, parse_float=Decimal) for line in lines], ledger.log())
    assert (verdict.lost, verdict.doubled, verdict.wrong) == ([], [], [])
    assert len(verdict.posted) == ENTRIES
    assert not KeyHead.objects.exclude(transaction_id=None).exists()
    assert not Effect.objects.exclude(state__in=["confirmed", "refused"]).exists()
    assert accounting.books(Run.objects.get()).balanced
    assert accounting.unexplained() == []
