"""Events reach their subscriber: signed, each key in order, whatever the subscriber does meanwhile."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from governance.actor import ENGINE
from routes.models import Delivery, Failure, OutboundEvent, Subscription
from routes.outbound import carrying, redelivering, steering, tap
from tests import clocks
from tests.outbound.subscriber import Subscriber
from tests.routes.world import World, entry

Make = Callable[..., World]
HOUR, DAY = 3600.0, 86_400.0
LONG = 2 * HOUR  # beyond the longest wait between two tries, whatever chance adds to it


@pytest.fixture
def world(make_world: Make) -> World:
    return make_world("ledger_idempotent")


def verified(heard: Any, secret: str) -> dict[str, Any]:
    """Return an event as the independent library believes it."""
    return Webhook(secret).verify(heard.body, heard.headers)


def of_key(subscriber: Subscriber, key: str) -> list[str]:
    """Return what the subscriber took of a key, in order: the states."""
    return [state for state, subject in subscriber.told() if subject == key]


def test_event_is_signed_as_standard_webhooks(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()
    world.take_in(entry(1))
    world.deliver()
    carried()
    [heard] = subscriber.taken
    assert heard.headers["content-type"].startswith("application/cloudevents+json")
    assert heard.headers["webhook-id"] == heard.event["id"] == str(OutboundEvent.objects.get().pk)
    assert verified(heard, made.secret)["type"] == "throughline.transaction.posted"
    with pytest.raises(WebhookVerificationError):
        Webhook(made.secret).verify(heard.body + b" ", heard.headers)
    with pytest.raises(WebhookVerificationError):
        verified(heard, "whsec_" + "A" * 43 + "=")
    [delivery] = Delivery.objects.all()
    assert (delivery.done_how, delivery.status, delivery.attempts) == ("delivered", 204, 1)


def test_subscriber_that_was_down_for_a_day_gets_every_event_in_order_per_key(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()
    address, keys = made.address, [f"TE-{number:07d}" for number in range(1, 6)]
    Subscription.objects.update(address="http://127.0.0.1:9/nobody")
    for version in range(1, 4):
        world.take_in(*(entry(number, hours=f"{version}.00", version=version) for number in range(1, 6)))
        world.deliver()
        carried()
        for _ in range(8):
            clocks.later(HOUR)
            carried()
    assert subscriber.heard == []
    assert Delivery.objects.filter(done_at=None).count() == 15
    tries = sum(Delivery.objects.values_list("attempts", flat=True))
    assert tries < 60, "an address that is down is left alone"

    def slow_at_first(heard: Any) -> None:
        """Take the first of each key slowly: sent side by side, the others would overtake it."""
        time.sleep(0.1 if heard.event["data"]["hours"] == "1" else 0)

    subscriber.answer = slow_at_first
    Subscription.objects.update(address=address)
    for _ in range(3):
        clocks.later(LONG)
        carried()

    assert not Delivery.objects.filter(done_at=None).exists()
    for key in keys:
        sequences = [each.event["sequence"] for each in subscriber.taken if each.event["subject"] == key]
        assert len(sequences) == 3
        assert sequences == sorted(sequences)
        hours = [each.event["data"]["hours"] for each in subscriber.taken if each.event["subject"] == key]
        assert hours == ["1", "2", "3"]
    for heard in subscriber.taken:
        verified(heard, made.secret)
    assert Subscription.objects.get().failing_since is None


def test_all_goes_on_at_once_when_an_address_is_back(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    subscribe()
    subscriber.says(503)
    world.take_in(*(entry(number) for number in range(1, 30)))
    world.deliver()
    carried()
    for _ in range(6):
        clocks.later(LONG)
        carried()
    assert subscriber.taken == []
    subscriber.says(200)
    for _ in range(3):  # the first call may still meet a connection that the address has closed meanwhile
        if not subscriber.taken:
            clocks.later(LONG)
            carried()
    assert len(subscriber.taken) == 29


def test_event_that_is_refused_holds_up_only_its_own_key(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    subscribe()
    subscriber.answer = lambda heard: (422, {}) if heard.event["subject"] == "TE-0000001" else None
    for version in (1, 2):
        world.take_in(entry(1, version=version, hours=f"{version}.00"), entry(2, version=version, hours="4.00"))
        world.deliver()
        carried()
    world.take_in(entry(3))
    world.deliver()
    carried()
    assert of_key(subscriber, "TE-0000001") == []
    assert set(subscriber.told()) == {("posted", "TE-0000002"), ("posted", "TE-0000003")}
    subscriber.answer = lambda heard: None
    clocks.later(LONG)
    carried()
    mine = [each.event["data"]["hours"] for each in subscriber.taken if each.event["subject"] == "TE-0000001"]
    assert mine == ["1", "2"], "both versions, in order"


@pytest.mark.parametrize("status", [500, 422])
def test_one_event_that_always_fails_does_not_make_others_wait(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any, status: int
) -> None:
    subscribe()
    subscriber.answer = lambda heard: (status, {}) if heard.event["subject"] == "TE-0000001" else None
    world.take_in(entry(1))
    world.deliver()
    for _ in range(10):
        carried()
        clocks.later(LONG)
    world.take_in(entry(2))
    world.deliver()
    for _ in range(3):  # the first call may still meet a connection that the address has closed meanwhile
        if not subscriber.taken:
            carried()
            clocks.later(LONG)
    assert subscriber.told() == [("posted", "TE-0000002")]


def test_retry_after_is_the_least_wait(world: World, subscribe: Any, subscriber: Subscriber, carried: Any) -> None:
    subscribe()
    subscriber.says(429, Retry_After="600")
    world.take_in(entry(1))
    world.deliver()
    carried()
    assert len(subscriber.heard) == 1
    subscriber.says(200)
    clocks.later(590)
    carried()
    assert len(subscriber.heard) == 1
    clocks.later(20)
    carried()
    assert len(subscriber.taken) == 1


def test_redirect_is_not_followed(world: World, subscribe: Any, subscriber: Subscriber, carried: Any) -> None:
    subscribe()
    subscriber.says(307, Location=f"http://127.0.0.1:{subscriber.port}/elsewhere")
    world.take_in(entry(1))
    world.deliver()
    carried()
    assert len(subscriber.heard) == 1
    assert "redirect" in Subscription.objects.get().last_answer


def test_address_inside_that_the_operator_has_not_allowed_is_never_called(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any, settings: Any
) -> None:
    from connectors import loop

    subscribe()
    loop.stop()
    settings.OUTBOUND_ALLOWED = []
    world.take_in(entry(1))
    world.deliver()
    carried()
    loop.stop()
    assert subscriber.heard == []
    assert "address guard" in Subscription.objects.get().last_answer


def test_gone_switches_off_at_once_and_tells_a_person(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()
    subscriber.says(410)
    world.take_in(entry(1))
    world.deliver()
    carried()
    made.refresh_from_db()
    assert made.state == "disabled"
    assert "kept failing" not in made.get_state_display()
    assert "410 Gone" in made.state_reason
    failure = Failure.objects.get()
    assert "Data warehouse" in failure.message
    assert "410" in failure.message
    assert "Resume" in failure.message
    clocks.later(LONG)
    carried()
    assert len(subscriber.heard) == 1


def test_days_of_failing_switch_off_and_resuming_sends_what_queued_up_in_order(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any, nudged: list[int]
) -> None:
    made = subscribe()
    subscriber.says(500)
    for version in (1, 2):
        world.take_in(*(entry(n, version=version, hours=f"{version}.00") for n in (1, 2)))
        world.deliver()
        carried()
    for _ in range(6):
        clocks.later(DAY)
        carried()
    made.refresh_from_db()
    assert made.state == "disabled"
    assert "5 days" in made.state_reason
    assert Failure.objects.filter(closed_at=None).count() == 1
    world.take_in(*(entry(n, version=3, hours="3.00") for n in (1, 2)))
    world.deliver()
    carried()

    subscriber.says(204)
    steering.resume(made, by=ENGINE)
    carried()

    assert made.pk in nudged
    assert not Failure.objects.filter(closed_at=None).exists()
    for key in ("TE-0000001", "TE-0000002"):
        hours = [each.event["data"]["hours"] for each in subscriber.taken if each.event["subject"] == key]
        assert hours == ["1", "2", "3"]


def test_paused_subscription_sends_nothing_until_resumed(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()
    steering.pause(made, reason="Year-end close", by=ENGINE)
    world.take_in(entry(1))
    world.deliver()
    carried()
    assert subscriber.heard == []
    steering.resume(made, by=ENGINE)
    carried()
    assert len(subscriber.taken) == 1


def test_event_sent_again_keeps_id_and_bytes(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    subscribe()
    world.take_in(entry(1))
    world.deliver()
    carried()
    redelivering.send_again(Delivery.objects.get(), by=ENGINE)
    carried()
    first, again = subscriber.taken
    assert first.body == again.body
    assert first.headers["webhook-id"] == again.headers["webhook-id"]


def test_all_since_a_moment_is_sent_again_in_order(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()
    world.take_in(entry(1))
    world.deliver()
    carried()
    OutboundEvent.objects.update(happened_at=timezone.now() - timedelta(days=2))
    for version in (1, 2):
        world.take_in(entry(2, version=version, hours=f"{version}.00"))
        world.deliver()
        carried()
    since = timezone.now() - timedelta(days=1)
    assert redelivering.send_again_since(made, since, by=ENGINE) == redelivering.SentAgain(2, 0)
    del subscriber.taken[:]
    carried()
    assert [each.event["data"]["hours"] for each in subscriber.taken] == ["1", "2"]
    with pytest.raises(ValueError, match="Nothing that is still kept"):
        redelivering.send_again_since(made, timezone.now() + timedelta(days=1), by=ENGINE)


def test_dropped_event_lets_those_behind_it_go(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    subscribe()
    subscriber.answer = lambda heard: (422, {}) if heard.event["data"]["hours"] == "1" else None
    for version in (1, 2):
        world.take_in(entry(1, version=version, hours=f"{version}.00"))
        world.deliver()
        carried()
    assert subscriber.taken == []
    redelivering.drop(Delivery.objects.order_by("sequence")[0], reason="Its receiver knows it already", by=ENGINE)
    carried()
    assert [each.event["data"]["hours"] for each in subscriber.taken] == ["2"]


def test_worker_that_dies_leaves_its_events_to_others_after_the_lease(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe()
    for version in (1, 2):
        world.take_in(entry(1, version=version, hours=f"{version}.00"))
        world.deliver()
    while tap.tell():
        pass
    with monkeypatch.context() as dying:
        dying.setattr(carrying, "_settle", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            carrying.carry(Subscription.objects.get().pk)
    assert len(subscriber.heard) == 1
    carried()
    assert len(subscriber.heard) == 1, "it may be on the wire still, and the next of its key waits"
    clocks.later(settings.LEASE_SECONDS + 1)
    carried()
    hours = [each.event["data"]["hours"] for each in subscriber.heard]
    assert hours == ["1", "1", "2"]
    assert subscriber.heard[0].headers["webhook-id"] == subscriber.heard[1].headers["webhook-id"]


def test_late_worker_settles_nothing_that_is_no_longer_its_own(
    world: World, subscribe: Any, subscriber: Subscriber, alone: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    made = subscribe()
    world.take_in(entry(1))
    world.deliver()
    tap.tell()
    kept = carrying._settle

    def late(*args: Any) -> bool:
        clocks.later(settings.LEASE_SECONDS + 1)
        with monkeypatch.context() as other:
            other.setattr(carrying, "_settle", lambda *_: False)
            carrying.carry(made.pk)  # another worker has it now
        return kept(*args)

    monkeypatch.setattr(carrying, "_settle", late)
    carrying.carry(made.pk)
    assert Delivery.objects.get().done_at is None


def test_body_is_valid_cloud_event_json(world: World, subscribe: Any, subscriber: Subscriber, carried: Any) -> None:
    subscribe()
    world.take_in(entry(1))
    world.deliver()
    carried()
    event = json.loads(subscriber.taken[0].body)
    assert {"specversion", "id", "source", "type"} <= event.keys(), "what CloudEvents 1.0 requires"
    named = set(event) - {"data"}
    assert all(name.isalnum() and name == name.lower() for name in named), "its rule for names of attributes"
    assert all(isinstance(event[name], str) and event[name] for name in named)
