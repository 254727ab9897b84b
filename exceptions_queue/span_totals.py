"""What came in a span of days and where it stands, by company, currency and destination; and what runs have read.

Read from the totals by day, which are counted beside the work, and from the control totals of runs. Amounts of two
currencies are never added, nor are those of two destinations: an hour and the invoice that it is on are one money.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Max, Min, Q, Subquery, Sum

from canonical.entities import ENTITIES
from governance.models import User
from governance.scoping import ALL, entity_ids
from routes import shares
from routes.models import DayCount, DayMark, DayTotal, Run
from routes.models.totals import STOPPED
from routes.states import State

S = State
SPANS = {"today": ("Today", 1), "week": ("7 days", 7), "month": ("31 days", 31)}  # days, today included
DESTINY = {  # column → the states that it gathers
    "posted": (S.POSTED,),
    "moving": (S.RECEIVED, S.NORMALISED, S.VALIDATED, S.READY, S.DELIVERING, S.RETRYING, S.UNKNOWN),
    "waiting": (S.PARKED, S.HELD),
    "people": (S.FAILED, STOPPED),
    "aside": (S.FILTERED, S.SUPERSEDED, S.WAIVED, S.REVERSED),
}
COLUMNS = {
    "posted": "Posted", "moving": "On its way", "waiting": "Waiting", "people": "With people", "aside": "Set aside",
}  # fmt: skip
COLUMN_OF = {str(state): column for column, states in DESTINY.items() for state in states}


@dataclass(slots=True)
class Cell:
    """How many, what they amount to, and of how many nobody knows that."""

    count: int = 0
    amount: Decimal | None = None
    without_amount: int = 0

    def add(self, count: int, amount: Decimal | None, without: int) -> None:
        """Add some."""
        self.count += count
        self.without_amount += without
        if amount is not None:
            self.amount = amount + (self.amount or 0)


@dataclass(slots=True)
class Line:
    """What came for one destination and company in one currency."""

    company: str
    entity: str  # canonical entity
    to: str  # name of the destination; "" for what stopped before one was chosen
    currency: str
    received: Cell = field(default_factory=Cell)
    by_column: dict[str, Cell] = field(default_factory=lambda: {column: Cell() for column in DESTINY})

    @property
    def cells(self) -> list[tuple[str, Cell]]:
        """Return the titles of the columns with their cells: together they are what was received."""
        return [(COLUMNS[name], cell) for name, cell in self.by_column.items()]

    @property
    def difference(self) -> int:
        """Return how many of what was received stand nowhere: 0 when the books are right."""
        return self.received.count - sum(cell.count for cell in self.by_column.values())


@dataclass(frozen=True, slots=True)
class Runs:
    """The control totals of those runs of a span of which somebody sees all.

    read = new + changed + unchanged + unreadable.
    """

    runs: int
    read: int
    new: int
    changed: int
    unchanged: int
    unreadable: int
    whole: bool = True  # whether somebody sees every company; else runs that read for others too are left out

    @property
    def difference(self) -> int:
        """Return how many records that were read are in no other total."""
        return self.read - self.new - self.changed - self.unchanged - self.unreadable


@dataclass(frozen=True, slots=True)
class SpanTotals:
    """The totals of a span."""

    name: str
    since: dt.date
    lines: list[Line]
    runs: Runs
    as_of: dt.datetime | None  # since when something may be missing; None: nothing was counted yet
    stale: bool  # whether something has changed since


def span_totals(user: User, name: str, now: dt.datetime) -> SpanTotals:
    """Return the totals of a span (a key of SPANS), of what somebody may see. At most seven queries."""
    today = now.astimezone(dt.UTC).date()
    since = today - dt.timedelta(days=SPANS[name][1] - 1)
    found = DayTotal.objects.visible_to(user).filter(day__gte=since).order_by()
    rows = found.values_list(
        "legal_entity__code", "route__canonical_entity", "destination__name", "currency", "state"
    ).annotate(Sum("count"), Sum("amount"), Sum("without_amount"))
    looked = Subquery(DayMark.objects.values("looked_at")[:1])
    told = DayCount.objects.filter(day__gte=since).aggregate(
        late=Count("pk", filter=Q(stale=True)), first=Min("counted_at", filter=Q(stale=True)), looked=Max(looked)
    )
    as_of = told["first"] if told["late"] else told["looked"]
    return SpanTotals(name, since, _lines(rows), _runs(user, since), as_of, bool(told["late"]))


def _lines(rows: Iterable[tuple[str, str, str | None, str, str, int, Decimal | None, int]]) -> list[Line]:
    found: dict[tuple[str, str, str, str], Line] = {}
    for company, entity, to, known, state, count, amount, without in rows:
        currency = known if _has_money(entity) else ""
        key = (company, currency, entity, to or "")
        line = found.setdefault(key, Line(company, entity, to or "", currency))
        for cell in (line.received, line.by_column[COLUMN_OF[state]]):
            cell.add(count, amount, without)
    return [found[key] for key in sorted(found)]


def _has_money(entity: str) -> bool:
    """Whether records of a kind amount to something: a project has a currency, and no amount."""
    return entity in ENTITIES and any(each.name == "amount" for each in ENTITIES[entity].fields)


def _runs(user: User, since: dt.date) -> Runs:
    began = dt.datetime.combine(since, dt.time(), dt.UTC)
    visible = Run.objects.visible_to(user).filter(created_at__gte=began).exclude(state="done", read=0)
    kept = shares.told_whole(visible, user)
    found = kept.aggregate(
        runs=Count("pk"), read=Sum("read"), new=Sum("new"), changed=Sum("changed"), unchanged=Sum("unchanged"),
        unreadable=Sum("unreadable"),
    )  # fmt: skip
    return Runs(**{name: value or 0 for name, value in found.items()}, whole=entity_ids(user) is ALL)
