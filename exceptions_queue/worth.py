"""What money amounts to in the reporting currency, by the rate of the day on which the work was done.

Rates are rows of a lookup table that people keep: keyed by the currency alone or by both currencies, one row for each
stretch of days. What has no rate is unknown, and it is said which rate that is; nothing is guessed.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from exceptions_queue.models import WorkItem, WorkItemDay
from mappings.models import LookupTable, TableRow

PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Reporting:
    """In which currency money is compared, and which table and column hold the rates."""

    currency: str
    table: str = "exchange_rates"
    column: str = "rate"


class Sum(NamedTuple):
    """Money of one day in one currency, in one company."""

    entity: int
    day: dt.date
    currency: str
    amount: Decimal


class Worth(NamedTuple):
    """What some sums amount to together; None with the first rate that is missing, in words."""

    amount: Decimal | None
    lacks: str = ""
    once: Decimal | None = None  # of an item: what no other open item counts


class _Rate(NamedTuple):
    first: dt.date | None
    last: dt.date | None
    rate: Decimal


@dataclass(slots=True)
class Rates:
    """The rates that a batch needs. A company's own row stands before that of all, as where they are looked up."""

    reporting: Reporting
    own: dict[tuple[int | None, str], list[_Rate]] = field(default_factory=dict)  # company, currency → rates

    def rate(self, entity: int, currency: str, day: dt.date) -> Decimal | None:
        """Return how much of the reporting currency one of a currency was on a day; None where nobody has said."""
        if currency == self.reporting.currency:
            return Decimal(1)
        for each in [*self.own.get((entity, currency), []), *self.own.get((None, currency), [])]:
            if (each.first is None or each.first <= day) and (each.last is None or day <= each.last):
                return each.rate
        return None

    def worth(self, sums: Iterable[Sum]) -> Worth:
        """Return what sums amount to together; nothing known amounts to None without a rate that is missing."""
        found: Decimal | None = None
        for each in sorted(sums, key=lambda one: (one.day, one.currency)):
            rate = self.rate(each.entity, each.currency, each.day)
            if rate is None:
                wanted = each.currency or "an amount without a currency"
                return Worth(None, f"{wanted} to {self.reporting.currency} on {each.day}")
            found = (found or Decimal(0)) + each.amount * rate
        return Worth(None if found is None else found.quantize(PLACES))


def rates_for(reporting: Reporting, currencies: Iterable[str]) -> Rates:
    """Return the rates of some currencies. Two queries, or none where there is only the reporting currency."""
    foreign = sorted({each for each in currencies if each and each != reporting.currency})
    found = Rates(reporting)
    if not foreign:
        return found
    tables = {each.pk: each for each in LookupTable.objects.filter(name=reporting.table)}
    tables = {pk: each for pk, each in tables.items() if reporting.column in each.value_columns}
    keys: list[tuple[str, ...]] = [(each,) for each in foreign]
    keys += [(each, reporting.currency) for each in foreign]
    rows = TableRow.objects.filter(table__in=tables).in_force().with_keys(keys)
    for row in rows.order_by("table", "-recorded_from"):
        table = tables[row.table_id]
        if len(row.key) != len(table.key_columns) or row.key[1:] not in ([], [reporting.currency]):
            continue
        if (rate := _number(row.values, reporting.column)) is not None:
            own = found.own.setdefault((table.legal_entity_id, row.key[0]), [])
            own.append(_Rate(row.valid_from, row.valid_to, rate))
    return found


def worths(items: Iterable[WorkItem], reporting: Reporting) -> Mapping[int, Worth]:
    """Return by number what items amount to. Three queries at most, however many there are."""
    known = {item.number: item for item in items}
    sums: dict[int, list[Sum]] = {number: [] for number in known}
    once: dict[int, list[Sum]] = {number: [] for number in known}
    rows = WorkItemDay.objects.filter(item__in=list(known), amount__isnull=False)
    for number, on, currency, amount, own in rows.values_list("item_id", "day", "currency", "amount", "once"):
        item = known[number]
        assert amount is not None  # asked so above
        day = on or item.first_seen.date()
        sums[number].append(Sum(item.legal_entity_id, day, currency, amount))
        once[number].append(Sum(item.legal_entity_id, day, currency, amount if own is None else own))
    rates = rates_for(reporting, {each.currency for found in sums.values() for each in found})
    found = {number: rates.worth(several) for number, several in sums.items()}
    return {number: each._replace(once=rates.worth(once[number]).amount) for number, each in found.items()}


def _number(values: Mapping[str, object], column: str) -> Decimal | None:
    try:
        rate = Decimal(str(values.get(column)))
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 else None
