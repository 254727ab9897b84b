"""Isolated: a destination that hangs on every call costs its neighbour in the same lane at most a fifth of its rate."""

import itertools
import time
from collections.abc import Callable, Iterator

import pytest

from connectors.models import Connection
from routes.models import Destination, Route, Transaction
from sandbox.launch import Simulator
from tests.invariants.crew import Crew, allow
from tests.routes.world import World, entry

pytestmark = pytest.mark.processes
Make = Callable[..., World]
ENTRIES = 320  # of one round; the target takes 8 at once and 50 ms for each
HANGS = 30.0  # seconds
ROUNDS = 3


@pytest.fixture
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Simulator]]:
    folders = [tmp_path_factory.mktemp(name) for name in ("well", "hanging")]
    with (
        Simulator.start("ledger", state=folders[0], mode="idempotent", entries=1) as well,
        Simulator.start("ledger", state=folders[1], mode="idempotent", entries=1) as hanging,
    ):
        well.set_faults(latency=0.05)
        hanging.set_faults(latency=HANGS)
        yield well, hanging


@pytest.fixture
def crew(
    make_world: Make, ledgers: tuple[Simulator, Simulator], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crew]:
    env = {
        "LEASE_SECONDS": "70", "REQUEST_TIMEOUT_SECONDS": "33", "DELIVERY_BATCH": "80", "DELIVERY_AT_ONCE": "4",
        **allow(*ledgers),
    }  # fmt: skip
    made = Crew(tmp_path_factory.mktemp("crew"), env, room=2)
    yield made
    made.end()


def second_route(world: World, url: str) -> World:
    """Return a world of its own beside the first: same lane, same workers, another destination."""
    source, target = (
        Connection.objects.create(
            slug=f"hanging-{slug}", name=slug, connector="ledger_idempotent", environment="sandbox",
            legal_entity=world.route.legal_entity, answers={"base_url": url},
        )
        for slug in ("time", "ledger")
    )  # fmt: skip
    route = Route.objects.create(
        slug="to-the-hanging-one", name="Hanging", legal_entity=world.route.legal_entity, connection=source,
        stream="time_entries", canonical_entity="time_entry", mapping="ledger-time-in",
    )  # fmt: skip
    destination = Destination.objects.create(
        route=route, name="Hanging", connection=target, stream="entries", mapping="ledger-time-out"
    )
    return World(route, destination, world.target)


def test_hanging_destination_costs_its_neighbour_at_most_a_fifth(
    make_world: Make, crew: Crew, ledgers: tuple[Simulator, Simulator]
) -> None:
    well, hanging = ledgers
    neighbour = make_world("ledger_idempotent", over_http=well.url)
    bad = second_route(neighbour, hanging.url)
    numbers = itertools.count(1)

    def rate() -> float:
        """Post one round at the neighbour; return its entries per second."""
        entries = [entry(next(numbers)) for _ in range(ENTRIES)]
        neighbour.take_in(*entries)
        began = time.monotonic()
        posted = Transaction.objects.filter(destination=neighbour.destination, state="posted")
        wanted = posted.count() + ENTRIES
        crew.until(lambda: posted.count() >= wanted, what="the neighbour's round is posted")
        return ENTRIES / (time.monotonic() - began)

    rate()  # the workers' first round also compiles and connects
    alone = [rate() for _ in range(ROUNDS)]
    bad.take_in(*(entry(n) for n in range(900_000, 901_000)))
    crew.until(lambda: hanging.admin("GET", "state")["requests"] > 3, what="the other destination hangs")
    beside = [rate() for _ in range(ROUNDS)]
    stuck = Transaction.objects.filter(destination=bad.destination)
    assert not stuck.filter(state="posted").exists(), "it did not hang while the neighbour was measured"
    assert stuck.filter(state="delivering").exists()
    assert max(beside) >= 0.8 * max(alone), f"{max(beside):.0f}/s beside it, {max(alone):.0f}/s alone"
