"""Once and Ordered with real workers: two of them on one connection, one of them stopped longer than its lease."""

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from governance.actor import ENGINE
from routes import accounting, runs
from routes.models import Effect, KeyHead, Run, Transaction, Transition
from sandbox.launch import Simulator
from sandbox.ledger import truth
from tests.invariants.crew import Crew, allow, quick_connectors, restart
from tests.routes.world import World, entry

pytestmark = pytest.mark.processes
ENTRIES = 120
LEASE = 4
Make = Callable[..., World]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    folder = tmp_path_factory.mktemp("ledger")
    with Simulator.start("ledger", state=folder, mode="look_up", entries=ENTRIES) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def crew(ledger: Simulator, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    env = {
        "LEASE_SECONDS": str(LEASE), "REQUEST_TIMEOUT_SECONDS": "1.5", "DELIVERY_BATCH": "20", "DELIVERY_AT_ONCE": "4",
        "CONNECTOR_PATHS": quick_connectors(tmp_path_factory.mktemp("connectors")), **allow(ledger),
    }  # fmt: skip
    made = Crew(tmp_path_factory.mktemp("crew"), env)
    yield made
    made.end()


def at_rest() -> bool:
    """Whether everything that came has ended."""
    waiting = Run.objects.exclude(state="done").exists() or KeyHead.objects.exclude(transaction_id=None).exists()
    return not waiting and not travelling() and Transaction.objects.exists()


def travelling() -> set[tuple[UUID, UUID | None]]:
    """What travels in consignments, and who has taken it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, owner FROM routes_consignment")
        return set(cursor.fetchall())


def on_the_wire() -> set[tuple[UUID, UUID | None]]:
    """What may have reached the target, nobody knows yet: effects of their own, and what travels with its sender."""
    effects = Effect.objects.filter(state="sent").values_list("pk", flat=True)
    return {(pk, None) for pk in effects} | {sent for sent in travelling() if sent[1] is not None}


def stop_with_something_sent(crew: Crew) -> set[tuple[UUID, UUID | None]]:
    """Stop the first worker while it waits for answers; return what it has sent.

    An answer may come before the stop. Nor may it stop within a commit: what that holds only the web process frees,
    which is not part of this crew (`hub.standing_still`).
    """
    while True:
        crew.until(lambda: bool(on_the_wire()), what="something is on the wire", every=0.02)
        crew.signal(0, signal.SIGSTOP)
        time.sleep(0.1)  # the server ends the statement that it was asked for
        sent = on_the_wire()
        if sent and not commits_stand_open():
            return sent
        crew.signal(0, signal.SIGCONT)


def commits_stand_open() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL)"
        )
        return bool(cursor.fetchone()[0])


def source_of(ledger: Simulator) -> list[dict[str, Any]]:
    lines = ledger.request("GET", "/_sandbox/source")[1].decode().splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


def right_at_the_target(ledger: Simulator) -> None:
    """Nothing lost, doubled or wrong by the target's own log; the books add up, and every state has its history."""
    ledger.wait_until_settled()
    verdict = truth.compare(source_of(ledger), ledger.log())
    assert (verdict.lost, verdict.doubled, verdict.wrong) == ([], [], [])
    assert len(verdict.posted) == ENTRIES
    assert not Effect.objects.exclude(state__in=["confirmed", "refused"]).exists()
    assert accounting.unexplained() == []
    assert accounting.books(Run.objects.get()).balanced


FAULTS = [
    {"fault": "commit_and_hang_up", "probability": 0.1, "method": "POST"},
    {"fault": "lose_and_hang_up", "probability": 0.1, "method": "POST"},
    {"fault": "error_after_commit", "probability": 0.05, "method": "POST"},
    {"fault": "unavailable", "probability": 0.1, "method": "POST"},
]


@pytest.mark.parametrize("mode", ["idempotent", "look_up"])
def test_stopped_worker_that_comes_back_doubles_nothing(
    make_world: Make, crew: Crew, ledger: Simulator, mode: str
) -> None:
    restart(ledger, mode)
    ledger.set_faults(*FAULTS, seed=5, latency=0.2)  # it has to be caught while it waits
    world = make_world(f"ledger_{mode}", over_http=ledger.url)
    crew.signal(1, signal.SIGSTOP)
    runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    stopped_with = stop_with_something_sent(crew)
    stopped_at = time.monotonic()
    crew.signal(1, signal.SIGCONT)
    time.sleep(LEASE)
    crew.until(lambda: not stopped_with & on_the_wire(), what="the other one takes over")
    assert time.monotonic() - stopped_at > LEASE
    crew.signal(0, signal.SIGCONT)
    crew.until(at_rest, what="all is posted")
    assert Transition.objects.filter(to_state="unknown", subject_id__in=Transaction.objects.values("pk")).exists()
    right_at_the_target(ledger)


@pytest.mark.parametrize("mode", ["idempotent", "look_up"])
def test_two_workers_bring_versions_of_a_key_in_order(
    make_world: Make, crew: Crew, ledger: Simulator, mode: str
) -> None:
    restart(ledger, mode)
    ledger.set_faults(*FAULTS, seed=7, latency=0.01)
    world = make_world(f"ledger_{mode}", over_http=ledger.url, order="in_order", correction="update")
    random_ = random.Random(1)
    for version in range(1, 5):
        numbers = random_.sample(range(1, 21), 20)
        world.take_in(*(entry(n, version=version, hours=f"{version}.{n % 4 * 25:02d}") for n in numbers))
        crew.sweep()
    crew.until(at_rest, what="all versions are posted")
    assert set(world.states()) == {"posted"}
    seen: dict[str, list[int]] = {}
    for line in ledger.log():
        if line["kind"] == "commit":
            seen.setdefault(line["key"], []).append(int(Decimal(line["hours"])))
    assert len(seen) == 20
    for versions in seen.values():
        assert sorted(set(versions)) == [1, 2, 3, 4]
        assert versions == sorted(versions)


def test_key_in_doubt_holds_no_other_key(make_world: Make, crew: Crew, ledger: Simulator) -> None:
    restart(ledger, "look_up")
    ledger.set_faults({"fault": "lose_and_hang_up", "key": "TE-0000001"}, seed=1)
    world = make_world("ledger_look_up", over_http=ledger.url)
    world.take_in(entry(1))
    crew.until(lambda: world.states() == ["unknown"], what="the outcome is in doubt")
    world.take_in(entry(1, version=2, hours="7.00"), *(entry(n) for n in range(2, 40)))
    others = Transaction.objects.exclude(key="TE-0000001")
    crew.until(lambda: set(others.values_list("state", flat=True)) == {"posted"}, what="the others go past it")
    mine = list(Transaction.objects.filter(key="TE-0000001").order_by("version").values_list("state", flat=True))
    assert mine[0] not in ("posted", "failed")
    assert mine[1] == "ready"
    ledger.set_faults()
    crew.until(at_rest, what="the doubt is resolved")
    assert [line["hours"] for line in ledger.log() if line.get("key") == "TE-0000001" and line["kind"] == "commit"][
        -1
    ].startswith("7")


@pytest.fixture
def clock() -> Iterator[Callable[[str], None]]:
    """Return a setter of the clock for every process that works on this database."""
    name = connection.settings_dict["NAME"]

    def jump(offset: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} SET throughline.clock_offset = '{offset}'")
            cursor.execute("SELECT set_config('throughline.clock_offset', %s, false)", [offset])
            # a session keeps the clock that it began with: cut the workers off, so that all see the new one
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    yield jump
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} RESET throughline.clock_offset")


@pytest.mark.parametrize("mode", ["idempotent", "look_up"])
def test_clock_that_jumps_a_day_on_and_back_loses_and_doubles_nothing(
    make_world: Make, crew: Crew, ledger: Simulator, clock: Callable[[str], None], mode: str
) -> None:
    restart(ledger, mode)
    ledger.set_faults(*FAULTS, seed=11, latency=0.03)
    world = make_world(f"ledger_{mode}", over_http=ledger.url)
    runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    for share, offset in ((0.1, "1 day"), (0.4, "-1 day"), (0.6, "0")):
        wanted = int(ENTRIES * share)
        crew.until(lambda n=wanted: Transaction.objects.filter(state="posted").count() >= n, what=f"before {offset}")  # type: ignore[misc]
        clock(offset)
    crew.until(at_rest, what="all is posted")
    right_at_the_target(ledger)
