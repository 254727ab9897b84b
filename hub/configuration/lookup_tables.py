"""Lookup and rate tables as files, with the rows that are in force."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from canonical.entity import Kind as ValueKind
from governance.actor import By, names
from governance.rights import Right, allowed
from governance.same_person import is_one_of, makers
from hub.configuration import form
from hub.configuration.companies import entity, read_day
from hub.configuration.differences import Difference, called
from hub.configuration.file import File
from hub.configuration.form import Data, plain
from hub.configuration.kind import Kind, Put
from hub.configuration.work import REASON, Action, Work
from mappings import table_readers, tables
from mappings.accepted import VALUE_KINDS, definition_problems
from mappings.deleting import agree_to_deletion, delete_table, wants_second_person
from mappings.formula.problems import UnacceptableError
from mappings.kinds import CONVERTERS
from mappings.loosening import policy_of, remember
from mappings.models import LookupTable, TableRow
from mappings.tables import NewRow

DEFINITION = ("title", "meaning", "key_columns", "value_columns", "accepted", "approval", "approval_column")
USUAL: Data = {"meaning": "", "accepted": {}, "approval": "at_once", "approval_column": ""}
RowKey = tuple[tuple[str, ...], date | None, date | None, tuple[tuple[str, Any], ...]]


@dataclass(slots=True)
class Sorted:
    """A file's rows, told apart by what has to happen with them."""

    new: list[NewRow]
    proposed: list[TableRow]  # wait already, for a second person


class Tables(Kind):
    """Tables that formulas look things up in."""

    folder, one, key = "tables", "table", ("name", "legal_entity")

    def rows(self, by: By) -> list[Data]:
        """Return what is here, with rows in force."""
        found = list(LookupTable.objects.visible_to(by).select_related("legal_entity"))
        by_table: dict[int, list[TableRow]] = {}
        for row in TableRow.objects.in_force().filter(table__in=found).order_by("table_id"):
            by_table.setdefault(row.table_id, []).append(row)
        return [_table(each, by_table.get(each.pk, [])) for each in found]

    def bare(self, by: By) -> list[Data]:
        """Return what is here without rows, of which there may be many."""
        return [_table(each, []) for each in LookupTable.objects.visible_to(by).select_related("legal_entity")]

    def compared(self, here: Data, wanted: Data) -> list[Difference]:
        """Return what differs; a number is the same with other zeros behind its point."""
        kinds = wanted.get("value_columns", {})
        return super().compared(_typed(here, kinds), _typed(wanted, kinds))

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a table, and add rows by the tables' verb; those that need it wait for a second person."""
        value = file.value
        owner = entity(work, value.get("legal_entity"))
        mine = LookupTable.objects.visible_to(work.by).filter(name=value.get("name"), legal_entity=owner)
        table = mine.first() or LookupTable(name=value.get("name", ""), legal_entity=owner)
        definition = self._definition(work, table, value)
        notes: list[str] = []
        redefined = definition != {name: getattr(table, name) for name in definition} or table.pk is None
        if redefined:
            policy = policy_of(table) if table.pk else None
            for name, each in definition.items():
                setattr(table, name, each)
            work.judge(table, {})
            before = {name: each for name, each in (here or {}).items() if name != "rows"} or None
            after = {name: each for name, each in form.canonical(self.folder, value).items() if name != "rows"}
            loosened = remember(table, policy, by=work.by, reason=REASON)
            work.save(table, [owner], before, after)
            if loosened:
                notes.append("rows need less consent than before: yours wait until a second person agrees to that")
        if table.faults():  # told already; what rows say in columns that are right is judged all the same
            sound = _of_sound_columns(table)
            if sound.key_columns and sound.value_columns:
                lost = table.value_columns.keys() - sound.value_columns.keys()
                self._judged(work, list(_without(lost, _given(work, value.get("rows", [])))), sound)
            return Put(changed=True)
        added, more = self._rows(work, file, table)
        return Put((*notes, *more), changed=redefined or added)

    def _definition(self, work: Work, table: LookupTable, value: Data) -> Data:
        amount = value.get("approval_amount")
        definition = {name: value.get(name, USUAL.get(name, getattr(table, name))) for name in DEFINITION}
        definition["approval_amount"] = Decimal(amount) if amount else None
        if table.pk and definition["key_columns"] != table.key_columns and table.rows.exists():
            words = f"the table has rows for the key {', '.join(table.key_columns)}, which explain what was posted."
            work.say(("key_columns",), words, "Make another table for another key.")
        for column, kind in table.value_columns.items() if table.pk else ():
            if definition["value_columns"].get(column, "") != kind and table.rows.exists():
                words = f"the table has rows that give {column} as {kind}; formulas would read what they say as blank."
                work.say(("value_columns",), words, "Leave the column as it is, or make another table.")
        if definition["approval"] == "above_amount" and not (amount and definition["approval_column"]):
            remedy = "Give approval_column and approval_amount."
            work.say(("approval",), "above which amount a second person is needed is not said.", remedy)
        return definition

    def _rows(self, work: Work, file: File, table: LookupTable) -> tuple[bool, list[str]]:
        """Add what is not in force, approve what others have proposed, take out what is not wanted; tell what was done.

        Returns whether anything was, and in words what waits or was approved.
        """
        rows = self._judged(work, list(_given(work, file.value.get("rows", []))), table)
        if rows is None:
            return True, []
        found = self._sorted(table, rows)
        waiting = self._added(work, table, found.new)
        notes = [f"{_rows(waiting)} proposed: a second person has to approve them"] if waiting else []
        approved, note = self._approved(work, table, found.proposed)
        self._withdraw(work, table, rows)
        return bool(found.new) or approved, [*notes, *([note] if note else [])]

    def _judged(self, work: Work, read: list[tuple[int, NewRow, set[str]]], table: LookupTable) -> list[NewRow] | None:
        """Return the rows that can be put in force; None where any has a mistake, all of which are told."""
        for number, row, wrong in read:
            for problem in tables.row_problems(table, [row]) if wrong else []:
                if problem.column not in wrong:
                    work.say(_place(table, number, problem.column), problem.message, problem.remedy)
        given = [(number, row) for number, row, wrong in read if not wrong]
        rows = [row for _, row in given]
        problems = tables.row_problems(table, rows)
        for problem in problems:
            work.say(_place(table, given[problem.number - 1][0], problem.column), problem.message, problem.remedy)
        return None if problems else rows

    def _sorted(self, table: LookupTable, rows: list[NewRow]) -> Sorted:
        in_force = {_row_key(table, row.words, row.valid_from, row.valid_to, row.values)
                    for row in table.rows.in_force()}  # fmt: skip
        waiting = {_row_key(table, row.words, row.valid_from, row.valid_to, row.values): row
                   for row in table.rows.waiting()}  # fmt: skip
        found = Sorted([], [])
        for row in rows:
            key = _row_key(table, row.key, row.valid_from, row.valid_to, row.values)
            if key in in_force:
                continue
            if key in waiting:
                found.proposed.append(waiting[key])
            else:
                found.new.append(row)
        return found

    def _added(self, work: Work, table: LookupTable, rows: list[NewRow]) -> int:
        """Add rows; return how many wait for a second person."""
        waiting = 0
        for start in range(0, len(rows), tables.MAX_ROWS):
            some = rows[start : start + tables.MAX_ROWS]
            waiting += len(tables.add_rows(table, some, by=work.by, reason=REASON).waiting)
        return waiting

    def _approved(self, work: Work, table: LookupTable, rows: list[TableRow]) -> tuple[bool, str]:
        """Approve what others have proposed, if this person may; return whether, and a note about it."""
        if not rows:
            return False, ""
        people = ", ".join(sorted(set(names({row.proposed_by for row in rows}).values())))
        mine = is_one_of(work.by, *makers(*((row.proposed_by, row.proposed_at) for row in rows)))
        if mine or not allowed(work.by, Right.APPROVE_TABLES, table.legal_entity):
            return False, f"{_rows(len(rows))} proposed by {people}: a second person has to approve them"
        tables.approve_rows(table, [row.pk for row in rows], by=work.by, reason=REASON)
        return True, f"{_rows(len(rows))} approved that {people} proposed"

    def _withdraw(self, work: Work, table: LookupTable, wanted: list[NewRow]) -> None:
        """Take rows out of force whose days no row of the file speaks of."""
        days: dict[tuple[str, ...], list[NewRow]] = {}
        for row in wanted:
            days.setdefault(row.key, []).append(row)
        left = [row for row in table.rows.in_force() if not any(_touch(row, each) for each in days.get(row.words, []))]
        if left:
            words = [called("\x1f".join([*row.words, str(row.valid_from or "")])) for row in left[:10]]
            words += [f"and {len(left) - 10} more"] if len(left) > 10 else []
            ids = [row.pk for row in left]
            work.removal(f"{_rows(len(left))} of table", table.name,
                         lambda: tables.withdraw_rows(table, ids, by=work.by, reason=REASON), words)  # fmt: skip

    def stays(self, name: str, here: Data) -> str:
        """Return why a table cannot go: something reads it."""
        table = _named(name).get()
        if table_readers.mappings_reading(table):
            return "a mapping in force reads it"
        return "a formula of a route, or the order of exceptions, reads it" if table_readers.others(table) else ""

    def remove(self, work: Work, name: str) -> None:
        """Delete a table by its verb; where its rows want a second person, who applies the same folder agrees."""
        row = _named(name).select_related("legal_entity").get()
        waits = ["proposed: a second person has to agree"]
        if row.deletion_asked_by is None:
            words = waits if wants_second_person(row, work.by) else []
            work.removal(self.one, name, lambda: delete_table(row, by=work.by, reason=REASON), words)
        elif is_one_of(work.by, *makers((row.deletion_asked_by, row.deletion_asked_at))) or not allowed(
            work.by, Right.APPROVE_TABLES, row.legal_entity
        ):
            work.step(Action.WOULD_REMOVE, self.one, name, waits)
        else:
            work.removal(self.one, name, lambda: agree_to_deletion(row, by=work.by, reason=REASON))


def _rows(number: int) -> str:
    return f"{number:,} {'row' if number == 1 else 'rows'}"


def _named(name: str) -> Any:
    slug, _, code = name.partition(" ")
    return LookupTable.objects.filter(name=slug, legal_entity__code=code or None)


def _table(table: LookupTable, rows: list[TableRow]) -> Data:
    return {name: getattr(table, name) for name in ("name", *DEFINITION)} | {
        "legal_entity": table.legal_entity.code if table.legal_entity else None,
        "approval_amount": None if table.approval_amount is None else plain(table.approval_amount),
        "rows": [
            {"key": list(row.key), "values": row.values, "from": _day(row.valid_from), "to": _day(row.valid_to)}
            for row in rows
        ],
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _given(work: Work, rows: list[Data]) -> Iterator[tuple[int, NewRow, set[str]]]:
    """Yield the rows that can be judged: number from 0, row, and the parts with a mistake that was told already."""
    for number, row in enumerate(rows):
        ends = [read_day(work, row.get(end), ("rows", number, end)) for end in ("from", "to")]
        pairs = zip(("from", "to"), ends, strict=True)
        wrong = {f"valid {name}" for name, end in pairs if row.get(name) and end is None}
        wrong |= {f"valid {name}" for name in ("from", "to") if work.is_told(("rows", number, name))}
        for column in [name for name, each in row.get("values", {}).items() if isinstance(each, float)]:
            words = "a number with a point stands here without quotes, and digits of it may get lost."
            work.say(("rows", number, "values", column), words, "Write it in quotes, as in '225.00'.")
            wrong.add(column)
        if row.get("key") and "values" in row:
            yield number, NewRow(tuple(map(str, row["key"])), row["values"], *ends), wrong


def _without(
    columns: Collection[str], rows: Iterable[tuple[int, NewRow, set[str]]]
) -> Iterator[tuple[int, NewRow, set[str]]]:
    for number, row, wrong in rows:
        yield number, replace(row, values={n: v for n, v in row.values.items() if n not in columns}), wrong


def _of_sound_columns(table: LookupTable) -> LookupTable:
    """Return a table, not to be saved, with those columns by which rows can be judged, however the others are wrong.

    A column whose name is none holds what it holds; one of no kind, or of a key's name, tells nothing.
    """
    keys, values = table.key_columns, table.value_columns
    kinds = {name: kind for name, kind in values.items() if kind in VALUE_KINDS and name not in keys}
    accepted = {
        name: each for name, each in table.accepted.items()
        if name in kinds and not definition_problems(kinds, {name: each})
    }  # fmt: skip
    return LookupTable(name=table.name, key_columns=keys, value_columns=kinds, accepted=accepted)


def _place(table: LookupTable, number: int, column: str) -> tuple[str | int, ...]:
    where: tuple[str | int, ...] = ("rows", number)
    if column in table.key_columns:
        return (*where, "key", table.key_columns.index(column))
    known = {"key": ("key",), "valid from": ("from",), "valid to": ("to",), "rows": ()}
    return (*where, *known.get(column, ("values", column)))


def _row_key(table: LookupTable, key: tuple[str, ...], first: Any, last: Any, values: Data) -> RowKey:
    return key, first, last, tuple(sorted((n, _value(table.value_columns.get(n, ""), v)) for n, v in values.items()))


def _value(kind: str, value: Any) -> str:
    """Return a value so that equal ones are equal texts."""
    try:
        typed = CONVERTERS[ValueKind(kind)](value)
    except (UnacceptableError, ValueError, KeyError):
        return f"{type(value).__name__} {value}"
    return plain(typed) if isinstance(typed, Decimal) else str(typed)


def _typed(data: Data, kinds: dict[str, str]) -> Data:
    rows = [
        row | {"values": {name: _value(kinds.get(name, ""), each) for name, each in row.get("values", {}).items()}}
        for row in data.get("rows", [])
    ]
    return data | {"rows": rows}


def _touch(row: TableRow, other: NewRow) -> bool:
    return (row.valid_from or date.min) <= (other.valid_to or date.max) and (other.valid_from or date.min) <= (
        row.valid_to or date.max
    )
