"""How long an address is left alone that asks for patience: as long as it says, and no other one for its sake."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from governance.actor import ENGINE
from routes.models import Delivery, Subscription
from routes.outbound import calling, subscribing
from routes.outbound.wishes import Wishes
from tests import clocks
from tests.outbound.subscriber import Subscriber
from tests.routes.world import World, entry

LONG = 7200.0  # seconds, beyond the longest wait between two tries


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world("ledger_idempotent")


@pytest.mark.parametrize("refused_before", [False, True])
def test_retry_after_counts_where_others_of_the_same_round_were_taken(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any, refused_before: bool
) -> None:
    subscribe()
    answers = {"TE-0000009": (422, {}), "TE-0000002": (429, {"Retry-After": "600"})}
    subscriber.answer = lambda heard: answers.get(heard.event["subject"])
    if refused_before:
        world.take_in(entry(9))
        world.deliver()
        for _ in range(3):
            carried()
            clocks.later(LONG)
    world.take_in(entry(1), entry(2))
    world.deliver()
    for _ in range(4):
        carried()
    assert ("posted", "TE-0000001") in subscriber.told()
    asked = len(subscriber.heard)
    world.take_in(entry(3))
    world.deliver()
    clocks.later(590)
    carried()
    assert len(subscriber.heard) == asked, "nothing goes to an address that asks for patience"
    assert Subscription.objects.get().last_answer == "it answered 429"
    subscriber.answer = lambda heard: None
    clocks.later(20)
    for _ in range(3):
        carried()
    assert {subject for _, subject in subscriber.told()} >= {"TE-0000001", "TE-0000002", "TE-0000003"}
    assert Subscription.objects.get().failing_since is None


def test_what_an_address_asked_for_says_nothing_of_another_one(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()
    subscriber.says(503, Retry_After="86400")
    world.take_in(entry(1))
    world.deliver()
    carried()
    subscriber.answer = lambda heard: None
    wanted = Wishes("Data warehouse", f"{subscriber.address}?of=another")
    now = subscribing.change(made, wanted, by=ENGINE)
    assert (now.failing_since, now.due_at) == (None, None)
    for _ in range(3):
        carried()
    assert subscriber.told() == [("posted", "TE-0000001")]


def test_what_a_slow_subscriber_left_no_time_for_was_not_tried(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe()
    world.take_in(*(entry(number) for number in range(1, 8)))
    world.deliver()
    inner, sizes = calling.call_all, list[int]()

    def slowly(address: str, letters: Any, secrets: Any, *, deadline: float) -> list[calling.Answered]:
        """Have time for two of a round."""
        sizes.append(len(letters))
        over = time.monotonic() - 1
        sent = inner(address, letters[:2], secrets, deadline=deadline)
        return sent + inner(address, letters[2:], secrets, deadline=over)

    monkeypatch.setattr(calling, "call_all", slowly)
    carried()
    assert sizes == [7, 5, 3, 1]
    assert set(Delivery.objects.values_list("done_how", "attempts")) == {("delivered", 1)}
    assert len(subscriber.taken) == 7
