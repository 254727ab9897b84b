"""Rows of a lookup table as spreadsheets keep them (CSV): every mistake by its line, and what would change."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from canonical.entity import Mask
from mappings.discreet import values_shown
from mappings.fetch import typed
from mappings.models import LookupTable, TableRow
from mappings.row_form import words_of
from mappings.tables import MAX_ROWS, NewRow, row_problems

LARGEST = 2_000_000  # characters
DAYS = {"valid_from": "first day", "valid_to": "last day"}
ROW = re.compile(r"\brow (\d{1,5})\b")  # as problems name another row of the same call
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class SheetChange:
    """What one line would change: what the row is for, what it gives, and what holds there now."""

    line: int
    key: str
    now: str  # "" where there is nothing
    then: str
    days: str
    waits: bool  # for a second person


@dataclass(slots=True)
class Sheet:
    """A sheet that was read: rows to add, those that stand there already, and everything that is wrong, by line."""

    proposed_by: str
    rows: list[NewRow] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    changes: list[SheetChange] = field(default_factory=list)
    same: int = 0


def read_sheet(table: LookupTable, text: str, *, proposed_by: str, masks: Collection[Mask]) -> Sheet:
    """Return what a sheet says: a first line with the columns' names, then a row a line. Two queries at most.

    `proposed_by` is the reference of who would add its rows: it decides which of them wait for a second person. `masks`
    are those through which they see: what stands there now is told as they may read it, and a line with a value that is
    hidden from them is a change, whatever it gives.
    """
    sheet = Sheet(proposed_by)
    if len(text) > LARGEST:
        sheet.problems.append((0, f"The sheet has more than {LARGEST:,} characters. Upload it in parts."))
        return sheet
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        sheet.problems.append((line, "A NUL character stands here. Save the sheet as “CSV UTF-8” again."))
        return sheet
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    lines: list[int] = []
    try:
        reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter, strict=True)
        heads = [_head(each) for each in next(reader, [])]
        if _wrong_heads(table, heads, sheet):
            return sheet
        for cells in reader:
            if any(cell.strip() for cell in cells) and len(lines) <= MAX_ROWS:
                _line(table, heads, cells, reader.line_num, sheet, lines)
    except csv.Error as error:
        sheet.problems.append((reader.line_num, f"This line cannot be read as CSV ({error}). Mend its quotes."))
    if len(lines) > MAX_ROWS:
        sheet.problems.append((lines[-1], f"There are more than {MAX_ROWS:,} rows. Upload them in parts."))
        return sheet
    for problem in row_problems(table, sheet.rows):
        message = ROW.sub(lambda found: f"line {lines[int(found[1]) - 1]}", problem.message)
        sheet.problems.append((lines[problem.number - 1], _told(problem.column, message, problem.remedy)))
    sheet.problems.sort()
    if not sheet.problems:
        _compare(table, sheet, lines, masks)
    return sheet


def _head(text: str) -> str:
    name = "_".join(text.strip().casefold().split())
    return {"first_day": "valid_from", "last_day": "valid_to"}.get(name, name)


def _wrong_heads(table: LookupTable, heads: list[str], sheet: Sheet) -> bool:
    names = {name.casefold(): name for name in [*table.key_columns, *table.value_columns]}
    wanted = ", ".join([*table.key_columns, *table.value_columns, *DAYS])
    for head in sorted({each for each in heads if heads.count(each) > 1}):
        sheet.problems.append((1, f"The column {head or 'without a name'} stands there twice. Keep one."))
    for head in heads:
        if head not in names and head not in DAYS:
            shown = head[:60] or "without a name"
            sheet.problems.append((1, f"There is no column {shown}. The first line names the columns: {wanted}."))
    for name in names:
        if name not in heads:
            sheet.problems.append((1, f"The column {names[name]} is missing. The first line names: {wanted}."))
    return bool(sheet.problems)


def _line(table: LookupTable, heads: list[str], cells: list[str], line: int, sheet: Sheet, lines: list[int]) -> None:
    if len(cells) != len(heads):
        words = f"There are {len(cells)} values, but {len(heads)} columns. Put a value with the delimiter into quotes."
        sheet.problems.append((line, words))
        return
    found = dict(zip(heads, (cell.strip() for cell in cells), strict=True))
    days: dict[str, date | None] = {}
    for name, words in DAYS.items():
        try:
            days[name] = date.fromisoformat(found[name]) if found.get(name) else None
        except ValueError:
            sheet.problems.append((line, f"{words}: {found[name][:40]!r} is no day. Write it like 2026-03-31."))
            days[name] = None
    key = tuple(found[name.casefold()] for name in table.key_columns)
    values = {name: found[name.casefold()] or None for name in table.value_columns}
    lines.append(line)
    sheet.rows.append(NewRow(key, values, days["valid_from"], days["valid_to"]))


def _told(column: str, message: str, remedy: str) -> str:
    return f"{words_of(column)}: {message} {remedy}"


def _compare(table: LookupTable, sheet: Sheet, lines: list[int], masks: Collection[Mask]) -> None:
    """Say what each row would change, and leave out what stands there already."""
    present: dict[tuple[str, ...], list[TableRow]] = defaultdict(list)
    for row in table.rows.in_force().with_keys(list({row.key for row in sheet.rows})):
        present[row.words].append(row)
    kept, bound = list[NewRow](), table.binds(sheet.proposed_by)
    for new, line in zip(sheet.rows, lines, strict=True):
        values = typed(table.value_columns, new.values)
        touched = [old for old in present[new.key] if _touch(old, new)]
        if any(_same(table, old, new, values, masks) for old in touched):
            sheet.same += 1
            continue
        kept.append(new)
        now = "; ".join(f"{_values(values_shown(old.values, masks))} ({days_of(old)})" for old in touched)
        waits = table.needs_second_person(values, bound=bound)
        sheet.changes.append(SheetChange(line, " / ".join(new.key), now, _values(new.values), days_of(new), waits))
    sheet.rows = kept


def _same(table: LookupTable, old: TableRow, new: NewRow, values: dict[str, Any], masks: Collection[Mask]) -> bool:
    """Return whether a row stands there already; what is hidden never is, or it could be guessed."""
    if values_shown(old.values, masks) != old.values:
        return False
    days = (old.valid_from, old.valid_to) == (new.valid_from, new.valid_to)
    return days and typed(table.value_columns, old.values) == values


def _touch(old: TableRow, new: NewRow) -> bool:
    return (old.valid_from or date.min) <= (new.valid_to or date.max) and (new.valid_from or date.min) <= (
        old.valid_to or date.max
    )


def _values(values: dict[str, Any]) -> str:
    return ", ".join(f"{words_of(name)} {value}" for name, value in values.items())


def days_of(row: "TableRow | NewRow") -> str:
    """Return a row's days in words: "from 2026-01-01 until further notice"."""
    if row.valid_from is None and row.valid_to is None:
        return "always"
    first = f"from {row.valid_from}" if row.valid_from else "since ever"
    return f"{first} {f'to {row.valid_to}' if row.valid_to else 'until further notice'}"
