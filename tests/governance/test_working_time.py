"""Business days and hours: the arithmetic holds for any calendar, over holidays and changes of the clock."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, date, datetime, time, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from holidays.countries import Germany
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.working_time import Hours, NeverOpen, WorkingTime, public_holidays

OFFICE = {weekday: Hours(time(9), time(17)) for weekday in range(5)}
BERLIN = WorkingTime(OFFICE, ZoneInfo("Europe/Berlin"), public_holidays("DE", "BE"))

hours = st.tuples(st.integers(0, 11), st.integers(12, 23)).map(lambda pair: Hours(time(pair[0]), time(pair[1])))
calendars = st.builds(
    WorkingTime,
    hours=st.dictionaries(st.integers(0, 6), hours, min_size=1),
    zone=st.sampled_from([ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC")]),
    holidays=st.sampled_from([{}, public_holidays("DE", "BY"), public_holidays("US")]),
    exceptions=st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.booleans(), max_size=20),
)
days = st.dates(date(2026, 1, 1), date(2026, 12, 1))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
durations = st.timedeltas(timedelta(0), timedelta(hours=100))


@given(calendars, days)
@settings(max_examples=100, deadline=None)
def test_next_business_day_is_the_nearest(calendar: WorkingTime, day: date) -> None:
    found = calendar.next_business_day(day)

    assert calendar.is_business_day(found)
    assert not any(calendar.is_business_day(day + timedelta(days=n)) for n in range(1, (found - day).days))
    assert calendar.previous_business_day(found + timedelta(days=1)) == found


@given(calendars, days, st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_business_days_added_can_be_taken_away(calendar: WorkingTime, day: date, count: int) -> None:
    start = calendar.next_business_day(day)

    assert calendar.add_business_days(calendar.add_business_days(start, count), -count) == start


@given(calendars, moments, durations)
@settings(max_examples=150, deadline=None)
def test_business_hours_added_have_passed_between(calendar: WorkingTime, start: datetime, duration: timedelta) -> None:
    end = calendar.add_business_hours(start, duration)

    assert end >= start
    assert calendar.business_hours_between(start, end) == duration


@given(calendars, moments, durations, durations)
@settings(max_examples=100, deadline=None)
def test_business_hours_add_up(calendar: WorkingTime, start: datetime, one: timedelta, two: timedelta) -> None:
    half_way = calendar.add_business_hours(start, one)

    assert calendar.business_hours_between(start, calendar.add_business_hours(half_way, two)) == one + two


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-10-02 15:00", 1, "2026-10-02 16:00"),  # Friday
        ("2026-10-02 15:00", 2, "2026-10-02 17:00"),  # ends with the day, not on Monday
        ("2026-10-02 15:00", 3, "2026-10-05 10:00"),  # over a weekend with the Day of German Unity
        ("2026-10-03 12:00", 0, "2026-10-05 09:00"),
        ("2026-03-27 16:00", 2, "2026-03-30 10:00"),  # over the start of summer time
        ("2026-12-23 16:00", 9, "2026-12-24 17:00"),
        ("2026-12-24 16:00", 2, "2026-12-28 10:00"),  # over Christmas
    ],
)
def test_add_business_hours_in_berlin(start: str, duration: int, end: str) -> None:
    zone = BERLIN.zone
    begin, expected = (datetime.fromisoformat(each).replace(tzinfo=zone) for each in (start, end))

    assert BERLIN.add_business_hours(begin, timedelta(hours=duration)) == expected


@pytest.mark.parametrize(
    ("period", "business_day", "expected"),
    [
        ("2026-09", 1, "2026-10-01"),
        ("2026-09", 3, "2026-10-05"),
        ("2026-09", -1, "2026-09-30"),
        ("2026-12", 1, "2027-01-04"),
    ],
)
def test_cut_off_counts_business_days_from_the_end_of_the_period(period: str, business_day: int, expected: str) -> None:
    moment = BERLIN.cut_off(period, business_day, time(18))

    assert moment.astimezone(BERLIN.zone) == datetime.fromisoformat(f"{expected} 18:00").replace(tzinfo=BERLIN.zone)


def test_exceptions_win_over_holidays_and_weekends() -> None:
    calendar = WorkingTime(
        OFFICE,
        BERLIN.zone,
        BERLIN.holidays,
        {date(2026, 12, 19): True, date(2026, 12, 21): False, date(2026, 12, 25): True},
    )

    assert calendar.next_business_day(date(2026, 12, 18)) == date(2026, 12, 19)
    assert calendar.next_business_day(date(2026, 12, 19)) == date(2026, 12, 22)
    assert calendar.is_business_day(date(2026, 12, 25))


def test_calendar_that_never_opens_says_so() -> None:
    with pytest.raises(NeverOpen, match="Give it opening hours"):
        WorkingTime({}, BERLIN.zone).next_business_day(date(2026, 10, 5))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: BERLIN.add_business_hours(datetime(2026, 10, 5, 9), timedelta(hours=1)),  # noqa: DTZ001 - what is refused
        lambda: BERLIN.add_business_hours(datetime(2026, 10, 5, 9, tzinfo=UTC), timedelta(hours=-1)),
        lambda: BERLIN.cut_off("2026-13", 1, time(18)),
        lambda: BERLIN.cut_off("2026-10", 0, time(18)),
        lambda: public_holidays("XX"),
        lambda: public_holidays("DE", "ZZ"),
    ],
)
def test_nonsense_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r"time zone|zero or more|2026-10|business day|not known|not a region"):
        wrong()


def test_holidays_of_a_year_are_whole_for_whoever_asks_while_another_reckons_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mapping = public_holidays.__wrapped__("DE", "BY")
    begun, go_on = Event(), Event()
    known = Germany._populate

    def slowly(self: Germany, year: int) -> None:
        begun.set()
        go_on.wait(10)
        known(self, year)

    monkeypatch.setattr(Germany, "_populate", slowly)
    christmas = date(2087, 12, 25)
    with ThreadPoolExecutor(2) as several:
        first = several.submit(lambda: christmas in mapping)
        assert begun.wait(10)
        second = several.submit(lambda: christmas in mapping)
        wait([second], timeout=0.2)
        go_on.set()
        assert (first.result(), second.result()) == (True, True)
