"""What the clock and the nudges start: telling, carrying, and dropping what is old."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.actor import ENGINE
from hub import settings as hub_settings
from routes import clock, nudges, tasks
from routes.models import Delivery, OutboundEvent, RunEnding, Subscription
from routes.outbound import carrying, cleaning, subscribing, tap
from routes.outbound.wishes import Wishes
from tests.governance.people import company

pytestmark = pytest.mark.django_db


@pytest.fixture
def warehouse(nudged: list[int]) -> Subscription:
    return subscribing.subscribe(Wishes("Data warehouse", "https://events.acme.example/"), by=ENGINE)[0]


def deliver(to: Subscription, *, days_ago: int = 0, done: bool = False) -> Delivery:
    at = timezone.now() - timedelta(days=days_ago)
    event = OutboundEvent.objects.create(
        type="throughline.run.done", key="k", subject="s", legal_entity=company("HP-DE"), route_id=1, happened_at=at,
        body="{}",
    )  # fmt: skip
    event.refresh_from_db()
    ended = {"done_at": at, "done_how": "delivered"} if done else {}
    return Delivery.objects.create(
        subscription=to, event=event, key=str(event.pk), sequence=event.number, due_at=at, **ended
    )


def test_sweep_asks_for_telling_only_while_somebody_listens(
    monkeypatch: pytest.MonkeyPatch, warehouse: Subscription
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(nudges, "telling", lambda: asked.append("tell"))
    for name in ("delivery", "run", "events"):
        monkeypatch.setattr(nudges, name, lambda *_: None)
    tasks.sweep()
    assert asked == ["tell"]
    warehouse.delete()
    tap.tell()
    tasks.sweep()
    assert asked == ["tell"]


def test_telling_nudges_the_subscriptions_that_something_is_due_for(
    warehouse: Subscription, nudged: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudges, "telling", lambda: None)
    deliver(warehouse)
    tasks.tell()
    assert nudged == [warehouse.pk]


def test_carrying_repeats_while_there_is_more(warehouse: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = iter([True, True, False])
    asked: list[int] = []

    def carry(subscription: int) -> bool:
        asked.append(subscription)
        return next(rounds)

    monkeypatch.setattr(carrying, "carry", carry)
    tasks.carry_events(warehouse.pk)
    assert asked == [warehouse.pk] * 3


@pytest.mark.parametrize("state", ["active", "paused", "disabled"])
def test_old_events_are_dropped_but_none_that_still_goes(warehouse: Subscription, state: str, settings: Any) -> None:
    old = settings.EVENT_KEEP_DAYS + 1
    arrived, waits = deliver(warehouse, days_ago=old, done=True), deliver(warehouse, days_ago=old)
    recent = deliver(warehouse, days_ago=1, done=True)
    reason = {"active": "", "paused": "Year-end close", "disabled": "gone"}[state]
    Subscription.objects.update(state=state, state_reason=reason)
    RunEnding.objects.create(run_id=recent.event_id, state="done", at=timezone.now() - timedelta(days=old), xid=1)
    cleaning.drop_old()
    kept = set(Delivery.objects.values_list("pk", flat=True))
    assert kept == ({recent.pk} if state == "disabled" else {recent.pk, waits.pk})
    assert not OutboundEvent.objects.filter(pk=arrived.event_id).exists()
    assert OutboundEvent.objects.count() == len(kept)
    assert not RunEnding.objects.exists()


def test_clock_that_went_back_makes_no_event_wait(warehouse: Subscription) -> None:
    row = deliver(warehouse)
    soon = timezone.now() + timedelta(hours=5)
    Delivery.objects.filter(pk=row.pk).update(due_at=soon)
    Subscription.objects.update(failing_since=timezone.now(), failures=1, due_at=soon)
    clock.bring_near(5 * 3600)
    assert Delivery.objects.get().due_at < timezone.now() + timedelta(minutes=1)
    assert Subscription.objects.get().due_at < timezone.now() + timedelta(minutes=1)


def test_every_task_of_the_timetable_exists() -> None:
    named = hub_settings.CELERY_BEAT_SCHEDULE["drop old events out"]["task"]
    assert getattr(tasks, named.rpartition(".")[2])
