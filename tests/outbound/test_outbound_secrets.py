"""Secrets of a subscription: what signs its events while an old and a new one overlap."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from governance.actor import ENGINE
from routes.models import Subscription
from routes.outbound import rotating
from tests import clocks
from tests.outbound.subscriber import Subscriber
from tests.outbound.test_outbound_carrying import HOUR, verified
from tests.routes.world import World, entry


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world("ledger_idempotent")


def test_both_secrets_sign_while_they_overlap(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()
    new = rotating.rotate(made, by=ENGINE, overlap=timedelta(hours=2))
    world.take_in(entry(1))
    world.deliver()
    carried()
    [heard] = subscriber.taken
    assert verified(heard, made.secret) == verified(heard, new)
    assert len(heard.headers["webhook-signature"].split()) == 2
    clocks.later(2 * HOUR + 1)
    world.take_in(entry(2))
    world.deliver()
    carried()
    verified(subscriber.taken[-1], new)
    with pytest.raises(WebhookVerificationError):
        verified(subscriber.taken[-1], made.secret)


def test_second_rotation_leaves_the_first_its_overlap(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    """The answer with the second secret was lost: the subscriber knows the first alone, until it is given the third."""
    made = subscribe()
    second = rotating.rotate(made, by=ENGINE, overlap=timedelta(hours=2))
    third = rotating.rotate(made, by=ENGINE, overlap=timedelta(hours=24))
    world.take_in(entry(1))
    world.deliver()
    carried()
    for secret in (made.secret, second, third):
        verified(subscriber.taken[-1], secret)
    clocks.later(2 * HOUR + 1)
    rotating.rotate(made, by=ENGINE, overlap=timedelta(hours=1))
    assert made.secret not in str(dict(Subscription.objects.get().secrets)), "what has ended is not kept"
    world.take_in(entry(2))
    world.deliver()
    carried()
    with pytest.raises(WebhookVerificationError):
        verified(subscriber.taken[-1], made.secret)
    for secret in (second, third):
        verified(subscriber.taken[-1], secret)
    last = rotating.rotate(made, by=ENGINE, overlap=timedelta(0))
    assert [each["secret"] for each in Subscription.objects.get().secrets["signing"]] == [last]
