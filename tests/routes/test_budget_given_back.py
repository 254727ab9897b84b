"""Sending uses up no more of a connection's requests than go out."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from connectors.models import Connection, RateBudget
from routes import systems
from tests.routes.world import World, entry

Make = Callable[..., World]


@pytest.mark.parametrize("connector", ["ledger_idempotent", "ledger_look_up"])
@pytest.mark.parametrize("travels", [True, False])
def test_sending_gives_back_what_it_does_not_need(quick_world: Make, connector: str, travels: bool) -> None:
    world = quick_world(connector)
    world.travels = travels
    of = Connection.objects.filter(pk=world.destination.connection_id)
    of.update(requests_allowed=10_000, period_seconds=1e9)
    for number in range(1, 4):
        world.take_in(entry(number))
        world.deliver()
    assert world.states() == ["posted"] * 3
    assert round(RateBudget.objects.get(connection=of.get()).left) == 10_000 - 3


@pytest.mark.parametrize("travels", [True, False])
def test_what_a_write_takes_beside_its_own_request_is_counted(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch, travels: bool
) -> None:
    """A question before it, or the steps around it."""
    real = systems.write_facts
    monkeypatch.setattr(systems, "write_facts", lambda *of: replace(real(*of), further=(("create", 2),)))
    world = quick_world("ledger_look_up")
    world.travels = travels
    of = Connection.objects.filter(pk=world.destination.connection_id)
    of.update(requests_allowed=10_000, period_seconds=1e9)
    world.take_in(*(entry(number) for number in range(1, 4)))
    world.deliver()
    assert world.states() == ["posted"] * 3
    assert round(RateBudget.objects.get(connection=of.get()).left) == 10_000 - 3 * 3


def test_requests_of_a_write_are_those_that_the_manifest_describes() -> None:
    assert dict(systems.write_facts("tryton", "projects").further).keys() >= {"upsert"}
    assert systems.write_facts("ledger_look_up", "entries").further == ()
