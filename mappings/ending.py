"""End a row of a lookup table on a day: it holds until then, and nothing stands in its place afterwards."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from governance import audit
from governance.actor import By, as_actor
from governance.rights import require
from mappings.locking import locked
from mappings.models import LookupTable, TableRow
from mappings.tables import right_to_end


class CannotEnd(ValueError):  # reads as what happened
    """A row cannot end on this day, or does not count any more; the message says why."""


@transaction.atomic
def end_row(table: LookupTable, row_id: int, *, last_day: date, by: By, reason: str) -> TableRow:
    """Let a row in force hold until a day, that day included; return the row that stands in its place.

    Raises NotAllowed and CannotEnd. What it gave until now stays explained: the old row is kept.
    """
    require(by, right_to_end(table, by), table.legal_entity)
    if not reason.strip():
        raise CannotEnd("Ending a row needs a reason. Write one sentence for those who read this later.")
    locked(table)
    row = table.rows.in_force().filter(pk=row_id).first()
    if row is None:
        raise CannotEnd(f"This row of {table} does not count any more: somebody has changed it. Load the table again.")
    if row.valid_from is not None and last_day < row.valid_from:
        raise CannotEnd(f"The row begins on {row.valid_from} only. Withdraw it, or give that day or a later one.")
    if row.valid_to is not None and last_day >= row.valid_to:
        raise CannotEnd(f"The row ends on {row.valid_to} already. Give an earlier day.")
    now, actor = timezone.now(), as_actor(by).reference
    TableRow.objects.filter(pk=row.pk).update(recorded_to=now, ended_by=actor)
    before = {"valid_to": row.valid_to}
    row.pk, row.valid_to, row.recorded_from = None, last_day, now
    row._state.adding = True
    row.save(force_insert=True)
    thing = ("mappings.tablerow", str(row.pk), f"{table}: {row}")
    audit.record(
        by=by, verb="end", thing=thing, before=before, after={"key": row.by_column, "valid_to": last_day},
        reason=reason, legal_entity=table.legal_entity,
    )  # fmt: skip
    return row
