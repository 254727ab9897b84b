"""A subscription that is ended while its events are on the wire."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from governance.actor import ENGINE
from routes.models import Subscription
from routes.outbound import subscribing
from tests.outbound.subscriber import Subscriber
from tests.routes.world import World, entry


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world("ledger_idempotent")


def test_subscription_that_is_ended_while_its_events_are_on_the_wire_stops_no_worker(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()

    def ended_meanwhile(_: Any) -> None:
        try:
            subscribing.end(made, reason="", by=ENGINE)
        finally:
            connections.close_all()

    subscriber.answer = ended_meanwhile
    world.take_in(entry(1))
    world.deliver()
    carried()
    assert len(subscriber.heard) == 1
    assert not Subscription.objects.exists()
