"""A worker is killed in the middle of a bulk run, twice, and others finish it: none twice, and every number adds up."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F

from exceptions_queue import intake as queue
from exceptions_queue.models import BulkRun, BulkState, Result, WorkItem
from governance.models import AuditEntry
from governance.rights import Role
from routes import accounting
from routes.models import Effect, KeyHead, Overlay
from sandbox.launch import Simulator
from tests.exceptions_queue.bulk import adds_up, planned, started
from tests.governance.people import person
from tests.invariants.crew import PIPELINE, QUEUE, Crew, allow, quick_connectors
from tests.routes.world import World, entry

pytestmark = pytest.mark.processes
Make = Callable[..., World]
MANY = 240
PACE = 2400  # a minute: eighty in a commit
HOURS = {"field": "hours", "value": "7.5", "reason": "asked the consultants"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator.start("ledger", state=tmp_path / "ledger", mode="look_up", entries=1) as started_:
        started_.set_faults(latency=0.1)  # a worker is to be caught while something is on its way
        yield started_


@pytest.fixture
def crew(make_world: Make, ledger: Simulator, tmp_path: Path) -> Iterator[Crew]:
    env = {
        "LEASE_SECONDS": "4", "REQUEST_TIMEOUT_SECONDS": "1.5", "DELIVERY_BATCH": "20", "DELIVERY_AT_ONCE": "4",
        "BULK_PACE": str(PACE), "CONNECTOR_PATHS": quick_connectors(tmp_path / "connectors"), **allow(ledger),
    }  # fmt: skip
    made = Crew(tmp_path, env, room=4, size=1, sweeps=(*PIPELINE, *QUEUE))
    yield made
    made.end()


def test_bulk_run_whose_workers_are_killed_is_finished_by_another_one(
    make_world: Make, crew: Crew, ledger: Simulator
) -> None:
    run, item = _begun(make_world("ledger_look_up", over_http=ledger.url))
    keys = {f"TE-{each:07d}" for each in range(1, MANY + 1)}

    crew.until(lambda: _on_its_way(run) and _done(run) > 0, what="something is on its way", every=0.02)
    crew.kill(0)
    _another_takes_over(run, crew)
    crew.until(lambda: _on_its_way(run) and _done(run) > MANY // 3, what="it goes on", every=0.02)
    crew.kill(1)
    assert _done(run) < MANY, "all was done before the second one died"
    _another_takes_over(run, crew)
    crew.until(lambda: BulkRun.objects.get(pk=run.pk).state == BulkState.DONE, seconds=120, what="it is finished")
    crew.until(lambda: not KeyHead.objects.exclude(transaction_id=None).exists(), what="nothing travels any more")

    found = adds_up(BulkRun.objects.get(pk=run.pk))
    assert found.of(Result.DONE).members == found.planned.members == MANY
    commits = Counter(line["key"] for line in ledger.log() if line["kind"] == "commit")
    assert commits == Counter(dict.fromkeys(keys, 1)), "each once, and none twice"
    assert Counter(Overlay.objects.values_list("key", flat=True)) == commits, "each corrected once"
    assert not Effect.objects.exclude(state__in=["confirmed", "refused"]).exists()
    assert accounting.unexplained() == []
    crew.until(lambda: WorkItem.objects.get(pk=item.pk).state == "resolved", what="its exception is resolved")
    ends = AuditEntry.objects.filter(thing_kind="exceptions_queue.bulkrun", thing_id=str(run.pk), verb="end")
    assert ends.count() == 1, "it ended once"


def _begun(world: World) -> tuple[BulkRun, WorkItem]:
    """Return a run that corrects many entries which a rule has stopped, and the exception that holds them."""
    world.take_in(*(entry(each, hours="0.00") for each in range(1, MANY + 1)))
    while queue.take_in():
        pass
    item = WorkItem.objects.get()
    farid = person("Farid Amini", Role.FINANCE)
    run = planned(farid, "corrections", HOURS, item, pace=PACE)
    assert (run.state, run.planned) == (BulkState.PLANNED, MANY)
    return started(run, farid), item


def _on_its_way(run: BulkRun) -> bool:
    return run.members.filter(result=Result.UNDER_WAY).exists() and Effect.objects.filter(state="sent").exists()


def _done(run: BulkRun) -> int:
    return run.members.filter(result=Result.DONE).count()


def _another_takes_over(run: BulkRun, crew: Crew) -> None:
    """Let the minute pass for which the killed worker may own the run, and start another worker."""
    BulkRun.objects.filter(pk=run.pk).update(lease_until=F("lease_until") - timedelta(minutes=1))
    crew.join()
