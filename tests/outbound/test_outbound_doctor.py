"""What the doctor says of events out: silent when all is well, each trouble with cause and remedy."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from routes.models import Subscription
from routes.outbound import doctor, tap
from tests.routes.world import entry


def test_well_hub_has_nothing_wrong(make_world: Any, subscribe: Any, alone: None) -> None:
    world = make_world()
    assert [*doctor.untold(), *doctor.failing_subscriptions()] == []
    subscribe()
    world.take_in(entry(1, hours="0.00"))
    tap.tell()
    assert [*doctor.untold(), *doctor.failing_subscriptions()] == []


def test_history_that_nobody_tells_is_found(make_world: Any, subscribe: Any) -> None:
    subscribe()
    late = timezone.now() - timedelta(minutes=11)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason)"
            " VALUES (uuidv7(), 'ready', 'failed', %s, 'engine', 'Throughline', 'x')",
            [late],
        )
    [(thing, cause, remedy)] = doctor.untold()
    assert "not told" in thing
    assert "open" in cause
    assert "analytics" in remedy


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"state": "disabled", "state_reason": "Its address answered 410 Gone."}, "switched off"),
        ({"failing_since": timezone.now() - timedelta(hours=2), "failures": 3}, "Nothing has arrived"),
    ],
)
def test_subscriber_that_takes_nothing_is_found(make_world: Any, subscribe: Any, how: Any, says: str) -> None:
    subscribe()
    Subscription.objects.update(**how)
    [(thing, _, remedy)] = doctor.failing_subscriptions()
    assert says in thing
    assert remedy
