"""What a person has dropped for a subscription, with a reason, stays dropped until it is asked for by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.actor import ENGINE
from governance.models import AuditEntry
from routes.models import Delivery
from routes.outbound import redelivering, tap
from tests.outbound.subscriber import Subscriber
from tests.routes.world import World, entry


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
