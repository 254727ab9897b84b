"""Which rows of lookup tables would be read otherwise than the last time, in words that somebody may read."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from canonical.entity import Mask
from exceptions_queue.trying import Trial
from exceptions_queue.words import plain
from governance.models import User
from governance.rights import Right, allowed
from mappings import discreet
from mappings.models import LookupTable, TableRow

MOST = 20  # lines that are told


class Tried(Protocol):
    """A configuration with the trials that were made with it, to be told in `rows`."""

    trials: list[Trial]
    rows: list[str]


def tell(found: Iterable[Tried], by: User) -> None:
    """Tell of each, in place, which rows are read in the place of which. One query, and those of the rights."""
    each_tried = list(found)
    pairs = [_rows(tried.trials) for tried in each_tried]
    rows = TableRow.objects.filter(pk__in={pk for was, now in pairs for pk in was ^ now}).select_related("table")
    by_id = {row.pk: row for row in rows}
    for tried, (was, now) in zip(each_tried, pairs, strict=True):
        tried.rows = _told(
            [by_id[pk] for pk in sorted(was - now) if pk in by_id],
            [by_id[pk] for pk in sorted(now - was) if pk in by_id], by,
        )[:MOST]  # fmt: skip


def _rows(trials: Sequence[Trial]) -> tuple[frozenset[int], frozenset[int]]:
    """Return the rows of then and those of a trial, of members that were worked out as far as their rows are known."""
    known = [trial for trial in trials if trial.rows]
    was = frozenset(pk for trial in known for pk in trial.rows_then)
    return was, frozenset(pk for trial in known for pk in trial.rows)


def _told(gone: Sequence[TableRow], new: Sequence[TableRow], by: User) -> list[str]:
    left = {(row.table_id, *row.key): row for row in gone}
    said = []
    for row in new:
        old = left.pop((row.table_id, *row.key), None)
        said.append(_line(row.table, row, old, row, by))
    return list(dict.fromkeys([*said, *(_line(row.table, row, row, None, by) for row in left.values())]))


def _line(table: LookupTable, row: TableRow, old: TableRow | None, new: TableRow | None, by: User) -> str:
    if not allowed(by, Right.EDIT_TABLES, table.legal_entity_id):
        return f"{table.title}: another row is read"  # its key may name people
    masks = discreet.masks_of_table(table, by)
    of = " / ".join(discreet.key_shown(table, row.key, masks))
    return f"{table.title}, {of}: {_values(old, masks)} → {_values(new, masks)}"


def _values(row: TableRow | None, masks: frozenset[Mask]) -> str:
    if row is None:
        return "not read"
    shown = discreet.values_shown(row.values, masks)
    return ", ".join(f"{plain(name)} {value}" for name, value in shown.items())
