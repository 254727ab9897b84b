"""By what the queue measures what is urgent: the currency in which money is compared, and the formula."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from exceptions_queue.models import Yardstick
from exceptions_queue.urgency import Formula
from exceptions_queue.worth import Reporting
from governance.models import LegalEntity
from mappings.accepted import NUMBERS
from mappings.models import LookupTable
from mappings.table_readers import Reading

WEIGHTS = ("money", "deadline", "share", "again", "nothing_below", "all_above", "days")
# What changes the worth or the deadline of items that have not changed themselves.
CHANGED = """
SELECT greatest(
    (SELECT max(changed_at) FROM exceptions_queue_cutoff), (SELECT max(changed_at) FROM exceptions_queue_yardstick),
    (SELECT max(greatest(r.recorded_from, r.recorded_to)) FROM mappings_tablerow r
     JOIN mappings_lookuptable t ON t.id = r.table_id WHERE t.name = %s AND t.deleted_at IS NULL))
"""


@dataclass(frozen=True, slots=True)
class Measures:
    """What holds for the whole firm."""

    reporting: Reporting
    formula: Formula


def measures() -> Measures:
    """Return what holds now. Unless somebody chose another, money is compared in the first company's currency."""
    row = Yardstick.objects.first() or usual()
    return of(row)


def usual() -> Yardstick:
    """Return what holds while nobody has chosen, not saved."""
    first = LegalEntity.objects.order_by("pk").values_list("currency", flat=True).first()
    return Yardstick(currency=first or "EUR", rate_table="exchange_rates", rate_column="rate")


def rate_columns(table: LookupTable) -> list[str]:
    """Return the columns of a table that may hold rates of exchange: numbers, by one currency or by two."""
    if len(table.key_columns) > 2:
        return []
    return [column for column, kind in table.value_columns.items() if kind in NUMBERS]


def wrong_rates(wanted: Yardstick, before: Yardstick | None) -> dict[str, str]:
    """Return by field why no rates are found by what is wanted; what holds already may stay. At most one query."""
    named = wanted.rate_table, wanted.rate_column
    known = [(each.rate_table, each.rate_column) for each in (before, usual()) if each is not None]
    if named in (("", ""), *known):
        return {}
    table = LookupTable.objects.filter(name=wanted.rate_table).first()
    if table is None:
        words = f"There is no table “{wanted.rate_table}”. " if wanted.rate_table else "No table is named. "
        return {"rate_table": f"{words}Name one with rates of exchange, or leave table and column empty."}
    offered = rate_columns(table)
    if wanted.rate_column in offered:
        return {}
    if not offered:
        words = f"“{wanted.rate_table}” holds no rates of exchange: that is a number by one currency or two."
        return {"rate_table": words}
    words = f"“{wanted.rate_table}” has no column “{wanted.rate_column}” with numbers. Use {' or '.join(offered)}."
    return {"rate_column": words}


def reading(table: LookupTable) -> list[Reading]:
    """Return that the order of exceptions compares money by the rates of a table, where it does."""
    row = Yardstick.objects.first() or Yardstick(rate_table="exchange_rates", rate_column="rate")
    if table.name != row.rate_table or row.rate_column not in table.value_columns:
        return []
    return [Reading(None, "the order of exceptions", "Choose other rates for it first, or none.")]


def of(row: Yardstick) -> Measures:
    """Return a row as values to reckon with."""
    reporting = Reporting(row.currency, row.rate_table, row.rate_column)
    return Measures(reporting, Formula(**{name: getattr(row, name) for name in WEIGHTS}))


def changed_at(table: str) -> dt.datetime | None:
    """Return when cut-offs, the yardstick or the rates of a table last changed. One query."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, [table])
        found: dt.datetime | None = cursor.fetchone()[0]
        return found
