"""Which money is stuck until when: what is open, by the deadline that it blocks.

A deadline is what the hub knows of: the company's earliest cut-off under which the work falls, by the day of its
record. What falls under none is due at the end of the posting period in which it lies, by the ledger's own calendar, or
at the next run that would take it further, whichever is first. A period that is closed already stands before all of
these. What has no deadline says so.
Each open member is in one line only, so the lines add up to all that is open. Money of two currencies is never added.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from exceptions_queue.due_words import Due, due_of
from exceptions_queue.models import CutOff, CutOffKind
from exceptions_queue.recurrence import CutOffDate, due_for
from governance.actor import By
from governance.calendars import working_times
from governance.roles import Right
from governance.scoping import ALL, entity_ids
from governance.working_time import WorkingTime
from routes.models import Route
from routes.next_runs import next_runs

NOTHING = "nothing"  # names, in an address, what blocks no deadline that is known
MOST_CAUSES = 3  # that are said to explain a line
ENOUGH = Decimal("0.9")  # of a line's money; fewer causes than the most are named once they explain so much

# A period is asked of the ledgers to which the route posts by day; where they differ, one that is closed counts, else
# the first to end.
OPEN = """
SELECT d.item_id, d.route_id, d.currency, sum(d.members), sum(coalesce(d.once, d.amount)), sum(d.without_amount),
    w.legal_entity_id, e.code, d.day, w.entity, p.connection_id, c.name, c.slug, p.starts_on, p.ends_on, p.closed
FROM exceptions_queue_workitem w
JOIN exceptions_queue_workitemday d ON d.item_id = w.number
JOIN governance_legalentity e ON e.id = w.legal_entity_id
LEFT JOIN LATERAL (
    SELECT q.connection_id, q.starts_on, q.ends_on, q.closed FROM routes_postingperiod q
    WHERE q.legal_entity_id = w.legal_entity_id AND d.day BETWEEN q.starts_on AND q.ends_on
      AND q.connection_id IN (SELECT x.connection_id FROM routes_destination x
                              WHERE x.route_id = d.route_id AND x.enabled AND x.posting_date <> '')
    ORDER BY q.closed DESC, q.ends_on, q.connection_id LIMIT 1) p ON true
LEFT JOIN connectors_connection c ON c.id = p.connection_id
WHERE w.state <> 'resolved' AND (%(entities)s::bigint[] IS NULL OR w.legal_entity_id = ANY(%(entities)s))
    AND (%(items)s::bigint[] IS NULL OR w.number = ANY(%(items)s))
GROUP BY 1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
"""
Sums = dict[str, Decimal]


@dataclass(slots=True)
class Deadline:
    """What is stuck until one moment."""

    key: str  # in addresses
    title: str
    on: dt.date | None = None  # its last day; a run's day
    at: dt.datetime | None = None  # of a run
    ends: dt.datetime | None = None  # the moment itself
    due: Due | None = None  # the same in words
    bills: bool = False  # whether it is a billing run, or a run that takes up what is posted
    overdue: str = ""  # in words, once it is too late
    members: int = 0
    without_amount: int = 0
    causes: dict[int, Sums] = field(default_factory=dict)  # number of the item → its part of the money
    sums: Sums = field(default_factory=dict)
    companies: set[str] = field(default_factory=set)  # codes

    @property
    def of(self) -> str:
        """Return the codes of its companies."""
        return ", ".join(sorted(self.companies))

    @property
    def explained(self) -> "Explained | None":
        """Return how few causes hold most of the money of the currency that there is most of; None without money."""
        if not self.sums:
            return None
        currency, whole = max(self.sums.items(), key=lambda pair: pair[1])
        parts = sorted((sums.get(currency, Decimal(0)) for sums in self.causes.values()), reverse=True)
        if whole <= 0:
            return None
        reached, number = Decimal(0), 0
        for part in parts[:MOST_CAUSES]:
            reached, number = reached + part, number + 1
            if reached >= ENOUGH * whole:
                break
        return Explained(number, int(100 * reached / whole), currency)

    @property
    def headline(self) -> str:
        """Return "182,400 EUR blocks Billing of Fri 4 Dec; 3 causes explain 91 %"; "" without money or deadline."""
        found = self.explained
        if found is None or not self.due:
            return ""
        several = found.causes != 1
        who = f"{found.causes} causes explain" if several else "one cause explains"
        blocked = "blocks" if not self.overdue else "has missed"
        return f"{self.sums[found.currency]:,.0f} {found.currency} {blocked} {self.title}; {who} {found.percent} %"

    def add(self, item: int, currency: str, members: int, amount: Decimal | None, without: int) -> None:
        """Add members of an item."""
        self.members += members
        self.without_amount += without
        own = self.causes.setdefault(item, {})
        if amount is not None:
            for sums in (own, self.sums):
                sums[currency] = sums.get(currency, Decimal(0)) + amount


class Explained(NamedTuple):
    """So many causes hold so much of a line's money."""

    causes: int
    percent: int
    currency: str


class _Row(NamedTuple):
    item: int
    route: int
    currency: str
    members: int
    amount: Decimal | None
    without_amount: int
    entity: int
    code: str
    day: dt.date | None
    about: str
    connection: int | None
    name: str | None
    slug: str | None
    starts_on: dt.date | None
    ends_on: dt.date | None
    closed: bool | None


def deadlines(by: By) -> list[Deadline]:
    """Return what is stuck, of what somebody may see: what is overdue first, then by time, then what has no deadline.

    At most eight queries, however much is open: read are the counts that the queue keeps of its items.
    """
    return _deadlines(entity_ids(by, Right.VIEW))


def line_of(key: str) -> Deadline | None:
    """Return the line of a key with the numbers of its items; whether somebody may see these is asked elsewhere."""
    return next((line for line in _deadlines(ALL) if line.key == key), None)


def items_of(key: str) -> list[int]:
    """Return the numbers of the items in the line of a key, as `line_of`."""
    found = line_of(key)
    return sorted(found.causes) if found else []


def dues(items: Sequence[int], now: dt.datetime) -> dict[int, Deadline]:
    """Return by number the earliest deadline of any member of items; those that have none are left out.

    At most eight queries, however many there are.
    """
    rows = _rows({"entities": None, "items": list(items)})
    found: dict[int, Deadline] = {}
    for row, line in zip(rows, _lines(rows, now), strict=True):
        if line.ends and (row.item not in found or line.ends < (found[row.item].ends or line.ends)):
            found[row.item] = line
    return found


def _rows(asked: dict[str, Any]) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(OPEN, asked)
        return [_Row(*row) for row in cursor.fetchall()]


def _lines(rows: list[_Row], now: dt.datetime) -> list[Deadline]:
    """Return the line in which each row stands, empty."""
    if not rows:
        return []
    runs = _runs({row.route for row in rows}, now)
    times = working_times({row.entity for row in rows})
    cut_offs = CutOffs(times)
    found = []
    for row in rows:
        line = _line(row, runs.get(row.route), cut_offs, times[row.entity].zone, now)
        if line.ends:
            line.due = due_of(line.ends, line.title, now, times[row.entity])
        found.append(line)
    return found


def _deadlines(entities: frozenset[int] | None) -> list[Deadline]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now: dt.datetime = cursor.fetchone()[0]
    rows = _rows({"entities": None if entities is ALL else sorted(entities), "items": None})
    lines: dict[str, Deadline] = {}
    for row, line in zip(rows, _lines(rows, now), strict=True):
        line = lines.setdefault(line.key, line)
        line.companies.add(row.code)
        line.add(row.item, row.currency, row.members, row.amount, row.without_amount)
    return sorted(lines.values(), key=_place)


def _runs(routes: Iterable[int], now: dt.datetime) -> dict[int, tuple[Route, dt.datetime]]:
    """Return the next run for which something stuck on a route comes too late: of a route that takes up what this one
    posts, or its own; runs that come all the time are nothing to be late for.
    """
    known = set(routes)
    found = list(Route.objects.filter(Q(pk__in=known) | Q(upstream__route__in=known)).select_related("upstream"))
    times = {pk: each.at for pk, each in next_runs(found, now).items() if each.at}
    first: dict[int, tuple[Route, dt.datetime]] = {}
    for route in sorted((each for each in found if each.pk in times), key=lambda each: times[each.pk]):
        above = route.upstream.route_id if route.upstream else None
        if above in known:
            first.setdefault(above, (route, times[route.pk]))
    for route in found:
        if route.pk in known and route.pk in times:
            first.setdefault(route.pk, (route, times[route.pk]))
    return first


class CutOffs:
    """The cut-offs of companies. Asked often for the same days: each is worked out once."""

    def __init__(self, times: Mapping[int, WorkingTime]) -> None:
        self._times = times
        self._of: dict[int, list[CutOff]] = {}
        for each in CutOff.objects.filter(legal_entity__in=list(times)):
            self._of.setdefault(each.legal_entity_id, []).append(each)
        self._known: dict[tuple[int, dt.date], CutOffDate | None] = {}

    def under(self, row: _Row) -> list[tuple[CutOff, CutOffDate]]:
        """Return the cut-offs under which a row falls, the earliest first."""
        if row.day is None:
            return []
        found = []
        for each in self._of.get(row.entity, ()):
            if each.concerns(row.route, row.about):
                if (key := (each.pk, row.day)) not in self._known:
                    self._known[key] = due_for(each.recurrence, self._times[row.entity], row.day)
                if date := self._known[key]:
                    found.append((each, date))
        return sorted(found, key=lambda pair: (pair[1].moment, pair[0].pk))


def _line(
    row: _Row, run: tuple[Route, dt.datetime] | None, cut_offs: CutOffs, zone: dt.tzinfo, now: dt.datetime
) -> Deadline:
    """Return the line in which a row stands, empty."""
    period = _period(row, zone, now) if row.ends_on else None
    under = cut_offs.under(row)
    if under and not (period and row.closed):
        first = _cut_off(*under[0], now)
        closes = any(each.kind == CutOffKind.CLOSE for each, _ in under)  # it says itself until when a period takes
        return period if period and not closes and _before(period, first) else first
    if run is None:
        return period or Deadline(NOTHING, "No deadline that the hub knows of")
    route, at = run
    if period is not None and (period.overdue or period.on is None or period.on < at.date()):
        return period
    bills = route.pk != row.route  # it takes up what is posted
    return Deadline(f"run:{route.slug}", f"{route.name}: its next run", on=at.date(), at=at, ends=at, bills=bills)


def _before(period: Deadline, other: Deadline) -> bool:
    return bool(period.ends and other.ends and period.ends < other.ends)


def _cut_off(cut_off: CutOff, date: CutOffDate, now: dt.datetime) -> Deadline:
    found = Deadline(f"{cut_off.key}:{date.on}", f"{cut_off.name} of {date.on:%a} {date.on.day} {date.on:%b}")
    found.on, found.at, found.ends = date.on, date.moment, date.moment
    found.bills = cut_off.kind == CutOffKind.BILLING
    found.overdue = "the cut-off has passed" if date.moment <= now else ""
    return found


def _period(row: _Row, zone: dt.tzinfo, now: dt.datetime) -> Deadline:
    assert row.starts_on
    assert row.ends_on
    key = f"period:{row.slug}:{row.starts_on}:{row.ends_on}:{'closed' if row.closed else 'open'}"
    found = Deadline(key, f"{_named(row.starts_on, row.ends_on)} at {row.name}", on=row.ends_on)
    found.ends = dt.datetime.combine(row.ends_on + dt.timedelta(days=1), dt.time(), zone).astimezone(
        dt.UTC
    ) - dt.timedelta(minutes=1)
    if row.closed:
        found.overdue = "closed: it needs the next open period"
    elif found.ends <= now:
        found.overdue = "has ended, and still takes postings"
    return found


def _named(starts_on: dt.date, ends_on: dt.date) -> str:
    """Return "October 2026", or the days of a period that is no month."""
    is_month = starts_on.day == 1 and (ends_on + dt.timedelta(days=1)).day == 1 and starts_on.month == ends_on.month
    return f"{starts_on:%B %Y}" if is_month and starts_on.year == ends_on.year else f"{starts_on} to {ends_on}"


def _place(line: Deadline) -> tuple[Any, ...]:
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    return (line.key == NOTHING, not line.overdue, line.ends or never, line.title)
