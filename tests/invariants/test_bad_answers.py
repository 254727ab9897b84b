"""Vendors that answer badly: the run stops or waits with its cursor unmoved, one failure says why, the next resumes."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from canonical.failure import Category
from connectors import breaker, loop
from connectors.models import Connection
from connectors.outcome import Result, WriteOutcome
from governance.actor import ENGINE
from routes import accounting, deliver, runs
from routes.models import Failure, Record, Run, StreamCursor, Transaction
from sandbox.launch import Simulator
from tests.routes.world import World, entry, refused

Make = Callable[..., World]
ENTRIES = 1100  # three pages


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with Simulator.start("ledger", state=tmp_path_factory.mktemp("ledger"), mode="look_up", entries=ENTRIES) as started:
        yield started


@pytest.fixture
def source(quick_world: Make, ledger: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A route whose source is the real simulator."""
    monkeypatch.setattr(settings, "OUTBOUND_ALLOWED", [f"127.0.0.1:{ledger.port}"])
    loop.stop()  # an engine that another test has started knows other addresses
    ledger.set_faults()
    yield quick_world(over_http=ledger.url)
    loop.stop()


def work(world: World) -> Run:
    """Ask for a run and work on it once."""
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    runs.work(world.route.pk)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("fault", ["html", "empty", "same_page"])
def test_source_that_answers_nonsense_stops_the_run_with_one_failure(
    source: World, ledger: Simulator, fault: str
) -> None:
    ledger.set_faults({"fault": fault, "path": "/time_entries"})
    stopped = work(source)
    assert stopped.state == "stopped"
    first = list(Failure.objects.filter(closed_at=None).values_list("category", "run_id", "record_id"))
    assert first == [("shape", stopped.pk, None)]
    # a source that shows one page for ever has shown that one: it is taken in once, and its cursor stored with it
    assert StreamCursor.objects.exists() == (fault == "same_page")
    assert stopped.pages == (1 if fault == "same_page" else 0)
    ledger.set_faults()
    done = work(source)
    assert (done.state, done.read) == ("done", ENTRIES - stopped.new)
    assert done.new + stopped.new == ENTRIES
    assert not Failure.objects.filter(closed_at=None).exists()
    assert Record.objects.count() == ENTRIES
    assert accounting.books(done).balanced


@pytest.mark.parametrize("fault", ["lose_and_hang_up", "half_body", "server_error", "unavailable", "throttled"])
def test_source_that_fails_for_a_moment_is_asked_again_by_itself(source: World, ledger: Simulator, fault: str) -> None:
    ledger.set_faults({"fault": fault, "path": "/time_entries"})
    waiting = work(source)
    assert waiting.state == "running"
    assert waiting.due_at is not None
    assert waiting.message
    assert (StreamCursor.objects.count(), Record.objects.count()) == (0, 0)
    ledger.set_faults()
    for _ in range(8):
        source.later(120)
        runs.work(source.route.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.read, waiting.new) == ("done", ENTRIES, ENTRIES)
    assert not Failure.objects.filter(closed_at=None).exists()


def test_the_same_bad_answer_every_hour_is_one_cause(source: World, ledger: Simulator) -> None:
    ledger.set_faults({"fault": "html", "path": "/time_entries"})
    for _ in range(3):
        assert work(source).state == "stopped"
        source.later(3600)
    assert Failure.objects.filter(closed_at=None).values("fingerprint").distinct().count() == 1


def test_wrong_credentials_hold_the_lane_with_one_failure_until_they_are_right(quick_world: Make) -> None:
    world = quick_world("ledger_idempotent", order="in_order")
    wrong = True
    world.target.behave = lambda request, number: (
        refused(Category.CREDENTIALS, "The token is wrong.") if wrong else None
    )
    world.take_in(*(entry(n) for n in range(1, 31)))
    world.take_in(*(entry(n, version=2, hours="7.00") for n in range(1, 31)))
    world.deliver()
    tried = len(world.target.requests)
    assert 0 < tried <= 30
    assert set(world.states()) == {"ready"}
    [failure] = Failure.objects.filter(closed_at=None)
    assert (failure.category, failure.transaction_id) == ("credentials", None)
    assert Connection.objects.get(slug="ledger").breaker_state == "open"
    for _ in range(3):
        world.later(1000)
        world.deliver()
    assert len(world.target.requests) == tried + 3, "one request per probe"
    assert Failure.objects.filter(closed_at=None).count() == 1
    wrong = False
    breaker.probe_now(world.destination.connection_id)
    world.deliver(rounds=20)
    assert set(world.states()) == {"posted"}
    assert not Failure.objects.filter(closed_at=None).exists()
    for key, commits in itertools.groupby(sorted(world.target.commits, key=lambda c: c.key), key=lambda c: c.key):
        assert [b'"hours":8' in c.body for c in commits] == [True, False], key


@pytest.mark.parametrize(
    "answer", [refused(Category.VALIDATION, "no such project"), WriteOutcome(Result.UNKNOWN, message="a web page")]
)
def test_delivery_failures_of_one_cause_cost_a_constant_number_of_queries(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch, answer: WriteOutcome
) -> None:
    """Thousands of failures are batches of 500: what matters is that a batch costs what a small one costs."""
    world = quick_world("ledger_blind")
    world.target.behave = lambda request, number: answer
    world.take_in(entry(0))
    world.deliver(rounds=1)  # the first use of a connection makes its slots
    counts = []
    start = 0
    for size in (10, 450):
        monkeypatch.setattr(settings, "DELIVERY_BATCH", size)
        world.take_in(*(entry(n) for n in range(start + 1, start + size + 1)))
        type(world.destination).objects.update(window=500)
        start += size
        with CaptureQueriesContext(connection) as asked:
            done = deliver.deliver(connection_id=world.destination.connection_id, lane="posting", stream="entries")
        assert done.claimed == size
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert set(Transaction.objects.values_list("state", flat=True)) == {"failed"}
    open_ = Failure.objects.filter(closed_at=None)
    assert (open_.count(), open_.values("fingerprint").distinct().count()) == (461, 1)


def test_intake_failures_of_one_cause_cost_a_constant_number_of_queries(quick_world: Make) -> None:
    world = quick_world()
    counts = []
    for first, size in ((1, 1), (100, 10), (1000, 500)):  # the first page also freezes the configuration
        with CaptureQueriesContext(connection) as asked:
            world.take_in(*(entry(n, hours="0.00") for n in range(first, first + size)))
        counts.append(len(asked))
    assert counts[1] == counts[2]
    assert Failure.objects.values("fingerprint").distinct().count() == 1
