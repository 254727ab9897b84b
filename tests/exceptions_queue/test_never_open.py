"""A company whose calendar has no working day any more, or whose ledger's period never ends, stops nobody's queue."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from exceptions_queue import countdown, deadlines, emergencies
from governance import calendars
from governance.working_time import WorkingTime
from tests.governance.people import company

NOW = dt.datetime(2026, 12, 1, 12, 0, tzinfo=dt.UTC)
ONE_DAY = WorkingTime({}, ZoneInfo("Europe/Berlin"), exceptions={dt.date(2026, 12, 5): True})


def test_days_left_are_those_that_are_worked_where_work_ends_for_good() -> None:
    due = dt.datetime(2026, 12, 20, 12, 0, tzinfo=dt.UTC)
    assert countdown.countdown(due, NOW, ONE_DAY) == "in 8 h"
    assert 0 < countdown.days_left(due, NOW, ONE_DAY) <= 1
    never = WorkingTime({}, ZoneInfo("Europe/Berlin"))
    assert countdown.days_left(due, NOW, never) == 0


def test_review_of_a_company_that_is_never_open_is_due_by_the_next_day(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendars, "working_time", lambda _: WorkingTime({}, ZoneInfo("UTC")))
    assert emergencies.review_by(company("HP-DE"), NOW) == dt.datetime(2026, 12, 2, 17, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_period_that_ends_never_is_a_line_like_others(zone: str) -> None:
    days = dt.date(2026, 1, 1), dt.date.max
    place = deadlines.Place(0, 1, 1, "HP-DE", "", None, "ERP", "erp", 1, 1, *days, closed=False)
    found = deadlines._period(place, ZoneInfo(zone), NOW)
    assert found.overdue == ""
    assert found.ends
    assert found.ends.astimezone(ZoneInfo(zone)).year == 9999
    assert "2026-01-01 to 9999-12-31" in found.title
