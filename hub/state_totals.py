"""How many transactions stand in each state, and what they amount to: for commands that tell how things are."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from governance.actor import By
from governance.models import LegalEntity
from governance.scoping import entity_ids
from routes import consignments
from routes.models import Destination, Record, Route, Run, Transaction
from routes.models.movement import RecordState
from routes.states import State

STOPPED = "stopped"  # records that failed before a destination was chosen: their money counts once, with them
MOVING = (State.RECEIVED, State.NORMALISED, State.VALIDATED, State.READY, State.DELIVERING)


@dataclass(slots=True)
class Total:
    """What stands in one state: how many, their money by currency, their hours, and how many have no amount."""

    state: str
    label: str
    count: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)
    hours: Decimal = Decimal(0)
    without_amount: int = 0

    def add(self, count: int, currency: str, amount: Decimal | None, hours: Decimal | None, without: int) -> None:
        """Add some of one currency."""
        self.count += count
        self.hours += hours or 0
        self.without_amount += without
        if currency and amount is not None:
            self.money[currency] = self.money.get(currency, Decimal(0)) + amount

    def plain(self) -> dict[str, Any]:
        """Return it as data for JSON; amounts as text, so that no digit is lost."""
        return {
            "state": self.state,
            "label": self.label,
            "count": self.count,
            "money": {currency: f"{amount:f}" for currency, amount in sorted(self.money.items())},
            "hours": f"{self.hours:f}",
            "without_amount": self.without_amount,
        }


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which transactions are meant; None means all."""

    route: Route | None = None
    entity: LegalEntity | None = None
    state: str | None = None
    run: Run | None = None

    def of(self, rows: QuerySet[Any], route: str) -> QuerySet[Any]:
        """Keep those of the route, company and run; `route` leads from a row to its route."""
        where = Q()
        if self.route is not None:
            where &= Q(**{route: self.route})
        if self.entity is not None:
            where &= Q(legal_entity=self.entity)
        if self.run is not None:
            where &= Q(run=self.run)
        return rows.filter(where)


def totals(by: By, narrowed: Narrowed) -> list[Total]:
    """Return the totals of what somebody may see, in the order of the states; states without any are left out."""
    found = {state.value: Total(state.value, str(state.label)) for state in State}
    found[STOPPED] = Total(STOPPED, "stopped before a destination was chosen")
    for row in _summed(narrowed.of(Transaction.objects.visible_to(by), "destination__route"), "state"):
        found[row["of"]].add(row["count"], row["currency"], row["amount"], row["hours"], row["without"])
    stopped = Record.objects.visible_to(by).filter(state=RecordState.FAILED)
    for row in _summed(narrowed.of(stopped, "route"), "state"):
        found[STOPPED].add(row["count"], row["currency"], row["amount"], row["hours"], row["without"])
    for each in _travelling(by, narrowed):
        total = found[each.state]
        total.count += each.count
        for currency, amount in each.worth.items():
            total.add(0, currency, amount, None, 0)
    wanted = [each for each in found.values() if each.count]
    return [each for each in wanted if narrowed.state in (None, each.state)]


def _summed(rows: QuerySet[Any], of: str) -> list[dict[str, Any]]:
    without = Count("pk", filter=Q(amount__isnull=True))
    summed = rows.order_by().values(of, "currency").annotate(
        count=Count("pk"), amounts=Sum("amount"), all_hours=Sum("hours"), without=without
    )  # fmt: skip
    return [
        {"of": row[of], "currency": row["currency"], "count": row["count"], "amount": row["amounts"],
         "hours": row["all_hours"], "without": row["without"]}
        for row in summed
    ]  # fmt: skip


def _travelling(by: By, narrowed: Narrowed) -> list[consignments.InTransit]:
    """Return what has left a page and is not yet written as transactions, of the companies that somebody sees."""
    of = entity_ids(by)
    if narrowed.entity is not None:
        of = frozenset({narrowed.entity.pk}) & (of if of is not None else {narrowed.entity.pk})
    if narrowed.run is not None:
        return consignments.in_transit(narrowed.run.pk, of=of)
    destinations = Destination.objects.all()
    if narrowed.route is not None:
        destinations = destinations.filter(route=narrowed.route)
    return consignments.in_transit_to(list(destinations.values_list("pk", flat=True)), of=of)


def unfinished(by: By, run: Run) -> int:
    """Return how many of a run's transactions still move by themselves."""
    return sum(each.count for each in totals(by, Narrowed(run=run)) if each.state in MOVING)
