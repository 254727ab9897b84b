"""Which money is stuck until when: what is open, by the deadline that it blocks.

A deadline is what the hub knows of: the company's earliest cut-off under which the work falls, by the day of its
record. What falls under none is due at the end of the posting period in which it lies, by the ledger's own calendar, or
at the next run that would take it further, whichever is first. A period that is closed already stands before all of
these. What has no deadline says so.
Each open member is in one line only, so the lines add up to all that is open. Money of two currencies is never added.
"""

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from exceptions_queue import naming, stuck
from exceptions_queue.due_words import Due, due_of
from exceptions_queue.models import CutOff, CutOffKind
from exceptions_queue.recurrence import CutOffDate, due_for
from exceptions_queue.stuck import Place
from governance.actor import ENGINE, By
from governance.calendars import working_times
from governance.models import User
from governance.roles import Right
from governance.scoping import entity_ids, grants_read_once
from governance.working_time import WorkingTime
from routes.models import Route
from routes.next_runs import next_runs

NOTHING = "nothing"  # names, in an address, what blocks no deadline that is known
FOR_EVER = dt.date(9999, 12, 30)  # the last day after which there is another one in the calendar
MOST_CAUSES = 3  # that are said to explain a line
ENOUGH = Decimal("0.9")  # of a line's money; fewer causes than the most are named once they explain so much

Sums = dict[str, Decimal]


@dataclass(slots=True)
class Deadline:
    """What is stuck until one moment."""

    key: str  # in addresses; of a run or a period it says whose that is, and names nothing
    title: str
    formerly: str = ""  # its key in an earlier release, which people may have kept in a line
    on: dt.date | None = None  # its last day; a run's day
    at: dt.datetime | None = None  # of a run
    ends: dt.datetime | None = None  # the moment itself
    due: Due | None = None  # the same in words
    bills: bool = False  # whether it is a billing run, or a run that takes up what is posted
    overdue: str = ""  # in words, once it is too late
    members: int = 0
    without_amount: int = 0
    causes: int = 0  # how many items hold it
    largest: dict[str, list[Decimal]] = field(default_factory=dict)  # by currency, of the items that hold most
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
        if whole <= 0:
            return None
        reached, number = Decimal(0), 0
        for part in self.largest[currency]:
            reached, number = reached + part, number + 1
            if reached >= ENOUGH * whole:
                break
        return Explained(number, int(100 * reached / whole), currency)

    def add(self, part: stuck.Stuck) -> None:
        """Add what stands in it: the whole, or its money of one currency."""
        if part.currency is None:
            self.members, self.causes, self.without_amount = part.members, part.items, part.without_amount
        elif part.amount is not None:
            self.sums[part.currency] = part.amount
            self.largest[part.currency] = [amount for amount in part.largest if amount is not None]


class Explained(NamedTuple):
    """So many causes hold so much of a line's money."""

    causes: int
    percent: int
    currency: str


@grants_read_once()
def deadlines(by: By, now: dt.datetime | None = None) -> list[Deadline]:
    """Return what is stuck, of what somebody may see: what is overdue first, then by time, then what has no deadline.

    At most nine queries, however much is open: read are sums of the counts that the queue keeps of its items. Whoever
    knows the database's time gives it as `now`.
    """
    lines = _lines(stuck.places(entity_ids(by, Right.VIEW)), now or _now(), by)
    found: list[Deadline] = []
    numbers: dict[str, int] = {}
    for place, line in lines:
        if line.key not in numbers:
            numbers[line.key] = len(found)
            found.append(line)
        found[numbers[line.key]].companies.add(place.code)
    if found:
        for part in stuck.sums([(numbers[line.key], place) for place, line in lines], MOST_CAUSES):
            found[part.line].add(part)
    return sorted(found, key=_order)


@grants_read_once()
def line_of(key: str, by: User) -> Deadline | None:
    """Return the line of a key, without its sums, where somebody sees anything that stands in it."""
    lines = _lines(stuck.places(entity_ids(by)), _now(), by)
    return next((line for _, line in lines if key in (line.key, line.formerly)), None)


def blocking(key: str) -> Q:
    """Return the condition that something of an item stands in the line of a key."""
    places = [place for place, line in _lines(stuck.places(None), _now()) if key in (line.key, line.formerly)]
    return Q(pk__in=stuck.standing_in(places)) if places else Q(pk__in=[])


def dues(items: Sequence[int], now: dt.datetime) -> dict[int, Deadline]:
    """Return by number the earliest deadline of any member of items; those that have none are left out.

    At most eight queries, however many there are.
    """
    found: dict[int, Deadline] = {}
    for place, line in _lines(stuck.places_of(items), now):
        if line.ends and (place.item not in found or line.ends < (found[place.item].ends or line.ends)):
            found[place.item] = line
    return found


def _now() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now: dt.datetime = cursor.fetchone()[0]
        return now


def _lines(places: Sequence[Place], now: dt.datetime, by: By = ENGINE) -> list[tuple[Place, Deadline]]:
    """Return each place with the line in which it stands, empty; places alike but for their items share one.

    Titles are as somebody may read them.
    """
    if not places:
        return []
    runs = _runs({place.route for place in places}, now)
    times = working_times({place.entity for place in places})
    cut_offs = CutOffs(times)
    known: dict[Place, Deadline] = {}
    found = []
    for place in places:
        alike = place._replace(item=0)
        if alike not in known:
            line = known[alike] = _line(place, runs.get(place.route), cut_offs, times[place.entity].zone, now)
            line.title = naming.due_of(line.key, line.title, by)
            if line.ends:
                line.due = due_of(line.ends, line.title, now, times[place.entity])
        found.append((place, known[alike]))
    return found


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

    def under(self, place: Place) -> list[tuple[CutOff, CutOffDate]]:
        """Return the cut-offs under which a place falls, the earliest first."""
        if place.day is None:
            return []
        found = []
        for each in self._of.get(place.entity, ()):
            if each.concerns(place.route, place.about):
                if (key := (each.pk, place.day)) not in self._known:
                    self._known[key] = due_for(each.recurrence, self._times[place.entity], place.day)
                if date := self._known[key]:
                    found.append((each, date))
        return sorted(found, key=lambda pair: (pair[1].moment, pair[0].pk))


def _line(
    place: Place, run: tuple[Route, dt.datetime] | None, cut_offs: CutOffs, zone: dt.tzinfo, now: dt.datetime
) -> Deadline:
    """Return the line in which a place stands, empty."""
    period = _period(place, zone, now) if place.ends_on else None
    under = cut_offs.under(place)
    if under and not (period and place.closed):
        first = _cut_off(*under[0], now)
        closes = any(each.kind == CutOffKind.CLOSE for each, _ in under)  # it says itself until when a period takes
        return period if period and not closes and _before(period, first) else first
    if run is None:
        return period or Deadline(NOTHING, "No deadline that the hub knows of")
    route, at = run
    if period is not None and (period.overdue or period.on is None or period.on < at.date()):
        return period
    bills = route.pk != place.route  # it takes up what is posted
    key, formerly = f"run:{route.legal_entity_id}:{route.pk}", f"run:{route.slug}"
    return Deadline(key, f"{route.name}: its next run", formerly, on=at.date(), at=at, ends=at, bills=bills)


def _before(period: Deadline, other: Deadline) -> bool:
    return bool(period.ends and other.ends and period.ends < other.ends)


def _cut_off(cut_off: CutOff, date: CutOffDate, now: dt.datetime) -> Deadline:
    found = Deadline(f"{cut_off.key}:{date.on}", f"{cut_off.name} of {date.on:%a} {date.on.day} {date.on:%b}")
    found.on, found.at, found.ends = date.on, date.moment, date.moment
    found.bills = cut_off.kind == CutOffKind.BILLING
    found.overdue = "the cut-off has passed" if date.moment <= now else ""
    return found


def _period(place: Place, zone: dt.tzinfo, now: dt.datetime) -> Deadline:
    assert place.starts_on
    assert place.ends_on
    days = f"{place.starts_on}:{place.ends_on}:{'closed' if place.closed else 'open'}"
    key, formerly = f"period:{place.keeper}:{place.ledger_id}:{days}", f"period:{place.slug}:{days}"
    found = Deadline(key, f"{_named(place.starts_on, place.ends_on)} at {place.ledger}", formerly, on=place.ends_on)
    last = min(place.ends_on, FOR_EVER)
    found.ends = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC) - dt.timedelta(
        minutes=1
    )
    if place.closed:
        found.overdue = "closed: it needs the next open period"
    elif found.ends <= now:
        found.overdue = "has ended, and still takes postings"
    return found


def _named(starts_on: dt.date, ends_on: dt.date) -> str:
    """Return "October 2026", or the days of a period that is no month."""
    is_month = starts_on.day == 1 and starts_on.month == ends_on.month
    is_month = is_month and ends_on.day == monthrange(ends_on.year, ends_on.month)[1]
    return f"{starts_on:%B %Y}" if is_month and starts_on.year == ends_on.year else f"{starts_on} to {ends_on}"


def _order(line: Deadline) -> tuple[Any, ...]:
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    return (line.key == NOTHING, not line.overdue, line.ends or never, line.title)
