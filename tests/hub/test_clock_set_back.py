"""The clock goes on by itself after the machine's time was set back."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from hub.celery import app
from hub.pulse import Scheduler

WITHIN = 10.0  # seconds; the task is due every second


@pytest.fixture
def sent(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what the clock sends, in place of sending it."""
    settings.STATE = tmp_path
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)  # the test is in one
    found: list[str] = []
    monkeypatch.setattr(Scheduler, "apply_entry", lambda self, entry, **_: found.append(entry.name))
    return found


def made() -> Scheduler:
    """Return a clock that writes nothing any more when the tests end."""
    clock = Scheduler(app=app, lazy=True)
    clock._finalize.cancel()
    return clock


def go(clock: Scheduler, sent: list[str], until: int) -> None:
    """Let the clock go round until it has sent so many, or the time is up."""
    end = time.monotonic() + WITHIN
    while len(sent) < until and time.monotonic() < end:
        clock.tick()
        time.sleep(0.02)


def scheduled(*names: str, last: Any) -> None:
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    for name in names:
        PeriodicTask.objects.create(name=name, task="routes.tasks.sweep", interval=every, last_run_at=last)


@pytest.mark.django_db
def test_clock_that_starts_where_the_time_was_set_back_sends_what_is_due(sent: list[str]) -> None:
    scheduled("sweep", "other", last=timezone.now() + timedelta(hours=1))
    go(made(), sent, 4)
    assert set(sent) == {"sweep", "other"}


@pytest.mark.django_db
def test_rows_say_no_more_that_something_ran_at_a_time_to_come(sent: list[str]) -> None:
    scheduled("sweep", last=timezone.now() + timedelta(days=2))
    clock = made()
    clock.tick()
    clock.sync()
    assert PeriodicTask.objects.get(name="sweep").last_run_at <= timezone.now()


@pytest.mark.django_db
def test_clock_that_runs_while_the_time_is_set_back_goes_on_with_everything(sent: list[str]) -> None:
    scheduled("sweep", "other", last=timezone.now() - timedelta(hours=1))
    clock = made()
    go(clock, sent, 2)
    assert set(sent) == {"sweep", "other"}
    ahead = timezone.now() + timedelta(hours=1)
    for each in clock.schedule.values():  # as they stand once the time was set back by an hour
        each.last_run_at = each.model.last_run_at = ahead
    clock._heap = [each._replace(time=each.time + 3600) for each in clock._heap]
    go(clock, sent, 6)
    assert set(sent[2:]) == {"sweep", "other"}
