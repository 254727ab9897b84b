"""Which rows of lookup tables an item's members were made with: a wrong one among them is a cause to put right here."""

from dataclasses import dataclass

from django.db import connection

from canonical.failure import Category
from exceptions_queue.models import WorkItem
from mappings.models import TableRow

# What no row that was read can be to blame for.
UNREAD = (
    Category.OUTAGE, Category.CREDENTIALS, Category.UNMAPPED_VALUE, Category.MISSING_REFERENCE,
    Category.APPROVAL_MISSING, Category.OUTCOME_UNKNOWN,
    Category.CLOSED_PERIOD, Category.TRANSIENT, Category.THROTTLED, Category.INTERNAL, Category.NO_RIGHT,
)  # fmt: skip
FOR_ROW = "a second person who approves the row"  # what an item waits for of which somebody proposed a row
SAMPLE = 200  # members that are looked at: one cause has stopped them, so they read alike
MOST = 5  # rows that are offered

READ = """
SELECT hit, count(DISTINCT m.id) FROM (
    SELECT f.id, f.transaction_id, f.record_id FROM routes_failure f
    WHERE f.fingerprint = %s AND (%s::text IS NULL OR f.own_fingerprint = %s) AND f.closed_at IS NULL
        AND f.record_id IS NOT NULL ORDER BY f.id LIMIT %s) m
LEFT JOIN routes_transaction t ON t.id = m.transaction_id
JOIN routes_record r ON r.id = coalesce(t.record_id, m.record_id)
CROSS JOIN LATERAL unnest(
    ARRAY[t.request_payload_id, coalesce(t.canonical_payload_id, r.canonical_payload_id)]) AS body(id)
CROSS JOIN LATERAL routes_body(body.id) p
CROSS JOIN LATERAL unnest(p.table_rows) AS hit
GROUP BY hit
"""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row in force that members were made with."""

    row: TableRow
    named: bool  # the item's cause names one of its values
    members: int  # of those looked at


def rows_read(item: WorkItem) -> list[ReadRow]:
    """Return the rows in force that an item's members were made with, the likeliest culprit first. Two queries."""
    if item.category in UNREAD:
        return []
    with connection.cursor() as cursor:
        cursor.execute(READ, [item.fingerprint, item.own_part, item.own_part, SAMPLE])
        counted = dict(cursor.fetchall())
    rows = TableRow.objects.in_force().filter(pk__in=counted).select_related("table__legal_entity")
    found = [ReadRow(row, _named(item, row), counted[row.pk]) for row in rows]
    found.sort(key=lambda read: (not read.named, -read.members, -read.row.pk))
    return [read for read in found if read.named or read.members == found[0].members][:MOST]


def _named(item: WorkItem, row: TableRow) -> bool:
    return any(len(str(value)) > 2 and str(value) in item.cause for value in row.values.values())
