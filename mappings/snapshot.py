"""What lookup tables and cross-references say, as far as a batch has asked: plain dictionaries, filled round by round.

A key that was never asked for raises `NotFetchedError`: the batch fetches it and runs those records again. A key that
was asked for and is not there raises `NoRowError`, which becomes the problem that offers the very row to add.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mappings.formula.emit_tables import Source
from mappings.formula.problems import UnacceptableError
from mappings.formula.values import KEY
from mappings.mapped import Miss, NoRowError, NotFetchedError

Key = str | tuple[str, ...]  # one text for tables of one key column: its hash is kept, a tuple's is not
Hit = tuple[Any, int]  # value, id of the table row
MOST_KEPT = 20_000  # keys of a table
MOST_DAYS = 800
MOST_COPIED = 1_000  # rows without validity that a new day starts with; beyond, they are found one by one


@dataclass(frozen=True, slots=True)
class Row:
    """One valid row of a lookup table, as fetched."""

    row_id: int
    valid_from: date | None  # first day; None: since ever
    valid_to: date | None  # last day; None: for ever
    values: dict[str, Any]  # column → typed value

    def holds_on(self, day: date) -> bool:
        """Tell whether the row is valid on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(slots=True)
class View:
    """One table and column, or one entity and connection, as generated code reads it."""

    source: Source
    days: dict[date, dict[Key, Hit]] = field(default_factory=dict)  # lookup: what is known, by day
    always: dict[Key, Hit] = field(default_factory=dict)  # lookup: what holds on every day, and so on a new one too
    references: dict[Key, str] = field(default_factory=dict)  # xref: what is known
    rows: dict[tuple[str, ...], list[Row]] = field(default_factory=dict)  # lookup: fetched rows by key
    asked: set[tuple[str, ...]] = field(default_factory=set)
    absent: dict[tuple[Key, date | None], NoRowError] = field(default_factory=dict)  # known not to be there
    waiting: dict[tuple[str, ...], list[Row]] = field(default_factory=dict)  # rows that wait for a second person
    key_columns: tuple[str, ...] = ()  # of the table, once fetched
    trouble: str = ""  # why nothing can be found here: no such table, no such column

    def on(self, day: date) -> dict[Key, Hit]:
        """Return what is known for a day."""
        known = self.days.get(day)
        if known is None:
            known = self.days[day] = self.always.copy() if len(self.always) <= MOST_COPIED else {}
        return known

    def find(self, key: Key, day: date | None, may_lack: bool = False) -> Any:
        """Return the hit for a key that is not known yet; None if it may lack and does."""
        absent = self.absent.get((key, day))
        if absent is not None and not may_lack:
            raise absent.with_traceback(None)
        words = (key,) if isinstance(key, str) else key
        if "" in words:  # nothing is kept under it, and nothing ever arrives
            if may_lack:
                return None
            raise UnacceptableError("The key to look up is blank", value="", accepted=KEY)
        miss = Miss(self.source.kind, self.source.name, self.source.column, words, day)
        if words not in self.asked:
            raise NotFetchedError(miss)
        if self.trouble or (self.key_columns and len(words) != len(self.key_columns)):
            raise NoRowError(miss, trouble=self.trouble or self._wrong_count(len(words)))
        if day is not None:
            for row in self._rows(words):
                if row.holds_on(day):
                    hit = self.on(day)[key] = (self._value(row), row.row_id)
                    return hit
        if may_lack:
            return None
        absent = self.absent[key, day] = NoRowError(
            miss,
            waiting=day is not None and any(row.holds_on(day) for row in self.waiting.get(words, ())),
            other_days=_days(self._rows(words)),
        )
        raise absent

    def forget(self) -> None:
        """Forget what was fetched."""
        for kept in (self.days, self.always, self.references, self.rows, self.asked, self.absent, self.waiting):
            kept.clear()
        self.trouble = ""

    def take(self, rows: dict[tuple[str, ...], list[Row]], asked: set[tuple[str, ...]]) -> None:
        """Take in what the query about `asked` has found."""
        self.rows.update(rows)
        self.asked |= asked
        self.absent.clear()
        if self.trouble:
            return
        one = len(self.key_columns) == 1
        unbounded = {
            (words[0] if one else words): (self._value(found[0]), found[0].row_id)
            for words in rows
            if (found := self._rows(words)) and len(words) == len(self.key_columns)
            if found[0].valid_from is None and found[0].valid_to is None
        }
        self.always |= unbounded
        for known in self.days.values():
            known.update(unbounded)

    def _rows(self, words: tuple[str, ...]) -> list[Row]:
        """Return the rows of a key, in the order in which they count.

        A company's table may have columns that the one of all companies behind it lacks: its rows give nothing there.
        """
        column, found = self.source.column, self.rows.get(words, [])
        return [row for row in found if (column in row.values if column else len(row.values) == 1)]

    def _wrong_count(self, count: int) -> str:
        name, columns = self.source.name, ", ".join(self.key_columns)
        return f"the table {name} is asked with {count} keys, but its keys are: {columns}. Correct the LOOKUP."

    def _value(self, row: Row) -> Any:
        if self.source.column:
            return row.values.get(self.source.column)
        return next(iter(row.values.values()), None)


def _days(rows: Iterable[Row]) -> str:
    """Return when rows are valid, in words: "from 2026-12-01 on"."""
    spans = []
    for row in sorted(rows, key=lambda row: row.valid_from or date.min)[:3]:
        first, last = row.valid_from, row.valid_to
        spans.append(f"from {first} to {last}" if first and last else f"from {first} on" if first else f"until {last}")
    return " and ".join(spans)


class BatchSnapshot:
    """The views of one batch. Made empty; `mappings.batch` fills it from the database, tests by `give_…`."""

    def __init__(self, today: date) -> None:
        self.today = today  # the day that counts where neither mapping nor formula names one
        self.views: dict[Source, View] = {}

    def forget_references(self) -> None:
        """Forget the cross-references: they come with every batch, and speak of another connection each time."""
        for source, view in self.views.items():
            if source.kind == "xref":
                view.forget()

    @property
    def is_full(self) -> bool:
        """Whether it holds so much that a fresh one is better."""
        return any(len(view.asked) > MOST_KEPT or len(view.days) > MOST_DAYS for view in self.views.values())

    def view(self, source: Source) -> View:
        """Return the view of a table or cross-reference."""
        if source not in self.views:
            self.views[source] = View(source)
        return self.views[source]

    def give_rows(self, table: str, rows: dict[tuple[str, ...], list[Row]], asked: Iterable[tuple[str, ...]]) -> None:
        """Put fetched rows in every view of a table; `asked` are the keys that the query was about."""
        keys = set(asked)
        for source, view in self.views.items():
            if source.kind == "lookup" and source.name == table:
                view.take(rows, keys)

    def give_references(self, source: Source, found: dict[str, str], asked: Iterable[str]) -> None:
        """Put fetched cross-references in a view."""
        view = self.view(source)
        view.references.update(found)
        view.absent.clear()
        view.asked |= {(each,) for each in asked}

    def bound(self, sources: tuple[Source, ...]) -> dict[str, Callable[..., Any]]:
        """Return what generated code calls: `days` and `opened` for lookups, t0… for xrefs, f0… to find the rest."""
        views = [self.view(source) for source in sources]
        days: dict[date, tuple[Callable[[Key], Hit | None] | None, ...]] = {}

        def opened(day: date) -> tuple[Callable[[Key], Hit | None] | None, ...]:
            gets = tuple(view.on(day).get if view.source.kind == "lookup" else None for view in views)
            days[day] = gets
            return gets

        calls: dict[str, Callable[..., Any]] = {"days": days.get, "opened": opened}
        for number, view in enumerate(views):
            calls[f"f{number}"] = view.find
            if view.source.kind == "xref":
                calls[f"t{number}"] = view.references.get
        return calls
