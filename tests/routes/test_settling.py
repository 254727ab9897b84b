"""The settle time is counted in seconds that have truly passed: a clock that jumps ahead ends it for nobody."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from connectors.outcome import LookUp, WriteRequest
from routes import clock, settling
from routes.models import Doubt, Effect
from tests import clocks
from tests.routes.world import World, entry, unknown

Make = Callable[..., World]
SETTLE = 15  # seconds, of the ledger's look-up class
ANOTHER = "another machine"


def commits_late(world: World) -> list[WriteRequest]:
    """Let the target hold back the first write, without an answer; return where it waits."""
    held: list[WriteRequest] = []
    world.target.behave = lambda request, number: held.append(request) or unknown() if number == 1 else None
    return held


def test_clock_that_jumps_ahead_ends_no_settle_time(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    late = commits_late(world)
    world.take_in(entry(1))
    world.deliver()
    world.later(1)
    clocks.jump(3600)
    for _ in range(6):  # 9 seconds, in which the target may still commit
        world.deliver()
        world.later(1.5)
    assert len(world.target.requests) == 1
    world.target.commits += late
    for _ in range(4):
        world.later(SETTLE)
        world.deliver()
    assert world.states() == ["posted"]
    assert len(world.target.commits) == 1


def test_not_there_counts_once_the_settle_time_has_truly_passed(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    commits_late(world)
    world.take_in(entry(1))
    world.deliver()
    clocks.jump(3600)
    world.deliver()
    for _ in range(3):
        world.later(SETTLE / 2)
        world.deliver()
    assert world.states() == ["posted"]
    assert len(world.target.requests) == 2
    assert not Doubt.objects.exists()


def test_question_asked_before_the_settle_time_is_over_counts_for_nothing(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    commits_late(world)
    world.take_in(entry(1))
    world.deliver()
    clocks.jump(3600)
    ask = world.target.look_up

    def slowly(requests: Sequence[WriteRequest]) -> list[LookUp]:
        answer = ask(requests)
        clock.passed += SETTLE
        return answer

    world.target.look_up = slowly  # type: ignore[method-assign]
    world.deliver()
    assert Effect.objects.get().not_there == 0


@pytest.mark.parametrize("at_once", [True, False])
def test_another_machine_waits_the_settle_time_anew(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    world = quick_world("ledger_look_up")
    commits_late(world)
    world.take_in(entry(1))
    world.deliver()
    monkeypatch.setattr(clock, "machine", lambda: ANOTHER)
    clocks.jump(3600)
    world.later(0 if at_once else 2 * SETTLE)  # whose seconds count from its start on says nothing of ours
    world.deliver()
    assert Effect.objects.get().not_there == 0
    world.later(SETTLE)
    world.deliver()
    assert Effect.objects.get().not_there == 1


def test_what_one_machine_has_proved_the_others_believe(quick_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = quick_world("ledger_look_up")
    commits_late(world)
    world.take_in(entry(1))
    world.deliver()
    world.later(SETTLE)
    world.deliver()
    monkeypatch.setattr(clock, "machine", lambda: ANOTHER)
    world.later(SETTLE)
    world.deliver()
    assert world.states() == ["posted"]


def test_doubt_that_comes_again_settles_anew(quick_world: Make) -> None:
    world = quick_world("ledger_look_up", correction="update")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, number: unknown()
    world.take_in(entry(1, version=2, hours="7.00"))
    world.deliver()
    first = Doubt.objects.get()
    world.later(SETTLE)
    world.deliver()  # a change in place is sent once more, and again nobody answers
    again = Doubt.objects.get()
    assert again.effect_id == first.effect_id
    assert again.since - first.since >= SETTLE


def bodies(world: World) -> list[Decimal]:
    """The hours of the commits, in their order."""
    return [Decimal(str(hours_of(c))) for c in world.target.commits]


def hours_of(request: WriteRequest) -> Any:
    import msgspec

    return msgspec.json.decode(request.body)["hours"]


def test_key_stays_quiet_although_the_clock_jumps_ahead(quick_world: Make) -> None:
    world = quick_world("ledger_look_up", correction="update")
    world.take_in(entry(1, hours="1.00"))
    world.deliver()
    held: list[WriteRequest] = []
    world.target.behave = lambda request, number: held.append(request) or unknown() if number == 2 else None
    world.take_in(entry(1, version=2, hours="2.00"))
    world.deliver()
    clocks.jump(3600)
    world.deliver()  # sent once more, and confirmed; the first one still travels
    world.take_in(entry(1, version=3, hours="3.00"))
    for _ in range(6):
        world.deliver()
        world.later(1.5)
    assert bodies(world) == [1, 2]
    world.target.commits += held  # it comes late
    world.later(SETTLE)
    world.deliver()
    assert bodies(world) == [1, 2, 2, 3]
    assert world.states() == ["posted", "posted", "posted"]


@pytest.mark.parametrize("connector", ["ledger_look_up", "ledger_idempotent"])
def test_lease_that_a_jump_ended_gives_its_owner_time_to_send_late(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch, settings: Any, connector: str
) -> None:
    """The owner of a lease may send the first byte until half of it is over, whatever the clock says."""
    settings.LEASE_SECONDS = 60
    world = quick_world(connector, correction="update")
    held: list[WriteRequest] = []

    def other_worker(request: WriteRequest, number: int) -> Any:
        """While the first worker is about to send, the clock jumps and another worker takes the key over."""
        if number > 1:
            return None
        held.append(request)
        clocks.jump(3600)
        world.deliver()
        return unknown()

    world.target.behave = other_worker
    world.take_in(entry(1, hours="1.00"))
    world.deliver()
    world.take_in(entry(1, version=2, hours="2.00"))
    for _ in range(28):
        world.later(1)
        world.deliver()
    assert len(world.target.requests) == (1 if connector == "ledger_look_up" else 2)
    assert bodies(world) in ([], [1])
    world.target.commits += held  # the first byte left just now
    for _ in range(8):
        world.later(SETTLE)
        world.deliver()
    assert world.states() == ["posted", "posted"]
    expected = [1, 2] if connector == "ledger_look_up" else [1, 1, 2]
    assert bodies(world) == expected
    assert all(a <= b for a, b in pairwise(bodies(world)))


def test_sweep_forgets_what_has_settled_and_takes_over_what_other_machines_count(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world("ledger_blind")
    world.target.behave = lambda request, number: unknown()
    world.take_in(entry(1))
    world.deliver()
    here = clock.machine()
    monkeypatch.setattr(clock, "machine", lambda: ANOTHER)
    settling.sweep()
    assert set(Doubt.objects.values_list("machine", flat=True)) == {here, ANOTHER}
    world.later(SETTLE - 1)
    settling.sweep()
    assert Doubt.objects.count() == 2
    world.later(1)
    settling.sweep()
    assert not Doubt.objects.exists()


def test_machine_that_is_stopped_before_it_looks_counts_from_after_it(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What begins while a process is stopped is not dated back to when it was stopped."""
    world = quick_world("ledger_look_up")
    commits_late(world)
    monkeypatch.setattr(clock, "machine", lambda: ANOTHER)
    real, began = clock.uptime, []

    def stopped_at_first() -> float:
        seconds = real()
        if not began:
            began.append(seconds)
            monkeypatch.setattr(clock, "machine", lambda: "a third machine")
            world.later(SETTLE)
            world.take_in(entry(1))
            world.deliver()
            monkeypatch.setattr(clock, "machine", lambda: ANOTHER)
        return seconds

    monkeypatch.setattr(clock, "uptime", stopped_at_first)
    settling.sweep()
    settling.sweep()
    assert Doubt.objects.filter(machine=ANOTHER).get().since >= began[0] + SETTLE
