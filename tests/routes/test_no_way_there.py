"""A system that cannot be reached by a secure line, or not by leave of the operator: one cause for a person, and
everything for it waits and goes on by itself after the remedy."""

import socket
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from connectors import loop
from connectors.models import BreakerState, Connection
from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from governance.actor import ENGINE
from routes import plan, runs, shipments
from routes.models import Failure, Run
from tests import clocks
from tests.routes import world as worlds
from tests.routes.world import World, entry

INSIDE = "http://10.255.255.1:8601"


@pytest.fixture
def world(db: None) -> Iterator[Callable[[str], World]]:
    """Return a maker of worlds whose systems are asked over the wire, at an address."""
    plan.plan.cache_clear()
    loop.stop()  # an engine that another test has started knows other addresses
    yield lambda address: worlds.make("ledger_look_up", over_http=address)
    loop.stop()
    clocks.set_right()


@pytest.fixture
def plain(settings: Any) -> Iterator[str]:
    """Return the https address of what speaks no TLS; the operator allows it."""
    settings.OUTBOUND_ALLOWED = ["127.0.0.1:*"]
    server = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            with line:
                line.recv(1000)
                line.sendall(b"HTTP/1.1 400 plain\r\n\r\n")

    Thread(target=talk, daemon=True).start()
    yield f"https://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def held(world: World, words: str) -> Connection:
    """Deliver what is due, and see that all of it waits, for one cause."""
    world.take_in(*(entry(n) for n in range(1, 6)))
    world.deliver()
    assert world.states() == ["ready"] * 5
    failure = Failure.objects.get()
    assert (failure.category, failure.transaction_id) == ("outage", None)
    assert words in failure.message
    intake.take_in()
    assert WorkItem.objects.get().members == 1
    world.later(40)
    world.deliver()
    assert Failure.objects.count() == 1, "one that is tried again and fails is no second cause"
    return Connection.objects.get(pk=world.destination.connection_id)


def goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the way be free, and see that all of it goes by itself."""
    monkeypatch.setattr(shipments, "send_requests", lambda c, d, requests, n: world.target.write(requests))
    world.later(1000)
    world.deliver()
    assert world.states() == ["posted"] * 5
    assert Failure.objects.get().closed_how == "auto:retry_succeeded"


def test_address_that_the_guard_refuses_pauses_the_connection(
    world: Callable[[str], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world(INSIDE)
    kept = held(made, "OUTBOUND_ALLOWED")
    assert (kept.breaker_state, kept.breaker_category) == (BreakerState.OPEN, "outage")
    goes_on(made, monkeypatch)


def test_line_that_is_not_secure_pauses_the_connection(
    world: Callable[[str], World], plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world(plain)
    assert held(made, "No secure connection").breaker_state == BreakerState.OPEN
    assert "renewed by whoever runs the system" in WorkItem.objects.get().hint
    goes_on(made, monkeypatch)


def test_connection_that_lacks_an_answer_is_no_fault_of_its_records(
    world: Callable[[str], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world("http://a..b")
    assert held(made, "is not an address that can be called").breaker_state == BreakerState.OPEN
    goes_on(made, monkeypatch)


def test_reading_waits_in_the_same_way(world: Callable[[str], World]) -> None:
    made = world(INSIDE)
    run = runs.ask_for_run(made.route, by=ENGINE, trigger="schedule")
    for _ in range(3):
        runs.work(made.route.pk)
        made.later(1000)
    run.refresh_from_db()
    assert (run.state, Run.objects.count()) == ("running", 1)
    assert run.due_at is not None
    assert Failure.objects.get().run_id is None
