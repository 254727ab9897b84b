"""A clock that is set: what was due soon is due soon, whoever notices it, and however often; and a person is told."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from canonical.failure import Category
from connectors import breaker, gate
from connectors.token_rows import RENEWAL_SECONDS, _lock
from governance.actor import ENGINE
from routes import clock, doctor, intake, runs, settling, tasks
from routes.models import ClockStep, Effect, InboundEvent, KeyHead, Run
from tests import clocks
from tests.routes.world import World, entry, unknown

Make = Callable[..., World]
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
HOUR = 3600


@pytest.mark.parametrize(
    ("gone", "shown", "step"),
    [(10, 10, 0), (10, 5010, 5000), (10, 9, 0), (10, -3590, -3600), (10, -21, -31), (864_000, 864_300, 0)],
)
def test_sight_tells_a_step_from_time_that_passes(gone: float, shown: float, step: float) -> None:
    before = clock.Sight(NOON, 100.0)
    assert clock.Sight(NOON + timedelta(seconds=shown), 100.0 + gone).step_since(before) == step


@pytest.fixture
def world(quick_world: Make) -> Iterator[World]:
    """A world whose clock was looked at a moment ago."""
    made = quick_world("ledger_look_up")
    assert clock.mend() == 0
    return made


def is_noticed(step: float) -> bool:
    return clock.mend() == pytest.approx(step, abs=2)


def test_clock_set_back_holds_nothing_up(world: World) -> None:
    world.target.behave = lambda request, number: "hung up after committing" if number == 1 else None
    clocks.jump(HOUR)
    assert is_noticed(HOUR)
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(2))
    clocks.jump(-HOUR)
    world.deliver()
    assert world.states() == ["unknown", "ready"]
    assert is_noticed(-HOUR)
    world.deliver()
    assert world.states() == ["unknown", "posted"]
    assert len(world.target.requests) == 2
    world.later(20)  # the first is asked after its true wait
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert len(world.target.commits) == 2


def test_sweep_looks_at_the_clock(world: World) -> None:
    clocks.jump(-HOUR)
    tasks.sweep()
    assert ClockStep.objects.get().seconds == pytest.approx(-HOUR, abs=2)


def test_step_is_noticed_by_one_machine_and_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here = clock.machine()
    monkeypatch.setattr(clock, "machine", lambda: "another machine")
    assert clock.mend() == 0
    clocks.jump(-HOUR)
    assert is_noticed(-HOUR)
    assert clock.mend() == 0
    monkeypatch.setattr(clock, "machine", lambda: here)
    assert clock.mend() == 0
    clocks.jump(2 * HOUR)
    assert is_noticed(2 * HOUR)
    assert [round(step.seconds, -1) for step in ClockStep.objects.order_by("id")] == [-HOUR, 2 * HOUR]


def test_step_back_is_noticed_by_a_machine_that_was_started_since(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "machine", lambda: "the same machine after its start")
    world.later(600)
    assert clock.mend() == 0  # nothing wrong: ten minutes later it is ten minutes later
    monkeypatch.setattr(clock, "machine", lambda: "and after another start")
    clocks.jump(-HOUR)
    assert is_noticed(-HOUR)


def test_process_that_is_stopped_while_it_looks_takes_it_for_no_step(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.uptime()
    readings = iter([0, 40, 40, 80, 80, 120, 120, 160, 160, 160])  # before and after the database's clock, each try
    monkeypatch.setattr(clock, "uptime", lambda: real + next(readings))
    assert clock.mend() == 0
    clocks.jump(160)  # it has gone on meanwhile
    assert clock.mend() == 0
    assert list(readings) == []
    assert not ClockStep.objects.exists()


def test_work_that_was_late_before_the_step_goes_on_at_once(world: World) -> None:
    world.take_in(entry(1))
    world.later(HOUR * 0.9)  # nobody took it
    assert clock.mend() == 0
    clocks.jump(-HOUR)
    world.deliver()
    assert world.states() == ["ready"]
    assert is_noticed(-HOUR)
    world.deliver()
    assert world.states() == ["posted"]


def test_step_back_ends_no_lease_that_was_taken_since(world: World, settings: Any) -> None:
    world.take_in(entry(1), entry(2))
    old, new = KeyHead.objects.order_by("key")
    lease(old.pk, settings.LEASE_SECONDS)
    clocks.jump(-HOUR)
    lease(new.pk, settings.LEASE_SECONDS)
    assert is_noticed(-HOUR)
    left = [head.due_at - gate.database_now() for head in KeyHead.objects.order_by("key")]
    for each in left:
        assert timedelta(seconds=settings.LEASE_SECONDS - 5) < each <= timedelta(seconds=settings.LEASE_SECONDS)


def lease(head: int, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_keyhead SET lease_owner = %s, due_at = hub_now() + make_interval(secs => %s) WHERE id = %s",
            [uuid4(), seconds, head],
        )


def test_key_that_must_stay_quiet_does_so_for_its_true_wait(quick_world: Make) -> None:
    world = quick_world("ledger_look_up", correction="update")
    clock.mend()
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, number: unknown() if number == 2 else None
    world.take_in(entry(1, version=2, hours="7.00"))
    world.deliver()
    world.later(15)
    world.deliver()
    quiet = KeyHead.objects.get()
    assert (quiet.due_at, quiet.quiet_until is None) == (None, False)
    KeyHead.objects.update(quiet_until=gate.database_now() + timedelta(seconds=15))
    clocks.jump(-HOUR)
    assert is_noticed(-HOUR)
    world.take_in(entry(1, version=3, hours="6.00"))
    world.later(15)
    world.deliver()
    assert world.states() == ["posted", "posted", "posted"]


def test_runs_and_pushed_events_go_on_after_a_step_back(world: World) -> None:
    runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    intake.accept(world.route, body=b"{}", via="api")
    clocks.jump(-HOUR)
    assert is_noticed(-HOUR)
    now = gate.database_now()
    assert Run.objects.get().due_at <= now
    assert InboundEvent.objects.get().due_at <= now


def test_pauses_of_a_connection_end_after_their_true_wait(world: World) -> None:
    target = world.destination.connection
    gate.slow_down(target.pk, 60)
    breaker.trip(world.route.connection_id, Category.OUTAGE, "down")
    clocks.jump(-HOUR / 3)
    assert is_noticed(-HOUR / 3)
    world.later(61)
    assert gate.admit(target.pk, 1, uuid4()).allowed == 1
    assert breaker.probe_due(world.route.connection_id)


def test_renewal_of_a_token_by_a_dead_process_ends_and_one_that_may_live_does_not(world: World) -> None:
    dead, living = world.route.connection_id, world.destination.connection_id
    assert _lock(dead, uuid4())
    clocks.jump(-60)
    assert _lock(living, uuid4())
    assert is_noticed(-60)
    world.later(RENEWAL_SECONDS - 5)
    assert not _lock(living, uuid4())
    world.later(6)
    assert _lock(dead, uuid4())


def test_settling_does_not_go_by_the_clock_when_it_is_set_back(world: World) -> None:
    world.target.behave = lambda request, number: unknown() if number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    clocks.jump(-HOUR)
    assert is_noticed(-HOUR)
    world.deliver()
    assert Effect.objects.get().not_there == 0
    assert settling.settled([Effect.objects.get().pk]) == set()
    for _ in range(2):
        world.later(15)
        world.deliver()
    assert world.states() == ["posted"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(-HOUR, "was set back by 1 h 0 min"), (90, "was set ahead by 1 min 30 s")]
)
def test_doctor_tells_that_the_clock_was_set(world: World, seconds: float, words: str) -> None:
    world.take_in(entry(1))
    assert list(doctor.clock_steps()) == []
    clocks.jump(seconds)
    clock.mend()
    ((thing, cause, remedy),) = doctor.clock_steps()
    assert words in thing
    assert "1 row " in cause if seconds < 0 else "nothing had to be mended" in cause
    assert "time service" in remedy
    world.later(doctor.TOLD_DAYS * 86400 + 100)
    assert list(doctor.clock_steps()) == []
