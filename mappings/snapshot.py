"""What lookup tables and cross-references say, as far as a batch has asked: plain dictionaries, filled round by round.

A key that was never asked for raises `NotFetchedError`: the batch fetches it and runs those records again. A key that
was asked for and is not there raises `NoRowError`, which becomes the problem that offers the very row to add.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mappings.formula.emit_tables import Source
from mappings.mapped import Miss, NoRowError, NotFetchedError


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
    """One table and column, or one entity and connection, as generated code reads it: `known.get`, then `find`."""

    source: Source
    known: dict[tuple[Any, ...], Any] = field(default_factory=dict)  # key → (value, row id), for xref the id alone
    rows: dict[tuple[str, ...], list[Row]] = field(default_factory=dict)  # fetched rows by key, lookup only
    asked: set[tuple[str, ...]] = field(default_factory=set)

    def find(self, key: tuple[Any, ...], may_lack: bool = False) -> Any:
        """Return the hit for a key that `known` does not hold; None if it may lack and does."""
        words = key[:-1] if self.source.kind == "lookup" else key
        miss = Miss(self.source.kind, self.source.name, self.source.column, key)
        if words not in self.asked:
            raise NotFetchedError(miss)
        for row in self.rows.get(words, ()):
            if row.holds_on(key[-1]):
                hit = (self._value(row), row.row_id)
                self.known[key] = hit
                return hit
        if may_lack:
            return None
        raise NoRowError(miss)

    def _value(self, row: Row) -> Any:
        if self.source.column:
            return row.values.get(self.source.column)
        return next(iter(row.values.values()), None)


class BatchSnapshot:
    """The views of one batch. Made empty; `mappings.batch` fills it from the database, tests by `give_…`."""

    def __init__(self, today: date) -> None:
        self.today = today  # the day that counts where neither mapping nor formula names one
        self.views: dict[Source, View] = {}

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
                view.rows.update(rows)
                view.asked |= keys

    def give_references(
        self, source: Source, found: dict[tuple[str, ...], str], asked: Iterable[tuple[str, ...]]
    ) -> None:
        """Put fetched cross-references in a view."""
        view = self.view(source)
        view.known.update(found)
        view.asked |= set(asked)
