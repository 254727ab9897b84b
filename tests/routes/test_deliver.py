"""Delivering: every claim becomes one effect with one outcome, whatever the target answers."""

from collections.abc import Callable

import pytest

from canonical.failure import Category
from connectors.outcome import ConnectorFailure
from routes import deliver
from routes.models import Failure, KeyHead
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]


@pytest.mark.parametrize("connector", ["ledger_idempotent", "ledger_look_up", "ledger_blind"])
def test_deliver_posts_each_entry_once(quick_world: Make, connector: str) -> None:
    world = quick_world(connector)
    totals = world.take_in(*(entry(n) for n in range(1, 8)))
    world.deliver()
    assert (totals.read, totals.new) == (7, 7)
    assert world.states() == ["posted"] * 7
    assert len(world.target.commits) == 7
    assert {(n, op, state) for _, n, op, state in world.effects()} == {(1, "create", "confirmed")}
    assert not KeyHead.objects.exclude(transaction_id=None).exists()


def test_deliver_writes_every_change_of_state_down(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    [only] = world.transactions()
    assert world.history(only.pk) == ["received", "normalised", "validated", "ready", "delivering", "posted"]


def test_deliver_asks_a_person_when_a_rule_says_no(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00"), entry(2))
    world.deliver()
    assert world.states() == ["failed", "posted"]
    [failure] = Failure.objects.all()
    assert (failure.category, failure.rule, failure.field) == ("validation", "hours-positive", "hours")
    assert "more than nothing" in failure.message


def test_deliver_tries_again_by_itself_after_a_short_disturbance(quick_world: Make) -> None:
    world = quick_world()
    world.target.behave = lambda request, number: refused(Category.TRANSIENT, "lock") if number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    assert world.states() == ["retrying"]
    world.later(10)
    world.deliver()
    assert world.states() == ["posted"]
    assert world.effects() == [
        ("TE-0000001", 1, "create", "refused"),
        ("TE-0000001", 2, "create", "confirmed"),
    ]


def test_deliver_gives_up_to_a_person_after_the_last_try(quick_world: Make) -> None:
    world = quick_world()
    world.target.behave = lambda request, number: refused(Category.TRANSIENT, "lock 17")
    world.take_in(entry(1))
    for _ in range(12):
        world.deliver()
        world.later(1000)
    assert world.states() == ["failed"]
    assert Failure.objects.get().category == "transient"
    assert len(world.target.requests) == 8


def test_deliver_asks_the_target_before_it_sends_again(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: "hung up after committing"
    world.take_in(entry(1))
    world.deliver()
    assert world.states() == ["unknown"]
    assert len(world.target.requests) == 1
    world.later(20)
    world.deliver()
    assert world.states() == ["posted"]
    assert len(world.target.commits) == 1


def test_deliver_believes_not_there_only_the_second_time(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: unknown() if number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    world.later(15)
    world.deliver()
    assert world.states() == ["unknown"]
    world.later(15)
    world.deliver()
    assert world.states() == ["posted"]
    assert len(world.target.commits) == 1
    assert [(n, state) for _, n, _, state in world.effects()] == [(1, "refused"), (2, "confirmed")]


def test_deliver_finds_a_write_that_was_committed_late(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    late = []
    world.target.behave = lambda request, number: late.append(request) or unknown()
    world.take_in(entry(1))
    world.deliver()
    world.later(15)
    world.deliver()  # asked once: not there yet
    world.target.commits += late
    world.later(15)
    world.deliver()
    assert world.states() == ["posted"]
    assert len(world.target.commits) == 1


def test_deliver_sends_the_same_bytes_under_the_same_key_where_repeats_are_absorbed(quick_world: Make) -> None:
    world = quick_world("ledger_idempotent")
    world.target.behave = lambda request, number: "answered too late" if number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    world.later(10)
    world.deliver()
    assert world.states() == ["posted"]
    first, second = world.target.requests
    assert (first.idempotency_key, first.body) == (second.idempotency_key, second.body)
    assert len(world.target.commits) == 1


def test_deliver_never_repeats_a_blind_write_by_itself(quick_world: Make) -> None:
    world = quick_world("ledger_blind")
    world.target.behave = lambda request, number: unknown() if request.key == "TE-0000001" else None
    world.take_in(entry(1), entry(2))
    for _ in range(5):
        world.deliver()
        world.later(1000)
    assert world.states() == ["failed", "posted"]
    assert len([r for r in world.target.requests if r.key == "TE-0000001"]) == 1
    assert Failure.objects.get().category == "outcome_unknown"


def test_deliver_holds_for_a_closed_period(quick_world: Make) -> None:
    world = quick_world()
    world.target.behave = lambda request, number: refused(Category.CLOSED_PERIOD, "The period 2026-10 is closed.")
    world.take_in(entry(1))
    world.deliver()
    assert world.states() == ["held"]
    assert Failure.objects.get().category == "closed_period"


def test_deliver_gives_back_at_once_what_a_slow_target_left_no_time_for(quick_world: Make) -> None:
    world = quick_world("ledger_look_up", window=2)
    world.target.behave = lambda request, number: world.later(61) if number == 2 else None  # half a lease
    world.take_in(*(entry(n) for n in range(1, 6)))
    deliver.deliver(connection_id=world.destination.connection_id, lane="posting", stream="entries")
    assert world.states() == ["posted"] * 2 + ["delivering"] * 3
    assert not KeyHead.objects.exclude(lease_owner=None).exists()
    world.deliver()
    assert world.states() == ["posted"] * 5
    assert len(world.target.requests) == 5


def test_deliver_lets_no_unanswered_question_hold_up_the_others(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: "hung up after committing"
    world.take_in(*(entry(n) for n in range(1, 4)))
    world.deliver()
    known, lost = world.target.look_up, ConnectorFailure(Category.TRANSIENT, "no answer came")
    world.target.look_up = lambda requests: [a if r.key != "TE-0000002" else lost
                                             for r, a in zip(requests, known(requests), strict=True)]  # fmt: skip
    world.later(20)
    world.deliver()
    assert world.states() == ["posted", "unknown", "posted"]
    world.target.look_up = known
    world.later(10)
    world.deliver()
    assert world.states() == ["posted"] * 3
    assert len(world.target.commits) == 3


def test_deliver_asks_a_person_when_the_target_has_a_key_twice(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: "hung up after committing"
    world.take_in(entry(1))
    world.deliver()
    twice = ConnectorFailure(Category.DUPLICATE, "The system holds 2 records under the key TE-0000001: X1, X2.")
    world.target.look_up = lambda requests: [twice for _ in requests]
    world.later(20)
    world.deliver()
    assert world.states() == ["failed"]
    assert "holds 2 records" in Failure.objects.get().message
    assert len(world.target.commits) == 1
