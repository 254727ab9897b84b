"""What of a bulk run goes into a sheet: each member with its plan and result, in words that somebody may read."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from exceptions_queue.bulk import shown
from exceptions_queue.models import BulkMember, BulkRun
from exceptions_queue.sheets.exporting import short
from exceptions_queue.sheets.writing import Cell, written
from governance import audit
from governance.models import User

HEADS = (
    "No.", "Record", "Exception", "What is wrong", "Company", "Amount", "Currency", "Changes", "Plan", "Why",
    "A second person is asked by", "Result", "How it ended", "Told",
)  # fmt: skip
BATCH = 1000  # lines whose words are looked up together


def export_run(run: BulkRun, *, by: User, form: str) -> bytes:
    """Return a sheet of the members of a run that somebody sees, in the order in which they are taken on.

    `form`: one of FORMS. A constant number of queries for each thousand lines.
    """
    rows = BulkMember.objects.visible_to(by).filter(run=run).order_by("position")
    rows = rows.select_related("item__connection", "run", "legal_entity")
    lines = [_cells(each) for each in _told(rows, by)]
    audit.record(by=by, verb="export", thing=run, after={"lines": len(lines), "form": form})
    return written(form, HEADS, lines, title=f"Bulk run {run.number}")


def _told(rows: Any, by: User) -> Iterator[dict[str, Any]]:
    left = rows.iterator(chunk_size=BATCH)
    while several := list(islice(left, BATCH)):
        yield from shown.told(several, by)


def _cells(told: dict[str, Any]) -> list[Cell]:
    row: BulkMember = told["row"]
    changes = (f"{each.name}: {each.was or 'nothing'} → {each.value or 'nothing'}" for each in told["edits"])
    return [
        row.position, row.key, row.item_id, told["title"], row.legal_entity.code,
        None if row.amount is None else short(row.amount), row.currency, "; ".join(changes), told["outcome"],
        told["why"], told["second_person"], row.get_result_display() if row.result else "", row.ended_as,
        told["ended"],
    ]  # fmt: skip
