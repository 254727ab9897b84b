"""Maintenance windows: whether a connection is to be left alone at a moment, and until when."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.models import MaintenanceWindow


def open_window(windows: Iterable[MaintenanceWindow], now: datetime) -> tuple[datetime, str] | None:
    """Return (end, reason) of the window that is open at this moment and ends last, None when none is."""
    ends = [(end, window.reason) for window in windows if (end := _end_if_open(window, now)) is not None]
    return max(ends, default=None)


def _end_if_open(window: MaintenanceWindow, now: datetime) -> datetime | None:
    if window.starts_at is not None and window.ends_at is not None:
        return window.ends_at if window.starts_at <= now < window.ends_at else None
    if window.weekday is None or window.from_time is None or window.minutes is None:
        return None
    local = now.astimezone(ZoneInfo(window.time_zone))
    for weeks_ago in (0, 1):  # a window may have begun last week and run past midnight on Sunday
        day = local.date() - timedelta(days=(local.weekday() - window.weekday) % 7 + 7 * weeks_ago)
        start = datetime.combine(day, window.from_time, tzinfo=local.tzinfo).astimezone(UTC)
        end = start + timedelta(minutes=window.minutes)  # as time passes, not as clocks that are set back show it
        if start <= now < end:
            return end
    return None
