"""What a person has dropped for a subscription, with a reason, stays dropped until it is asked for by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from governance.actor import ENGINE
from governance.models import AuditEntry
from routes.models import Delivery, Subscription
from routes.outbound import redelivering, tap
from tests.outbound.subscriber import Subscriber
from tests.routes.world import World, entry

AGAIN = {
    "drop": lambda row: redelivering.drop(row, reason="Its receiver knows it already", by=ENGINE),
    "send again": lambda row: redelivering.send_again(row, by=ENGINE),
    "send all again": lambda row: redelivering.send_again_since(
        row.subscription, timezone.now() - timedelta(days=1), by=ENGINE
    ),
}


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world("ledger_idempotent")


def test_what_a_person_has_dropped_is_sent_again_only_by_itself(
    world: World, subscribe: Any, subscriber: Subscriber, carried: Any
) -> None:
    made = subscribe()
    for number in (1, 2):
        world.take_in(entry(number))
        world.deliver()
    since = timezone.now() - timedelta(days=1)
    tap.tell()
    first, second = Delivery.objects.order_by("sequence")
    redelivering.drop(first, reason="Its receiver knows it already", by=ENGINE)
    carried()
    assert redelivering.send_again_since(made, since, by=ENGINE) == redelivering.SentAgain(1, 1)
    assert Delivery.objects.get(pk=first.pk).done_how == "dropped"
    assert AuditEntry.objects.filter(verb="send_again").latest("pk").after["left dropped"] == 1
    redelivering.drop(second, reason="That one, too", by=ENGINE)
    with pytest.raises(ValueError, match="was dropped by people"):
        redelivering.send_again_since(made, since, by=ENGINE)
    redelivering.send_again(first, by=ENGINE)
    assert Delivery.objects.get(pk=first.pk).done_at is None


@pytest.mark.parametrize("deed", AGAIN)
def test_what_a_killed_worker_has_left_is_free_once_its_lease_has_ended(
    world: World, subscribe: Any, alone: None, deed: str
) -> None:
    """Also of a subscription that rests, of which nothing is claimed any more."""
    made = subscribe()
    world.take_in(entry(1))
    world.deliver()
    tap.tell()
    [row] = Delivery.objects.all()
    Subscription.objects.filter(pk=made.pk).update(state="paused", state_reason="its receiver is moved")
    Delivery.objects.update(lease_owner=uuid4(), due_at=timezone.now() + timedelta(minutes=1), attempts=3)
    with pytest.raises(ValueError, match=r"just being sent|Nothing that is still kept"):
        AGAIN[deed](row)
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    AGAIN[deed](row)
    row.refresh_from_db()
    assert row.lease_owner is None
    assert (row.done_how, row.attempts) == (("dropped", 3) if deed == "drop" else ("", 0))
