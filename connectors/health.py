"""How a connection is just now, in words: working, paused by a person, left alone after failures, in a window, slow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection as database

from connectors import budget
from connectors.models import BreakerState, ConcurrencySlot, Connection, MaintenanceWindow, RateBudget
from connectors.registry import UnknownConnector, registry
from connectors.windows import open_window


@dataclass(frozen=True, slots=True)
class Health:
    """One connection's health. `kind` is good, warn or bad."""

    kind: str
    title: str
    words: str = ""
    until: datetime | None = None  # when it changes by itself, as far as anybody knows

    @property
    def works(self) -> bool:
        """Whether requests go to its system now."""
        return self.kind == "good"


@dataclass(frozen=True, slots=True)
class Pace:
    """How much of one budget is used: requests side by side, and requests in a period."""

    name: str  # of the manifest's budget; empty: the connection's own
    under_way: int
    at_once: int
    left: int | None  # requests that may still go now; None: nobody counts them
    allowed: int | None
    seconds: float

    @property
    def used_percent(self) -> int:
        """Return the share of the period's requests that is used up."""
        return round(100 * (self.allowed - (self.left or 0)) / self.allowed) if self.allowed else 0


def now_by_database() -> datetime:
    """Return the time by which windows, leases and pauses are judged."""
    with database.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def health(each: Connection, windows: Iterable[MaintenanceWindow], now: datetime) -> Health:
    """Return how a connection is at a moment. `windows` are its own. Asks nothing of the database."""
    if each.connector not in registry.connectors:
        return Health("bad", "its connector is missing", f"No connector “{each.connector}” is installed here.")
    if each.paused:
        return Health("warn", "paused by a person", each.paused_reason)
    if window := open_window(windows, now):
        return Health("warn", "in maintenance", window[1], window[0])
    if each.breaker_state != BreakerState.CLOSED:
        words = each.breaker_message or each.breaker_category
        return Health("bad", "left alone after failures", words, each.breaker_probe_at)
    if each.slow_until is not None and each.slow_until > now:
        return Health("warn", "asked for patience", "The system asked to be asked later.", each.slow_until)
    return Health("good", "working")


def healths(found: Sequence[Connection]) -> dict[int, Health]:
    """Return how connections are, by id. Two queries."""
    windows: dict[int, list[MaintenanceWindow]] = {}
    for window in MaintenanceWindow.objects.filter(connection__in=found):
        windows.setdefault(window.connection_id, []).append(window)
    now = now_by_database()
    return {each.pk: health(each, windows.get(each.pk, ()), now) for each in found}


def paces(each: Connection, now: datetime) -> list[Pace]:
    """Return how much of a connection's budgets is used. Two queries."""
    try:
        described = registry.connector(each.connector).manifest.budgets
    except UnknownConnector:
        return []
    leased = ConcurrencySlot.objects.filter(connection=each, leased_until__gt=now).values_list("budget", flat=True)
    used = list(leased)
    filled = {row.budget: row for row in RateBudget.objects.filter(connection=each)}
    found = []
    for one in described or (None,):
        name = one.name if one else ""
        allowed = each.requests_allowed or (one.requests if one else None)
        seconds = each.period_seconds or (one.seconds if one else 1.0)
        bucket = budget.bucket(each.requests_allowed, one)
        left = _left(filled.get(bucket), allowed, seconds, now) if allowed else None
        found.append(Pace(name, used.count(name), budget.at_once(each.concurrency, one), left, allowed, seconds))
    return found


def _left(row: RateBudget | None, allowed: int, seconds: float, now: datetime) -> int:
    if row is None:
        return allowed
    since = max(0.0, (now - row.filled_at).total_seconds())
    return max(0, int(min(float(allowed), row.left + since * allowed / seconds)))
