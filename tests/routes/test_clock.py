"""A clock that is set back: what was due soon is due soon, whoever notices it, and however often."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from routes import clock
from tests.routes.world import World, entry

Make = Callable[..., World]
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(("gone", "shown", "back"), [(10, 10, 0), (10, 5000, 0), (10, 9, 0), (10, -3590, 3600)])
def test_watch_tells_a_step_back_from_time_that_passes(gone: float, shown: float, back: float) -> None:
    watch = clock.Watch()
    assert watch.stepped_back(NOON, 100.0) == 0
    assert watch.stepped_back(NOON + timedelta(seconds=shown), 100.0 + gone) == back


def test_clock_set_back_holds_nothing_up(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: "hung up after committing" if number == 1 else None
    world.later(3600)  # the clock was an hour ahead
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(2))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('throughline.clock_offset', '', false)")  # and is set right
    world.deliver()
    assert world.states() == ["unknown", "ready"]
    assert clock.bring_near(3600) == 3  # two heads, one effect
    assert clock.bring_near(3600) == 0
    world.deliver()
    assert world.states() == ["unknown", "posted"]
    world.later(20)  # the first is asked after its true wait
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert len(world.target.commits) == 2
