"""A page's rows are drawn up before anything is known of what is stored; what happens meanwhile makes no difference."""

import copy
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import transaction

from canonical.failure import Category
from connectors.models import Connection
from routes import receive, storing
from routes.models import Failure, Record, SourceHead, Transaction
from routes.sheets import Sheets
from tests.invariants.test_duplicates import second_source
from tests.routes.world import Target, World, entry

Make = Callable[..., World]
CONNECTORS = ["ledger_idempotent", "ledger_look_up"]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Sheets]:
    """Return the sheets that were written, in order."""
    found: list[Sheets] = []
    copies = Sheets.copy
    monkeypatch.setattr(Sheets, "copy", lambda self: (found.append(self), copies(self))[1])
    return found


def work_out(world: World, *raws: dict[str, Any]) -> receive.Prepared:
    return receive.prepare(world.plan, raws, run=None)


def left_behind() -> list[Any]:
    """Return what is stored, without ids and times, in an order of its own: two routes may share a key."""
    records = "key version outcome state amount currency hours not_chosen"
    moved = "key version state return_to withdraws waits_for attempts amount currency hours request_hash"
    return [
        sorted(rows, key=repr)
        for rows in (
            Record.objects.values_list(*records.split()),
            Transaction.objects.values_list(*moved.split()),
            SourceHead.objects.values_list("key", "version", "content_hash", "withdrawn"),
            Failure.objects.values_list("message", "closed_how", "amount"),
        )
    ]


@pytest.mark.parametrize("connector", CONNECTORS)
def test_page_of_new_entries_is_written_as_it_was_drawn(
    quick_world: Make, written: list[Sheets], connector: str
) -> None:
    world = quick_world(connector)
    world.travels = True
    prepared = work_out(world, entry(1), entry(2, hours="0.00"), entry(3, status="unsubmitted"))
    assert prepared.drawn is not None
    assert not Record.objects.exists(), "nothing is written when it is drawn"
    world.store(world.plan, prepared)
    assert written == [prepared.drawn.sheets]
    world.deliver()
    assert sorted(world.states())[-1] == "posted"


def meanwhile_known(world: World) -> None:
    world.take_in(entry(1, hours="5.00"), entry(7))


def meanwhile_key_taken(world: World) -> None:
    second_source(world).take_in(entry(1), entry(7))


def meanwhile_paused(world: World) -> None:
    Connection.objects.filter(pk=world.destination.connection_id).update(paused=True)


def meanwhile_posted(world: World) -> None:
    world.take_in(entry(1, hours="5.00"))
    world.deliver()


MEANWHILE = [meanwhile_known, meanwhile_key_taken, meanwhile_paused, meanwhile_posted]


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_what_comes_in_between_makes_no_difference(
    quick_world: Make, written: list[Sheets], connector: str, meanwhile: Callable[[World], None]
) -> None:
    """Drawn before and after what happens meanwhile, the same is left behind."""
    world = quick_world(connector)
    world.travels = True
    page = [entry(1, version=2), entry(2, hours="0.00"), entry(3)]
    found = []
    for early in (True, False):
        with transaction.atomic():
            world.target = Target(dedups=connector == "ledger_idempotent")
            prepared = work_out(world, *copy.deepcopy(page)) if early else None
            meanwhile(world)
            written.clear()
            world.store(world.plan, prepared or work_out(world, *copy.deepcopy(page)))
            if prepared and prepared.drawn and meanwhile is not meanwhile_paused:
                assert written != [prepared.drawn.sheets], "it is not what it was supposed to be"
            if meanwhile is meanwhile_paused:
                world.deliver(rounds=1)  # what waits to travel is unpacked
            stored = left_behind()
            Connection.objects.update(paused=False)
            world.deliver()
            found.append((stored, left_behind(), world.states()))
            transaction.set_rollback(True)
    assert found[0] == found[1]


@pytest.mark.parametrize("connector", CONNECTORS)
def test_two_records_of_a_page_under_one_key_stop_where_nothing_travels_either(
    quick_world: Make, connector: str
) -> None:
    world = quick_world(connector, key_formula="project_code")
    world.travels = True
    prepared = work_out(world, entry(1), entry(2), entry(3, project_code="P-002"))
    assert prepared.drawn is not None
    world.store(world.plan, prepared)
    assert [f.category for f in Failure.objects.all()] == [Category.DUPLICATE]
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert len(world.target.commits) == 2


def test_page_that_holds_a_key_twice_is_not_drawn(quick_world: Make) -> None:
    world = quick_world("ledger_idempotent")
    assert work_out(world, entry(1), entry(1, version=2)).drawn is None


def test_page_with_a_known_key_is_not_drawn(quick_world: Make) -> None:
    world = quick_world("ledger_idempotent")
    world.take_in(entry(1))
    assert work_out(world, entry(1), entry(2)).drawn is None


def test_storing_waits_for_the_server_a_few_times(quick_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy or distant server makes each wait long: what needs no answer goes together with the next that does."""
    world = quick_world("ledger_idempotent")
    world.travels = True
    plan = world.plan
    prepared = work_out(world, *(entry(n, hours="0.00" if n % 9 == 0 else "8.00") for n in range(1, 200)))
    waits: list[str] = []
    wait = psycopg.Connection.wait

    def counted(self: Any, step: Any, *more: Any) -> Any:
        if not self.pgconn.pipeline_status:
            waits.append(step.__name__)
        return wait(self, step, *more)

    monkeypatch.setattr(storing.Drawn, "undo", lambda self: pytest.fail("it is as it was drawn"))
    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Connection, "wait", counted)
        world.store(plan, prepared)
    assert world.travelling() == 1
    assert Transaction.objects.count() == 22
    # The connection's gate, the heads of what failed, and a savepoint and its end, which are the test's.
    assert waits.count("_execute_gen") <= 4
    assert waits.count("_start_copy_gen") == waits.count("copy_end") == 1
    assert waits.count("_enter_gen") == 2, "what it meets, and all that needs no answer"
