"""By what the queue measures what is urgent: the currency in which money is compared, and the formula."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from exceptions_queue.models import Yardstick
from exceptions_queue.urgency import Formula
from exceptions_queue.worth import Reporting
from governance.models import LegalEntity

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
