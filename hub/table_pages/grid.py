"""A lookup table as a grid: its rows by key and day, the days that none of them covers, and what waits beside."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby, pairwise

from canonical.entity import Mask
from governance.actor import names
from mappings import discreet
from mappings.models import LookupTable, TableRow

SIZE = 200  # rows of a page; rows of one key stay together


@dataclass(frozen=True, slots=True)
class GridRow:
    """One line of the grid: a row, or a note about days without one."""

    row: TableRow | None
    key: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    state: str = ""  # counts | later | past | waits | ended
    who: str = ""
    note: str = ""  # a gap, or what a row that waits would replace


def page_of(
    table: LookupTable, *, show: str, find: str, after: list[str], today: date, masks: frozenset[Mask]
) -> tuple[list[GridRow], int | None]:
    """Return a page of a table's lines, and the row after whose key the next begins (None: the end).

    Two queries, and one more for what the rows that wait would take the place of, where those alone are shown.

    `show` is "now" (what counts and what waits), "waiting" or "all" (what ended, too).
    """
    found = table.rows.select_related("table")
    if show == "now":
        found = found.filter(recorded_to__isnull=True)
    elif show == "waiting":
        found = found.waiting()
    if find:
        found = found.annotate(key_words=discreet.key_words(table, masks)).filter(key_words__icontains=find)
    if after:
        found = found.filter(key__gt=after)
    rows = list(found.order_by("key", "valid_from", "pk")[: SIZE + 1])
    if len(rows) <= SIZE:
        return lines_of(table, rows, today, masks, beside=_beside(table, rows, show)), None
    last = rows[-1].key
    whole = [row for row in rows if row.key != last] or list(found.filter(key=last).order_by("valid_from", "pk"))
    return lines_of(table, whole, today, masks, beside=_beside(table, whole, show)), whole[-1].pk


def _beside(table: LookupTable, rows: list[TableRow], show: str) -> list[TableRow]:
    """Return the rows in force of these keys, where the page leaves them out."""
    return list(table.rows.in_force().with_keys([tuple(row.key) for row in rows])) if show == "waiting" else []


def replaced_by(row: TableRow, in_force: Iterable[TableRow], masks: frozenset[Mask]) -> list[str]:
    """Return in words what a row would take the place of: values and the days on which it would."""
    told = []
    for each in sorted(in_force, key=lambda one: (one.valid_from or date.min, one.pk)):
        if each.pk != row.pk and _touch(each, row):
            values = ", ".join(map(str, discreet.values_shown(each.values, masks).values()))
            first = max(filter(None, (each.valid_from, row.valid_from)), default=None)
            last = min(filter(None, (each.valid_to, row.valid_to)), default=None)
            told.append(f"{values} {_span(first, last)}".rstrip())
    return told


def _span(first: date | None, last: date | None) -> str:
    if first and first == last:
        return f"on {first}"
    return " ".join(([f"from {first}"] if first else []) + ([f"to {last}"] if last else [])) or "on all days"


def lines_of(
    table: LookupTable, rows: list[TableRow], today: date, masks: frozenset[Mask], *, beside: Iterable[TableRow] = ()
) -> list[GridRow]:
    """Return the lines of a grid for rows ordered by key and first day; `beside` are in force, but not shown."""
    people = names({reference for row in rows for reference in (row.proposed_by, row.approved_by) if reference})
    lines: list[GridRow] = []
    for _, of_key in groupby(rows, key=lambda row: row.words):
        group = sorted(of_key, key=lambda row: (row.valid_from or date.min, row.pk))
        in_force = [row for row in group if row.approved_at and not row.recorded_to]
        gaps = list(_gaps(in_force))
        known = [*in_force, *(each for each in beside if each.key == group[0].key)]
        for row in group:
            lines.append(_line(table, row, known, people, today, masks))
            lines += [GridRow(None, note=words) for place, words in gaps if place is row]
    return lines


def _line(
    table: LookupTable,
    row: TableRow,
    in_force: list[TableRow],
    people: dict[str, str],
    today: date,
    masks: frozenset[Mask],
) -> GridRow:
    shown = discreet.values_shown(row.values, masks)
    values = [str(shown.get(name, "")) for name in table.value_columns]
    who = people[row.proposed_by]
    if row.approved_by and row.approved_by != row.proposed_by:
        who += f", approved by {people[row.approved_by]}"
    note = ""
    if row.recorded_to:
        state = "ended"
    elif not row.approved_at:
        state = "waits"
        note = "; ".join(f"takes the place of {each}" for each in replaced_by(row, in_force, masks))
    elif row.valid_to and row.valid_to < today:
        state = "past"
    else:
        state = "later" if row.valid_from and row.valid_from > today else "counts"
    row.reason = discreet.reason_shown(row, table, masks)  # it is only shown
    return GridRow(row, discreet.key_shown(table, row.key, masks), values, state, who, note)


def _gaps(rows: list[TableRow]) -> Iterable[tuple[TableRow, str]]:
    """Yield the row after which days are left that no row in force covers."""
    for one, other in pairwise(rows):
        if one.valid_to and other.valid_from and other.valid_from > one.valid_to + timedelta(days=1):
            first, last = one.valid_to + timedelta(days=1), other.valid_from - timedelta(days=1)
            span = f"on {first}" if first == last else f"from {first} to {last}"
            yield one, f"No row holds {span}: records of these days stop until there is one."


def _touch(one: TableRow, other: TableRow) -> bool:
    return (one.valid_from or date.min) <= (other.valid_to or date.max) and (other.valid_from or date.min) <= (
        one.valid_to or date.max
    )
