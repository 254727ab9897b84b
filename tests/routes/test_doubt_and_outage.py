"""A system that is away, or asks for patience, uses up nobody's tries of what is in doubt."""

from collections.abc import Callable
from typing import Any

import pytest

from canonical.failure import OF_THE_RECORD, Category
from connectors.models import BreakerState, Connection
from connectors.outcome import ConnectorFailure, Result, WriteOutcome
from routes import shipments
from routes.models import Effect, Failure
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]


def target(world: World) -> Connection:
    return Connection.objects.get(pk=world.destination.connection_id)


def in_doubt(make: Make, connector: str) -> World:
    world = make(connector)
    world.target.behave = lambda request, number: unknown()
    world.take_in(entry(1))
    world.deliver(rounds=1)
    assert world.states() == ["unknown"]
    return world


@pytest.mark.parametrize("category", [Category.OUTAGE, Category.CREDENTIALS])
@pytest.mark.parametrize("answer", [Result.NOT_SENT, Result.REFUSED])
def test_write_in_doubt_waits_for_a_system_that_is_away(quick_world: Make, category: Category, answer: Result) -> None:
    world = in_doubt(quick_world, "ledger_idempotent")
    world.target.behave = lambda request, number: WriteOutcome(answer, category=category, message="nobody there")
    world.later(20)
    world.deliver(rounds=1)
    assert target(world).breaker_state == BreakerState.OPEN
    assert (world.states(), world.transactions()[0].attempts) == (["unknown"], 1)
    for _ in range(60):  # some hours
        world.later(1000)
        world.deliver(rounds=1)
    assert world.states() == ["unknown"]
    assert Failure.objects.filter(transaction_id=None).count() == 1, "one person hears that it is away"
    world.target.behave = lambda request, number: None
    world.later(1000)
    world.deliver()
    assert world.states() == ["posted"]
    assert target(world).breaker_state == BreakerState.CLOSED


def test_write_in_doubt_is_sent_again_more_and_more_rarely(quick_world: Make) -> None:
    world = in_doubt(quick_world, "ledger_idempotent")
    for _ in range(60):
        world.later(1)
        world.deliver(rounds=1)
    assert len(world.target.requests) < 12, "a minute of a system that gives no proof"
    assert world.states() == ["unknown"]


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (refused(Category.VALIDATION, "the hours are too many"), True),
        (WriteOutcome(Result.NOT_SENT, category=Category.CONFIGURATION, message="the certificate has ended"), True),
        (refused(Category.TRANSIENT, "locked just now"), False),
        (refused(Category.MISSING_REFERENCE, "no such project yet"), False),
        (unknown("no answer"), False),
    ],
)
def test_second_sending_that_is_refused_for_good_is_looked_at_at_once(
    quick_world: Make, answer: WriteOutcome, ends: bool
) -> None:
    world = in_doubt(quick_world, "ledger_idempotent")
    world.target.behave = lambda request, number: answer
    world.later(20)
    world.deliver(rounds=1)
    assert world.states() == (["failed"] if ends else ["unknown"])
    assert [state for *_, state in world.effects()] == ["unknown"], "the first sending may have arrived all the same"
    if ends:
        failure = Failure.objects.get()
        assert (failure.category, answer.message in failure.message) == (Category.OUTCOME_UNKNOWN, True)


def test_write_in_doubt_that_is_throttled_slows_the_connection_down(quick_world: Make) -> None:
    world = in_doubt(quick_world, "ledger_idempotent")
    world.target.behave = lambda request, number: refused(Category.THROTTLED)
    world.later(20)
    world.deliver(rounds=1)
    assert target(world).slow_until is not None
    assert world.transactions()[0].attempts == 1


@pytest.mark.parametrize(
    ("failure", "counts"),
    [
        (ConnectorFailure(Category.THROTTLED, "slower", retry_after=30), False),
        (ConnectorFailure(Category.TRANSIENT, "too late", sent=False, retry=True), False),
        (ConnectorFailure(Category.TRANSIENT, "it speaks before it is asked", sent=False), True),
        (ConnectorFailure(Category.CONFIGURATION, "the certificate has ended", sent=False), True),
        (ConnectorFailure(Category.SHAPE, "no list came"), True),
    ],
)
def test_question_that_helps_nobody_ends_with_a_person(
    quick_world: Make, monkeypatch: Any, failure: ConnectorFailure, counts: bool
) -> None:
    world = in_doubt(quick_world, "ledger_look_up")
    monkeypatch.setattr(shipments, "ask_requests", lambda c, d, requests, n: [failure] * len(requests))
    for _ in range(60):
        world.later(100)
        world.deliver(rounds=1)
    assert world.states() == (["failed"] if counts else ["unknown"])
    assert (target(world).slow_until is not None) == (failure.category is Category.THROTTLED)


def test_refused_sign_in_after_an_outage_is_told_too(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: refused(Category.OUTAGE if number == 1 else Category.CREDENTIALS)
    world.take_in(entry(1))
    world.deliver()
    for _ in range(4):
        world.later(1000)
        world.deliver()
    assert list(Failure.objects.order_by("pk").values_list("category", flat=True)) == ["outage", "credentials"]
    world.target.behave = lambda request, number: None
    world.later(1000)
    world.deliver()
    assert world.states() == ["posted"]
    assert not Failure.objects.filter(closed_at=None).exists()


def away(make: Make, *, records: int) -> World:
    """Return a world of which the target went away and can be asked again."""
    world = make("ledger_idempotent")
    world.target.behave = lambda request, number: refused(Category.OUTAGE)
    world.take_in(*(entry(number) for number in range(1, records + 1)))
    world.deliver(rounds=1)
    assert target(world).breaker_state == BreakerState.OPEN
    world.later(60)
    return world


@pytest.mark.parametrize("category", sorted(OF_THE_RECORD))
def test_system_that_refuses_a_record_for_what_it_says_is_back(quick_world: Make, category: Category) -> None:
    world = away(quick_world, records=4)
    first = len(world.target.requests) + 1
    world.target.behave = lambda request, number: refused(category) if number == first else None
    world.deliver()
    assert target(world).breaker_state == BreakerState.CLOSED
    assert world.states().count("posted") == 3, "nothing waits for another pause"
    assert not Failure.objects.filter(transaction_id=None, closed_at=None).exists()


@pytest.mark.parametrize("category", [Category.REFUSED, Category.NO_RIGHT, Category.CONFIGURATION, Category.INTERNAL])
def test_what_a_gateway_may_say_as_well_proves_nothing(quick_world: Make, category: Category) -> None:
    world = away(quick_world, records=4)
    before = len(world.target.requests)
    world.target.behave = lambda request, number: refused(category)
    world.deliver()
    assert target(world).breaker_state == BreakerState.OPEN
    assert len(world.target.requests) == before + 1
    assert Failure.objects.filter(transaction_id=None, closed_at=None).count() == 1


@pytest.mark.parametrize("category", [None, Category.VALIDATION])
def test_what_never_left_proves_nothing(quick_world: Make, category: Category | None) -> None:
    world = away(quick_world, records=2)
    world.target.behave = lambda request, number: WriteOutcome(Result.NOT_SENT, category=category, message="kept back")
    world.deliver(rounds=1)
    assert target(world).breaker_state == BreakerState.OPEN


def test_refusal_of_what_is_in_doubt_shows_only_that_the_system_is_back(quick_world: Make) -> None:
    world = in_doubt(quick_world, "ledger_idempotent")
    world.target.behave = lambda request, number: refused(Category.OUTAGE)
    world.later(20)
    world.deliver(rounds=1)
    assert target(world).breaker_state == BreakerState.OPEN
    world.target.behave = lambda request, number: refused(Category.VALIDATION)
    world.later(1000)
    world.deliver(rounds=1)
    assert target(world).breaker_state == BreakerState.CLOSED
    assert Effect.objects.get().state == "unknown", "the first sending may have been taken all the same"
