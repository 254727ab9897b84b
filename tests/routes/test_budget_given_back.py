"""Sending uses up no more of a connection's requests than go out."""

from collections.abc import Callable

import pytest

from connectors.models import Connection, RateBudget
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
