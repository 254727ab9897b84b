"""Schedules: set by a verb, kept by the clock; comparisons once a day and route."""

import datetime as dt
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from governance.actor import ENGINE
from governance.models import AuditEntry, BusinessCalendar
from governance.rights import NotAllowed, Role
from routes import runs, schedules, tasks
from routes.models import Run
from tests.governance.people import person
from tests.intake.firm import Firm


@pytest.fixture
def admin(firm: Firm) -> Any:
    return person("Olga Petrenko", Role.INTEGRATION_ADMIN)


def at(moment: str) -> None:
    """Move the hub's clock, for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('throughline.clock_offset', (%s - clock_timestamp())::text, true)", [moment])


def test_schedule_is_kept_replaced_and_removed_with_an_audit_entry_each(firm: Firm, admin: Any) -> None:
    schedules.set_schedule(firm.pushed, every=timedelta(minutes=5), by=admin)
    task = schedules.set_schedule(firm.pushed, crontab="30 6 * * 1-5", timezone="Europe/Berlin", by=admin)
    assert schedules.schedule_of(firm.pushed) == task
    assert (task.interval, str(task.crontab.timezone), task.queue) == (None, "Europe/Berlin", "intake")
    schedules.remove_schedule(firm.pushed, by=admin)
    assert schedules.schedule_of(firm.pushed) is None
    assert AuditEntry.objects.filter(verb__endswith="_schedule").count() == 3


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, "how often"),
        ({"every": timedelta(minutes=1), "crontab": "* * * * *"}, "how often"),
        ({"every": timedelta(seconds=1)}, "10 seconds"),
        ({"every": timedelta(days=99)}, "31 days"),
        ({"crontab": "* * *"}, "has 3 parts"),
        ({"crontab": "61 * * * *"}, "no list of times"),
        ({"crontab": "x * * * *"}, "no list of times"),
        ({"crontab": "0 6 * * " + ",".join("1" * 40)}, "weekday has 79 characters, and at most 64"),
        ({"crontab": "1 * * * *", "timezone": "Mars/Phobos"}, "not a time zone"),
    ],
)
def test_schedule_that_cannot_be_followed_is_refused_in_words(
    firm: Firm, admin: Any, wanted: dict[str, Any], told: str
) -> None:
    with pytest.raises(schedules.NotASchedule, match=told):
        schedules.set_schedule(firm.pushed, by=admin, **wanted)
    assert schedules.schedule_of(firm.pushed) is None


def test_schedule_that_two_have_chosen_at_once_can_be_chosen_again(firm: Firm, admin: Any) -> None:
    """Nothing of the clock's tables forbids two alike."""
    from django_celery_beat.models import CrontabSchedule, IntervalSchedule

    daily = {"minute": "30", "hour": "6", "day_of_month": "*", "month_of_year": "*", "day_of_week": "1-5"}
    for _ in range(2):
        CrontabSchedule.objects.create(**daily, timezone="Europe/Berlin")
        IntervalSchedule.objects.create(every=300, period=IntervalSchedule.SECONDS)
    schedules.set_schedule(firm.pushed, crontab="30 6 * * 1-5", timezone="Europe/Berlin", by=admin)
    task = schedules.set_schedule(firm.pushed, every=timedelta(minutes=5), by=admin)
    assert task.interval.every == 300


def test_schedule_needs_the_right_in_the_routes_entity(firm: Firm) -> None:
    for somebody in (firm.farid, firm.ingrid):
        with pytest.raises(NotAllowed):
            schedules.set_schedule(firm.pushed, every=timedelta(minutes=1), by=somebody)


def test_route_that_takes_events_is_never_read(firm: Firm, admin: Any) -> None:
    with pytest.raises(schedules.NotASchedule, match="takes what is sent"):
        schedules.set_schedule(firm.events, every=timedelta(minutes=1), by=admin)
    with pytest.raises(runs.NothingToRead):
        runs.ask_for_run(firm.events, by=admin, trigger="person")


def test_scheduled_run_is_asked_for_by_the_schedule(firm: Firm) -> None:
    tasks.scheduled_run(firm.pushed.pk)
    tasks.scheduled_run(firm.pushed.pk)  # doubled: the open one is meant
    run = Run.objects.get()
    assert (run.trigger, run.requested_by, run.compares) == ("schedule", "Schedule of Pushed time", False)


def test_scheduled_run_leaves_its_turn_to_an_open_run_of_other_days(firm: Firm) -> None:
    days = (dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    backfill = runs.ask_for_run(firm.pushed, by=ENGINE, trigger="person", window=days)
    tasks.scheduled_run(firm.pushed.pk)
    assert Run.objects.get() == backfill
    with pytest.raises(runs.UnderWay, match=r"It reads from 2026-10-01 to 2026-10-31\. Ask again"):
        runs.ask_for_run(firm.pushed, by=ENGINE, trigger="person")


def test_switched_off_or_absent_route_is_not_run(firm: Firm) -> None:
    firm.pushed.enabled = False
    firm.pushed.save()
    tasks.scheduled_run(firm.pushed.pk)
    tasks.scheduled_run(999_999)
    assert not Run.objects.exists()


def test_comparison_is_asked_for_once_a_day_in_the_entitys_night(firm: Firm) -> None:
    BusinessCalendar.objects.create(legal_entity=firm.pushed.legal_entity, country="DE", time_zone="Europe/Berlin")
    firm.pushed.compare_days = 30
    firm.pushed.save()
    at("2026-11-20T00:30:00Z")  # 01:30 in Berlin
    assert schedules.ask_for_comparisons() == []
    at("2026-11-20T01:05:00Z")
    [run] = schedules.ask_for_comparisons()
    assert (run.compares, str(run.window_from), str(run.window_to)) == (True, "2026-10-21", "2026-11-20")
    Run.objects.update(state="done", due_at=None)
    assert schedules.ask_for_comparisons() == []
    at("2026-11-21T01:05:00Z")
    assert len(schedules.ask_for_comparisons()) == 1


def test_comparison_waits_for_an_open_run_and_for_a_person(firm: Firm) -> None:
    firm.pushed.compare_days = 30
    firm.pushed.save()
    at("2026-11-20T12:00:00Z")
    runs.ask_for_run(firm.pushed, by=ENGINE, trigger="person")
    assert schedules.ask_for_comparisons() == []
    Run.objects.update(state="done", due_at=None)
    [run] = schedules.ask_for_comparisons()
    Run.objects.filter(pk=run.pk).update(state="held", due_at=None)
    at("2026-11-21T12:00:00Z")
    assert schedules.ask_for_comparisons() == []


def test_clock_knows_every_task_that_it_starts(settings: Any) -> None:
    from hub.celery import app

    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
    assert schedules.TASK in app.tasks
