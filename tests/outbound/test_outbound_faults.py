"""Something unforeseen in telling or carrying: nothing is lost, a person hears of it once, and it passes by itself."""

import threading
import time
from typing import Any

import pytest
from django.db import connection

from governance.actor import ENGINE
from routes.models import Delivery, Failure, OutboundEvent, Subscription
from routes.outbound import calling, carrying, happenings, subscribing, tap
from tests import clocks
from tests.outbound.subscriber import Subscriber
from tests.routes.world import World, entry


@pytest.fixture
def world(make_world: Any) -> World:
    return make_world("ledger_idempotent")


def test_telling_that_meets_the_unforeseen_keeps_its_place_and_tells_a_person_once(
    world: World, subscribe: Any, alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe()
    world.take_in(entry(1, hours="0.00"))
    with monkeypatch.context() as broken:
        broken.setattr(happenings, "within", lambda span: {}["a secret value"])
        assert tap.tell() is False
        assert tap.tell() is False
    told = Failure.objects.filter(transaction_id=None)
    assert [failure.category for failure in told] == ["internal"]
    assert "secret value" not in told.get().message + told.get().rule
    tap.tell()
    assert OutboundEvent.objects.count() == 1
    assert not told.filter(closed_at=None).exists()


def test_subscription_that_is_ended_while_its_events_are_written_waits_for_them(
    world: World, subscribe: Any, alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, write = subscribe(), tap._write
    ended: list[threading.Thread] = []

    def end() -> None:
        try:
            subscribing.end(Subscription.objects.get(pk=made.pk), reason="no more", by=ENGINE)
        finally:
            connection.close()

    def written(*given: Any) -> None:
        write(*given)
        ended.append(threading.Thread(target=end))
        ended[0].start()
        until = time.monotonic() + 60
        while ended[0].is_alive() and not _somebody_waits() and time.monotonic() < until:
            time.sleep(0.02)

    world.take_in(entry(1, hours="0.00"))
    monkeypatch.setattr(tap, "_write", written)
    tap.tell()
    ended[0].join(60)
    assert not ended[0].is_alive()
    assert not Failure.objects.filter(transaction_id=None).exists()
    assert not Subscription.objects.exists()
    assert not Delivery.objects.exists()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        found: bool = cursor.fetchone()[0]
    return found


def test_carrying_that_meets_the_unforeseen_is_tried_again(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe()
    world.take_in(entry(1))
    world.deliver()
    with monkeypatch.context() as broken:
        broken.setattr(calling, "_call_all", lambda *_: {}["a secret value"])
        carried()
    assert "not made for" in Subscription.objects.get().last_answer
    assert Delivery.objects.get().done_at is None
    clocks.later(3600)
    carried()
    assert len(subscriber.taken) == 1


def test_workers_beside_each_other_keep_the_order_of_a_key(
    world: World, subscribe: Any, subscriber: Subscriber, alone: None
) -> None:
    made = subscribe()
    subscriber.answer = lambda heard: time.sleep(0.03 if heard.event["data"]["hours"] == "1" else 0)
    for version in range(1, 5):
        world.take_in(*(entry(n, hours=f"{version}.00", version=version) for n in range(1, 9)))
        world.deliver()
    while tap.tell():
        pass

    def work() -> None:
        try:
            end = time.monotonic() + 20
            while Delivery.objects.filter(done_at=None).exists() and time.monotonic() < end:
                carrying.carry(made.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(subscriber.taken) == 32, "each once"
    for number in range(1, 9):
        mine = [each.event for each in subscriber.taken if each.event["subject"] == f"TE-{number:07d}"]
        assert [event["data"]["hours"] for event in mine] == ["1", "2", "3", "4"]
