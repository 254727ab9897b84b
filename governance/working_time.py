"""Reckons in business days and hours. Pure: knows no row and no clock; every moment is given and aware.

Public holidays come from the holidays library, by country and region.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from threading import Lock
from zoneinfo import ZoneInfo

_LONGEST_CLOSURE = 366  # days; a calendar that is closed longer than that is a mistake, not a holiday


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours of one day, in local time, the same day."""

    opens_at: time
    closes_at: time


NINE_TO_FIVE = Hours(time(9), time(17))


class NeverOpen(Exception):
    """The calendar has no working day within a year."""

    def __init__(self, after: date) -> None:
        super().__init__(
            f"The business calendar has no working day within a year after {after}. "
            "Give it opening hours for at least one weekday."
        )


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When somebody works. `exceptions` say of single days whether they are worked, whatever the rule says."""

    hours: Mapping[int, Hours]  # by weekday, 0 is Monday
    zone: ZoneInfo
    holidays: Mapping[date, str] = field(default_factory=dict)  # day → name
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def is_business_day(self, day: date) -> bool:
        """Return whether the day is worked."""
        if day in self.exceptions:
            return self.exceptions[day]
        return day.weekday() in self.hours and day not in self.holidays

    def next_business_day(self, after: date) -> date:
        """Return the first business day later than the given one."""
        return self._nearest(after, timedelta(days=1))

    def previous_business_day(self, before: date) -> date:
        """Return the last business day earlier than the given one."""
        return self._nearest(before, timedelta(days=-1))

    def add_business_days(self, day: date, count: int) -> date:
        """Return the business day that many business days later, earlier when negative; 0 gives the day itself."""
        step = self.next_business_day if count > 0 else self.previous_business_day
        for _ in range(abs(count)):
            day = step(day)
        return day

    def add_business_hours(self, moment: datetime, hours: timedelta) -> datetime:
        """Return the moment at which that much working time has passed since the given one, in UTC.

        Working time that ends with a day ends at that day's closing, not at the next opening.
        """
        _refuse_naive(moment)
        if hours < timedelta(0):
            raise ValueError("Working time is added forwards only; give a duration of zero or more.")
        left, day = hours, moment.astimezone(self.zone).date()
        if not self.is_business_day(day):
            day = self.next_business_day(day)
        while True:
            opens, closes = self.opening(day)
            start = max(opens, moment)
            if start < closes and left <= closes - start:
                return (start + left).astimezone(UTC)
            left -= max(closes - start, timedelta(0))
            day = self.next_business_day(day)

    def business_hours_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from one moment to a later one; nothing when they are the other way round."""
        _refuse_naive(start)
        _refuse_naive(end)
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        passed = timedelta(0)
        while day <= last:
            if self.is_business_day(day):
                opens, closes = self.opening(day)
                passed += max(min(closes, end) - max(opens, start), timedelta(0))
            day += timedelta(days=1)
        return passed

    def cut_off(self, period: str, business_day: int, at: time) -> datetime:
        """Return the last moment a record counts in a period ("2026-10"), in UTC.

        Business day 1 is the first one after the period's last day, -1 the last one within it.
        """
        if business_day == 0:
            raise ValueError("A cut-off is on business day 1, 2, 3 … after the period or -1, -2 … within it.")
        first_after = _first_day_after(period)
        anchor = first_after - timedelta(days=1) if business_day > 0 else first_after
        day = self.add_business_days(anchor, business_day)
        return datetime.combine(day, at, self.zone).astimezone(UTC)

    def opening(self, day: date) -> tuple[datetime, datetime]:
        """Return when a business day opens and closes, in UTC, so that differences count real hours."""
        hours = self.hours.get(day.weekday()) or self.hours.get(0) or NINE_TO_FIVE
        opens, closes = (datetime.combine(day, at, self.zone) for at in (hours.opens_at, hours.closes_at))
        return opens.astimezone(UTC), closes.astimezone(UTC)

    def _nearest(self, day: date, step: timedelta) -> date:
        start = day
        for _ in range(_LONGEST_CLOSURE):
            day += step
            if self.is_business_day(day):
                return day
        raise NeverOpen(start)


class _Reckoned(Mapping[date, str]):
    """Public holidays, reckoned by one thread at a time.

    The library counts a year as known before it has all of its days: another thread would take a holiday for a
    working day meanwhile.
    """

    def __init__(self, found: Mapping[date, str]) -> None:
        self._found = found
        self._lock = Lock()

    def __contains__(self, day: object) -> bool:
        with self._lock:
            return day in self._found

    def __getitem__(self, day: date) -> str:
        with self._lock:
            return self._found[day]

    def __iter__(self) -> Iterator[date]:
        with self._lock:
            return iter(list(self._found))

    def __len__(self) -> int:
        with self._lock:
            return len(self._found)


@lru_cache(maxsize=256)
def public_holidays(country: str, subdivision: str = "") -> Mapping[date, str]:
    """Return the public holidays of a region, computed year by year as they are asked for.

    The mapping is shared and fills itself; do not change it.
    """
    import holidays  # only by who reckons, and not at the start of every program

    refuse_unknown_region(country, subdivision)
    return _Reckoned(holidays.country_holidays(country, subdiv=subdivision or None))


def refuse_unknown_region(country: str, subdivision: str = "") -> None:
    """Raise ValueError, naming what would be accepted, when a region's public holidays are not known."""
    import holidays

    known = holidays.list_supported_countries()
    if country not in known:
        raise ValueError(f'Public holidays of the country "{country}" are not known; write it as DE, US or GB.')
    if subdivision and subdivision not in known[country]:
        accepted = ", ".join(known[country]) or "none"
        raise ValueError(f'"{subdivision}" is not a region of {country}; known are: {accepted}.')


def _first_day_after(period: str) -> date:
    try:
        first = datetime.strptime(period, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise ValueError(f'"{period}" is not a period; write it as 2026-10.') from error
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _refuse_naive(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError(f"The moment {moment} has no time zone; give an aware one.")
