"""The crash matrix: the process dies at each named point on either side of a commit, and the end state is checked.

Real processes, the real database, a real target over HTTP. After the death others go on; what counts is what the target
has in its own append-only log, compared outside the hub with what the source says.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from hub.supervisor.processes import leash
from routes.crashpoints import POINTS
from sandbox.launch import Simulator
from sandbox.ledger import truth
from tests.processes import ROOT, environment

ENTRIES = 30
POINTS_OF_DELIVERY = [name for name in POINTS if name.startswith(("receive", "deliver"))]
WAYS = [
    ("idempotent", "travelling"),
    ("idempotent", "queued"),
    ("look_up", "queued"),
]  # write class, way of what is new
POINTS_OF_ASKING = [name for name in POINTS if name.startswith("ask")]
pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def one_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with Simulator.start("ledger", state=tmp_path_factory.mktemp("ledger"), entries=ENTRIES) as simulator:
        yield simulator


@pytest.fixture
def ledger(one_ledger: Simulator, request: pytest.FixtureRequest) -> Simulator:
    one_ledger.admin("POST", "reset", {"mode": request.node.callspec.params["mode"]})
    return one_ledger


@pytest.fixture(scope="module")
def forker(django_db_setup: None) -> Iterator[subprocess.Popen[str]]:
    """A process that forks workers: Django is loaded once for the whole matrix."""
    settings = {"LEASE_SECONDS": "20", "REQUEST_TIMEOUT_SECONDS": "5", "DELIVERY_BATCH": "12"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.routes.worker"],
        cwd=ROOT, env=environment() | settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        preexec_fn=leash(signal.SIGKILL),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()


@pytest.fixture
def work(make_world: Callable, forker: subprocess.Popen[str], ledger: Simulator, request: Any) -> Callable[..., int]:
    """Return `work(die_at) -> exit code`: a process that works until nothing is left or until it dies."""
    from governance.actor import ENGINE
    from routes import runs

    world = make_world(f"ledger_{request.node.callspec.params['mode']}", over_http=ledger.url)
    runs.ask_for_run(world.route, by=ENGINE, trigger="person")

    way = request.node.callspec.params.get("way", "queued")

    def order(die_at: str = "", leaps: int = 6) -> int:
        wanted = {"die_at": die_at, "leaps": leaps, "seconds": 30, "allowed": [f"127.0.0.1:{ledger.port}"],
                  "travels": way == "travelling"}  # fmt: skip
        assert forker.stdin is not None
        assert forker.stdout is not None
        forker.stdin.write(json.dumps(wanted) + "\n")
        forker.stdin.flush()
        return int(forker.stdout.readline())

    return order


def posted_once(ledger: Simulator) -> None:
    """Each approved entry of the source is at the target exactly once, as the source says."""
    source = [e for e in source_of(ledger) if e["status"] == "approved"]
    verdict = truth.compare(source, ledger.log())
    assert not verdict.lost
    assert not verdict.doubled
    assert not verdict.wrong
    assert len(verdict.posted) == len(source) == ENTRIES


def source_of(ledger: Simulator) -> list[dict[str, Any]]:
    """Return the source's own list, straight from the simulator."""
    lines = ledger.request("GET", "/_sandbox/source")[1].decode().splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


@pytest.mark.parametrize("point", POINTS_OF_DELIVERY)
@pytest.mark.parametrize(("mode", "way"), WAYS)
def test_death_loses_and_doubles_nothing(work: Callable, ledger: Simulator, mode: str, point: str, way: str) -> None:
    assert work(die_at=point, leaps=0) == -9, "the point was never reached"
    assert work() == 0
    posted_once(ledger)
    nothing_left_open()


@pytest.mark.parametrize("mode", ["look_up"])
@pytest.mark.parametrize("point", POINTS_OF_ASKING)
def test_death_while_asking_loses_and_doubles_nothing(work: Callable, ledger: Simulator, mode: str, point: str) -> None:
    assert work(die_at="deliver.after_send", leaps=0) == -9
    assert work(die_at=point) == -9, "nothing was in doubt"
    assert work() == 0
    posted_once(ledger)
    nothing_left_open()


@pytest.mark.parametrize("mode", ["blind"])
@pytest.mark.parametrize("point", [p for p in POINTS_OF_DELIVERY if p.startswith("deliver")])
def test_death_leaves_every_doubtful_blind_write_to_a_person(
    work: Callable, ledger: Simulator, mode: str, point: str
) -> None:
    assert work(die_at=point, leaps=0) == -9
    assert work() == 0
    from routes.models import Failure, Transaction

    doubtful = set(
        Transaction.objects.filter(
            state="failed",
            pk__in=Failure.objects.filter(category="outcome_unknown", closed_at=None).values("transaction_id"),
        ).values_list("key", flat=True)
    )
    verdict = truth.compare(source_of(ledger), ledger.log(), with_people=doubtful)
    assert not verdict.lost
    assert not verdict.doubled
    assert Transaction.objects.exclude(state__in=["posted", "failed"]).count() == 0
    if point in ("deliver.before_claim_commit", "deliver.after_claim", "deliver.after_settle"):
        assert not doubtful, "nothing was on the wire, so nothing is in doubt"
    else:
        assert doubtful


def nothing_left_open() -> None:
    from routes.models import Effect, KeyHead, Run, Transaction

    assert not Effect.objects.exclude(state__in=["confirmed", "refused"]).exists()
    assert not KeyHead.objects.exclude(transaction_id=None).exists()
    assert set(Transaction.objects.values_list("state", flat=True)) == {"posted"}
    run = Run.objects.get()
    assert (run.state, run.read, run.new) == ("done", ENTRIES, ENTRIES)
