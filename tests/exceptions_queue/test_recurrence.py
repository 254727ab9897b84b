"""Cut-offs by their rules, and the time until them: pure, with holidays, closed days and changes of the clock."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions_queue.countdown import absolute, countdown, days_left
from exceptions_queue.recurrence import MOST_NUMBER, Covers, Recurrence, Rule, dates, due_for, next_dates
from governance.working_time import Hours, WorkingTime, public_holidays

BERLIN = ZoneInfo("Europe/Berlin")
GERMANY = WorkingTime(dict.fromkeys(range(5), Hours(dt.time(9), dt.time(17))), BERLIN, public_holidays("DE", "BY"))
SIX = dt.time(18)
YEARS = (dt.datetime.fromisoformat("2024-01-01"), dt.datetime.fromisoformat("2029-01-01"))
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))
CALENDARS = st.builds(
    WorkingTime,
    st.dictionaries(st.integers(0, 6), st.just(Hours(dt.time(9), dt.time(17))), min_size=1),
    st.sampled_from([BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")]),
    st.sampled_from([public_holidays("DE"), public_holidays("US"), {}]),
    st.dictionaries(DAYS, st.booleans(), max_size=5),
)


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    rule = draw(st.sampled_from(list(Rule)))
    number = draw(st.integers(0 if rule == Rule.BEFORE_END else 1, MOST_NUMBER.get(rule, 1)))
    listed = draw(st.lists(DAYS, min_size=1, max_size=6)) if rule == Rule.DATES else []
    covers = draw(st.sampled_from(list(Covers)))
    return Recurrence(rule, draw(st.times()), covers, number, draw(st.integers(0, 6)), tuple(sorted(set(listed))))


@settings(max_examples=60, deadline=None)
@given(recurrences(), CALENDARS, DAYS)
def test_each_day_of_work_falls_under_the_first_cut_off_that_covers_it(
    recurrence: Recurrence, working: WorkingTime, day: dt.date
) -> None:
    found = [each for _, each in zip(range(30), dates(recurrence, working, day), strict=False)]
    assert [each.last_day for each in found] == sorted(each.last_day for each in found)
    if recurrence.rule is not Rule.DATES:
        assert all(working.is_business_day(each.on) for each in found)
    due = due_for(recurrence, working, day)
    if recurrence.rule is Rule.DATES and due is None:
        assert all(each.last_day < day for each in found)
        return
    assert due is not None
    assert due.last_day >= day
    assert due.moment == min(each.moment for each in found if each.last_day >= day)
    later = due_for(recurrence, working, day + dt.timedelta(days=1))
    assert later is None or later.moment >= due.moment, "later work is never due earlier"


@settings(max_examples=60, deadline=None)
@given(CALENDARS, st.datetimes(*YEARS, timezones=st.just(dt.UTC)), st.integers(0, 40 * 24 * 60))
def test_time_left_never_grows_as_time_passes(working: WorkingTime, now: dt.datetime, minutes: int) -> None:
    due = now + dt.timedelta(minutes=minutes)
    left = [days_left(due, now + (due - now) * part / 8, working) for part in range(9)]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0
    assert countdown(due, due, working).startswith("past since")
    assert absolute(due, working)


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(dt.UTC)


def test_rules_by_example() -> None:
    def first(rule: Rule, covers: Covers, number: int = 0, **more: object) -> list[str]:
        recurrence = Recurrence(rule, SIX, covers, number, **more)  # type: ignore[arg-type]
        return [f"{each.on} {each.last_day}" for each in next_dates(recurrence, GERMANY, moment("2026-12-10T10:00"), 2)]

    assert first(Rule.WORKING_DAY, Covers.MONTH_BEFORE, 3) == ["2027-01-07 2026-12-31", "2027-02-03 2027-01-31"]
    assert first(Rule.BEFORE_END, Covers.OWN_MONTH, 1) == ["2026-12-30 2026-12-31", "2027-01-28 2027-01-31"]
    assert first(Rule.DAY_BEFORE, Covers.UP_TO, 31) == ["2026-12-31 2026-12-31", "2027-01-29 2027-01-29"]
    assert first(Rule.DAY_AFTER, Covers.MONTH_BEFORE, 26) == ["2026-12-28 2026-11-30", "2027-01-26 2026-12-31"]
    assert first(Rule.WEEKLY, Covers.WEEK_BEFORE, weekday=4) == ["2026-12-11 2026-12-06", "2026-12-18 2026-12-13"]
    assert first(Rule.WEEKLY, Covers.UP_TO, weekday=4)[0] == "2026-12-11 2026-12-11"
    listed = (dt.date(2026, 12, 9), dt.date(2026, 12, 18))
    assert first(Rule.DATES, Covers.UP_TO, dates=listed) == ["2026-12-18 2026-12-18"]


def test_countdown_is_in_working_time_of_the_company() -> None:
    friday = moment("2026-11-27T18:00")
    for now, words in (
        ("2026-11-26T10:00", "in 1 working day 7 h"),
        ("2026-11-27T16:30", "in 30 min"),
        ("2026-11-27T17:30", "before work goes on, Friday 18:00"),
        ("2026-11-21T12:00", "in 4 working days 8 h"),  # a Saturday: work begins on Monday at nine
        ("2026-11-30T09:00", "past since Friday 18:00"),
        ("2026-12-10T09:00", "past since Fri 27 Nov 2026"),
        ("2024-11-27T18:00", "on Fri 27 Nov 2026"),
    ):
        assert countdown(friday, moment(now), GERMANY) == words
    over_epiphany = countdown(moment("2027-01-07T12:00"), moment("2027-01-05T12:00"), GERMANY)
    assert over_epiphany == "in 1 working day", "the sixth is a holiday in Bavaria"
    monday = moment("2026-10-26T12:00")  # the clock goes back on the Sunday before
    assert countdown(monday, moment("2026-10-23T12:00"), GERMANY) == "in 1 working day"
    assert absolute(monday, GERMANY) == "Mon 26 Oct 2026 12:00 (Europe/Berlin)"
    closed = WorkingTime({}, BERLIN)
    assert countdown(monday, moment("2026-10-23T12:00"), closed) == "before work goes on, Monday 12:00"
