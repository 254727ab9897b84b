"""Add, approve, refuse and withdraw rows of lookup tables.

A row never changes. Adding one where another is in force for some of its days ends the other and puts what is left of
it back as rows of their own, so that every day keeps exactly one row. Who waits for a key learns of it by
`became_available`, sent once the rows are committed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db import models, transaction
from django.dispatch import Signal
from django.utils import timezone

from canonical.entity import Kind
from governance import audit
from governance.actor import By, as_actor, names
from governance.models import LegalEntity
from governance.rights import Right, require, require_other_person
from governance.same_person import makers
from mappings.formula.problems import UnacceptableError
from mappings.kinds import CONVERTERS
from mappings.locking import locked
from mappings.loosening import remember
from mappings.models import Approval, LookupTable, TableRow
from mappings.models.lookup import SEPARATOR, hash_of

became_available = Signal()  # sender=LookupTable, table=LookupTable, keys=list of keys: members held for them may go on
were_refused = Signal()  # table=LookupTable, keys=of rows that waited, by=By, reason=str: sent before the commit
MAX_ROWS = 10_000  # of one call


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to add: the key's parts as text, values by column (typed or as text), first and last day."""

    key: tuple[str, ...]
    values: dict[str, Any]
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one row that was to be added."""

    number: int  # of the row in what was given, from 1
    column: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"Row {self.number}, {self.column}: {self.message} {self.remedy}"


class RowErrors(ValueError):
    """Carries every problem of the rows that were refused; none of them was added."""

    def __init__(self, problems: list[RowProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class RowsGone(ValueError):  # reads as what happened
    """Rows that were to be decided about wait no more; the message says what to do."""


class RowsCollide(ValueError):  # reads as what happened
    """Rows that were to count together hold for one key on the same days; the message says which two."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding or approving rows."""

    in_force: list[TableRow] = field(default_factory=list)
    waiting: list[TableRow] = field(default_factory=list)  # for a second person

    @property
    def available(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return (table, key) of what can be looked up from now on."""
        return sorted({(row.table.name, row.words) for row in self.in_force})


@transaction.atomic
def create_table(
    *,
    name: str,
    title: str,
    key_columns: list[str],
    value_columns: dict[str, str],
    by: By,
    legal_entity: LegalEntity | None = None,
    approval: str = Approval.AT_ONCE,
    approval_column: str = "",
    approval_amount: Decimal | None = None,
    meaning: str = "",
    accepted: dict[str, dict[str, Any]] | None = None,
    reason: str = "",
) -> LookupTable:
    """Make a lookup table. `value_columns` gives each column's kind: {"rate": "money"}, `accepted` what it accepts.

    With less consent than the table of all companies that it stands before it needs a reason. Raises NotAllowed, and
    ValidationError for columns that cannot be.
    """
    require(by, Right.EDIT_CONFIGURATION, legal_entity)
    table = LookupTable(
        name=name, title=title, meaning=meaning, legal_entity=legal_entity, key_columns=key_columns,
        value_columns=value_columns, accepted=accepted or {}, approval=approval, approval_column=approval_column,
        approval_amount=approval_amount,
    )  # fmt: skip
    table.full_clean()
    remember(table, None, by=by, reason=reason)
    table.save()
    after = {"key_columns": key_columns, "value_columns": value_columns, "approval": approval}
    audit.record(by=by, verb="create", thing=table, after=after, reason=reason, legal_entity=legal_entity)
    return table


@transaction.atomic
def add_rows(table: LookupTable, rows: Iterable[NewRow], *, by: By, reason: str = "") -> Added:
    """Add rows; those that the table's policy lets through count at once, the others wait for a second person.

    What waits already for a key on some of these days is replaced: a proposal that was wrong is proposed anew.
    Raises RowErrors with every problem at once, and NotAllowed. A constant number of queries.
    """
    require(by, Right.EDIT_TABLES, table.legal_entity)
    given = list(rows)
    values = _checked(table, given)
    table = locked(table)  # one writer a table: replaced rows never deadlock
    now, actor = timezone.now(), as_actor(by).reference
    made = [_row(table, row, typed, now, actor, reason) for row, typed in zip(given, values, strict=True)]
    bound = table.binds(actor)
    free = [row for row, typed in zip(made, values, strict=True) if not table.needs_second_person(typed, bound=bound)]
    for row in free:
        row.approved_by, row.approved_at, row.recorded_from = actor, now, now
    _make_room(table, free, now, actor)
    _record(_replaced(table, made, now, actor), by, "replace", reason)
    TableRow.objects.bulk_create(made)
    _record(made, by, "add", reason)
    return _announced(table, Added(free, [row for row in made if row.approved_at is None]))


@transaction.atomic
def approve_rows(table: LookupTable, row_ids: Iterable[int], *, by: By, reason: str = "") -> Added:
    """Give the second person's consent to rows that wait; they count from now on.

    Raises NotAllowed, RowsGone, and RowsCollide when two of them hold for one key on the same days; none counts then.
    """
    require(by, Right.APPROVE_TABLES, table.legal_entity)
    waiting = _waiting(table, row_ids)
    by_whom = makers(*((row.proposed_by, row.proposed_at) for row in waiting))
    require_other_person(by, *by_whom, thing=f"A row of {table}")
    _refuse_collisions(table, waiting)
    now, actor = timezone.now(), as_actor(by).reference
    for row in waiting:
        row.approved_by, row.approved_at, row.recorded_from = actor, now, now
    _make_room(table, waiting, now, actor)
    TableRow.objects.bulk_update(waiting, ["approved_by", "approved_at", "recorded_from"])
    _record(waiting, by, "approve", reason)
    return _announced(table, Added(waiting))


@transaction.atomic
def refuse_rows(table: LookupTable, row_ids: Iterable[int], *, by: By, reason: str) -> list[TableRow]:
    """Refuse rows that wait for a second person; they never counted.

    Raises NotAllowed, RowsGone, and ValueError when no reason is given.
    """
    require(by, Right.APPROVE_TABLES, table.legal_entity)
    _need_reason(reason, "Refusing a row")
    refused = _ended(_waiting(table, row_ids), by, "refuse", reason)
    were_refused.send(sender=LookupTable, table=table, keys=[row.words for row in refused], by=by, reason=reason)
    return refused


@transaction.atomic
def withdraw_rows(table: LookupTable, row_ids: Iterable[int], *, by: By, reason: str) -> list[TableRow]:
    """Take rows out of force without a successor; what they gave until now stays explained. Raises as `refuse_rows`."""
    table = locked(table)
    require(by, right_to_end(table, by), table.legal_entity)
    _need_reason(reason, "Withdrawing a row")
    found = _all(table, table.rows.in_force(), row_ids, "count")
    return _ended(found, by, "withdraw", reason)


def right_to_end(table: LookupTable, by: By) -> Right:
    """Return the right that taking a row out of force asks of somebody."""
    free = table.approval == Approval.AT_ONCE and not table.binds(as_actor(by).reference)
    return Right.EDIT_TABLES if free else Right.APPROVE_TABLES


def _refuse_collisions(table: LookupTable, rows: list[TableRow]) -> None:
    """Say which rows cannot count together; raises RowsCollide."""
    ordered = sorted(rows, key=lambda row: (row.words, row.valid_from or date.min, row.pk))
    found = [(one, other) for one, other in pairwise(ordered) if one.words == other.words and touch(one, other)]
    if found:
        people = names({row.proposed_by for pair in found for row in pair})
        words = [
            f"Two rows of {table} for {one} hold on the same days: {_told(one, people)}, and {_told(other, people)}. "
            "Approve one of them and refuse the other; nothing was approved."
            for one, other in found
        ]
        raise RowsCollide("\n".join(words))


def _told(row: TableRow, people: dict[str, str]) -> str:
    values = ", ".join(f"{name} {value}" for name, value in row.values.items())
    days = f"{row.valid_from or 'since ever'} to {row.valid_to or 'until further notice'}"
    return f"{values} ({days}, proposed by {people[row.proposed_by]})"


def _need_reason(reason: str, what: str) -> None:
    if not reason.strip():
        raise ValueError(f"{what} needs a reason. Write one sentence for those who read this later.")


def _waiting(table: LookupTable, row_ids: Iterable[int]) -> list[TableRow]:
    return _all(locked(table), table.rows.waiting(), row_ids, "wait for approval")


def _all(table: LookupTable, rows: "models.QuerySet[TableRow]", row_ids: Iterable[int], deed: str) -> list[TableRow]:
    wanted = set(row_ids)
    found = list(rows.filter(pk__in=wanted).select_related("table"))
    if gone := len(wanted) - len(found):
        raise RowsGone(f"{gone} of these rows of {table} no longer {deed}. Load the list again.")
    return found


def row_problems(table: LookupTable, rows: list[NewRow]) -> list[RowProblem]:
    """Return everything that keeps rows from being added to a table; nothing where they may be. Asks no database."""
    problems: list[RowProblem] = []
    for number, row in enumerate(rows, 1):
        _checked_row(table, number, row, problems)
    return sorted([*problems, *_overlaps(rows)], key=lambda problem: problem.number)


def _checked(table: LookupTable, rows: list[NewRow]) -> list[dict[str, Any]]:
    problems: list[RowProblem] = []
    if len(rows) > MAX_ROWS:
        message, remedy = f"There are {len(rows):,} rows.", f"Add {MAX_ROWS:,} at a time."
        raise RowErrors([RowProblem(MAX_ROWS, "rows", message, remedy)])
    if faults := table.faults():  # columns that an older release saved without looking at them
        message = f"{table} cannot take rows: {' '.join(map(' '.join, faults.values()))}"
        raise RowErrors([RowProblem(1, "table", message, "Open it under Tables.")])
    values = [_checked_row(table, number, row, problems) for number, row in enumerate(rows, 1)]
    problems += _overlaps(rows)
    if problems:
        raise RowErrors(sorted(problems, key=lambda problem: problem.number))
    return values


def _checked_row(table: LookupTable, number: int, row: NewRow, problems: list[RowProblem]) -> dict[str, Any]:
    def say(column: str, message: str, remedy: str) -> None:
        problems.append(RowProblem(number, column, message, remedy))

    if len(row.key) != len(table.key_columns):
        say("key", f"There are {len(row.key)} key values.", f"Give one for each of: {', '.join(table.key_columns)}.")
    for column, part in zip(table.key_columns, row.key, strict=False):
        if not part or len(part) > 200 or SEPARATOR in part:
            say(column, "The key is empty or too long.", "Give 1 to 200 characters.")
    for column in row.values.keys() - table.value_columns.keys():
        say(column, "The table has no such column.", f"Use one of: {', '.join(table.value_columns)}.")
    if row.valid_from and row.valid_to and row.valid_from > row.valid_to:
        say("valid to", "The last day lies before the first.", "Exchange them or correct one.")
    typed: dict[str, Any] = {}
    for column, kind in table.value_columns.items():
        try:
            typed[column] = CONVERTERS[Kind(kind)](row.values.get(column))
        except UnacceptableError as error:
            say(column, f"{error.message}.", f"Accepted: {error.accepted}.")
            continue
        accepted = table.accepts(column)
        if typed[column] is None:
            say(column, "The value is missing.", f"Give a value of kind {kind}.")
        elif refusal := accepted.refusal(typed[column]):
            say(column, refusal, f"The table accepts: {accepted.words}")
    return typed


def _overlaps(rows: list[NewRow]) -> list[RowProblem]:
    ordered = sorted(enumerate(rows, 1), key=lambda item: (item[1].key, item[1].valid_from or date.min))
    found = []
    for (first, one), (second, other) in pairwise(ordered):
        if one.key == other.key and (one.valid_to or date.max) >= (other.valid_from or date.min):
            message = f"Its days overlap with those of row {first}."
            found.append(RowProblem(second, "valid from", message, "Let one end before the other begins."))
    return found


def _row(table: LookupTable, row: NewRow, typed: dict[str, Any], now: Any, actor: str, reason: str) -> TableRow:
    return TableRow(
        table=table,
        key=list(row.key),
        key_hash=hash_of(row.key),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        values=audit.plain(typed),
        proposed_by=actor,
        proposed_at=now,
        reason=reason,
    )


def _make_room(table: LookupTable, rows: list[TableRow], now: Any, actor: str) -> None:
    """End the rows in force that these overlap, and put back what is left of them before and after."""
    keys: dict[tuple[str, ...], list[TableRow]] = {row.words: [] for row in rows}
    for row in rows:
        keys[row.words].append(row)
    current: list[TableRow] = list(table.rows.in_force().with_keys(list(keys))) if keys else []
    ended: list[TableRow] = []
    rest: list[TableRow] = []
    for old in current:
        cuts = [row for row in keys.get(old.words, []) if touch(old, row)]
        if cuts:
            ended.append(old)
            rest.extend(_piece(old, first, last, now) for first, last in _gaps(old, cuts))
    TableRow.objects.filter(pk__in=[row.pk for row in ended]).update(recorded_to=now, ended_by=actor)
    TableRow.objects.bulk_create(rest)


def _replaced(table: LookupTable, rows: list[TableRow], now: Any, actor: str) -> list[TableRow]:
    """End the proposals of others and one's own that these rows stand in for; return them."""
    waiting = table.rows.waiting().with_keys([row.words for row in rows]).select_related("table")
    ended = [old for old in waiting if any(old.words == row.words and touch(old, row) for row in rows)]
    if ended:
        TableRow.objects.filter(pk__in=[row.pk for row in ended]).update(recorded_to=now, ended_by=actor)
    return ended


def touch(one: TableRow | NewRow, other: TableRow) -> bool:
    """Return whether two rows hold on a day in common."""
    return (one.valid_from or date.min) <= (other.valid_to or date.max) and (other.valid_from or date.min) <= (
        one.valid_to or date.max
    )


def _gaps(old: TableRow, cuts: list[TableRow]) -> list[tuple[date | None, date | None]]:
    """Return the days of a row that no cut takes, as (first, last)."""
    found: list[tuple[date | None, date | None]] = []
    start = old.valid_from
    for cut in sorted(cuts, key=lambda row: row.valid_from or date.min):
        if cut.valid_from not in (None, date.min) and (start is None or start < cut.valid_from):
            found.append((start, cut.valid_from - timedelta(days=1)))
        if cut.valid_to in (None, date.max):  # systems write "for ever" as the calendar's last day
            return found
        start = cut.valid_to + timedelta(days=1)
    if old.valid_to is None or (start is not None and start <= old.valid_to):
        found.append((start, old.valid_to))
    return found


def _piece(old: TableRow, first: date | None, last: date | None, now: Any) -> TableRow:
    return TableRow(
        table=old.table,
        key=old.key,
        key_hash=old.key_hash,
        valid_from=first,
        valid_to=last,
        values=old.values,
        proposed_by=old.proposed_by,
        proposed_at=old.proposed_at,
        approved_by=old.approved_by,
        approved_at=old.approved_at,
        recorded_from=now,
        reason=old.reason,
    )


def _ended(rows: list[TableRow], by: By, verb: str, reason: str) -> list[TableRow]:
    now, actor = timezone.now(), as_actor(by).reference
    TableRow.objects.filter(pk__in=[row.pk for row in rows]).update(recorded_to=now, ended_by=actor)
    _record(rows, by, verb, reason)
    return rows


def _record(rows: list[TableRow], by: By, verb: str, reason: str) -> None:
    entries = []
    for row in rows:
        after = {"key": row.by_column, "values": row.values, "state": verb}
        after |= {"valid_from": row.valid_from, "valid_to": row.valid_to}
        name = f"{row.table}: {row}"
        thing = ("mappings.tablerow", str(row.pk), name)
        legal_entity = row.table.legal_entity
        entries.append(
            audit.entry_of(by=by, verb=verb, thing=thing, after=after, reason=reason, legal_entity=legal_entity)
        )
    audit.record_all(entries)


def _announced(table: LookupTable, added: Added) -> Added:
    keys = [key for _, key in added.available]
    if keys:
        transaction.on_commit(lambda: became_available.send(sender=LookupTable, table=table, keys=keys))
    return added
