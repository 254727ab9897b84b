"""A connection whose secrets cannot be read any more: nothing is sent, one person hears of it, work waits."""

from collections.abc import Callable
from typing import NoReturn

from canonical.failure import Category
from connectors.models import Connection
from governance.actor import ENGINE
from governance.keys import KeyLost
from routes import runs
from routes.models import Failure, Run
from tests.routes.world import World, entry

Make = Callable[..., World]
WORDS = "This secret was encrypted with the key 1cb76ac6, which is not here. Put that key back, or enter it again."


def lost(*_: object) -> NoReturn:
    raise KeyLost(WORDS)


def test_delivering_with_a_lost_key_sends_nothing_and_tells_one_person(quick_world: Make) -> None:
    world = quick_world("ledger_blind")
    known, world.target.write = world.target.write, lost
    world.take_in(*(entry(n) for n in range(1, 4)))
    world.deliver()
    assert world.states() == ["ready"] * 3
    failure = Failure.objects.get()
    assert (failure.category, WORDS in failure.message) == (Category.CREDENTIALS, True)
    world.target.write = known
    for _ in range(4):
        world.later(400)
        world.deliver()
    assert world.states() == ["posted"] * 3
    assert len(world.target.commits) == 3


def test_run_with_a_lost_key_waits_and_tells_one_person(quick_world: Make, monkeypatch) -> None:
    world = quick_world()
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    monkeypatch.setattr(Connection, "spec", lost)
    runs.work(world.route.pk)
    run = Run.objects.get(pk=run.pk)
    assert (run.attempts, run.message) == (1, WORDS)
    assert Failure.objects.get().category == Category.CREDENTIALS
