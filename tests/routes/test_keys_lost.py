"""A connection whose secrets cannot be read any more: nothing is sent, one person hears of it, work waits."""

import os
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from canonical.failure import Category
from connectors.models import Connection
from governance import keys
from governance.actor import ENGINE
from governance.keys import KeyLost
from routes import runs, unforeseen
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


@pytest.fixture
def unusable(monkeypatch) -> Iterator[Callable[[], None]]:
    """Keys that became unusable; what is returned puts them right."""
    kept = os.environ.get(keys.ENVIRONMENT)
    monkeypatch.setenv(keys.ENVIRONMENT, "0" * 43 + "=!")

    def mend() -> None:
        monkeypatch.setenv(keys.ENVIRONMENT, kept or "")

    yield mend
    mend()


def test_delivering_with_unusable_keys_waits_and_tells_an_operator(quick_world: Make, request) -> None:
    world = quick_world("ledger_blind")
    world.take_in(*(entry(n) for n in range(1, 4)))
    mend = request.getfixturevalue("unusable")
    world.deliver()
    assert world.states() == ["retrying"] * 3
    assert (world.target.commits, world.effects()) == ([], []), "nothing is on its way, so nothing is in doubt"
    assert set(Failure.objects.values_list("category", "rule")) == {(Category.CONFIGURATION, unforeseen.KEYS)}
    assert len(set(Failure.objects.values_list("fingerprint", flat=True))) == 1, "one cause"
    message = Failure.objects.values_list("message", flat=True)[0]
    assert "Key 1 in the environment variable THROUGHLINE_KEYS is not a key" in message
    assert "An operator of the hub has to do that" in message
    world.later(400)
    world.deliver()
    assert Failure.objects.count() == 3, "told once"
    mend()
    for _ in range(4):
        world.later(4000)
        world.deliver()
    assert world.states() == ["posted"] * 3
    assert not Failure.objects.filter(closed_at=None).exists()


def test_run_with_unusable_keys_waits_and_tells_an_operator(quick_world: Make, request) -> None:
    world = quick_world()
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    request.getfixturevalue("unusable")
    runs.work(world.route.pk)
    run = Run.objects.get(pk=run.pk)
    assert (run.state, run.attempts) == ("running", 1)
    failure = Failure.objects.get()
    assert (failure.category, failure.rule) == (Category.CONFIGURATION, unforeseen.KEYS)
    assert "is not a key" in run.message


def test_rows_with_secrets_are_listed_and_saved_while_keys_are_unusable(quick_world: Make, request) -> None:
    world = quick_world()
    Connection.objects.update(secrets={"token": "hush"})
    mend = request.getfixturevalue("unusable")
    row = Connection.objects.get(pk=world.destination.connection_id)
    with pytest.raises(keys.KeysUnusable, match="is not a key"):
        row.spec()
    assert row.kept_secrets() == {}
    row.name = "Another name"
    row.save()
    mend()
    row = Connection.objects.get(pk=row.pk)
    assert (row.name, row.secrets["token"]) == ("Another name", "hush")
