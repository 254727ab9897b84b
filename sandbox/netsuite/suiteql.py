"""A small, honest part of SuiteQL; whatever else is asked is refused, never guessed.

    SELECT column [AS name], TO_CHAR(column, 'format') [AS name], ... | *
    FROM table [WHERE column =|<>|<|<=|>|>=|IN|LIKE|IS [NOT] NULL value [AND ...]] [ORDER BY column [ASC|DESC], ...]

Values: numbers, 'text', TO_DATE('...', 'format'), TO_TIMESTAMP('...', 'format'). Column names are in lower case, every
value comes back as text, empty columns are left out, and dates not cast by TO_CHAR come in the user's format M/D/YYYY.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.memory import Row
from sandbox.netsuite.errors import bad_query
from sandbox.netsuite.records import CUSTOM_FIELDS, MOMENT, RECORD_TYPES, Records, RecordType

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d+(?:\.\d+)?)|([A-Za-z_][\w.]*)|(<>|!=|<=|>=|[=<>,()*]))")
_FORMATS = (
    ("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("HH24", "%H"), ("MI", "%M"), ("SS", "%S"), ('"T"', "T"), ('"Z"', "Z"),
)  # fmt: skip
_COMMON = {"id": "number", "externalid": "text", "createddate": "moment", "lastmodifieddate": "moment"}
_DELETED = {"recordid": "number", "recordtypeid": "text", "deleteddate": "moment", "name": "text"}


@dataclass
class _Column:
    name: str
    shown_as: str
    form: str = ""  # of TO_CHAR


@dataclass
class Query:
    """A parsed query."""

    table: str
    columns: list[_Column] = field(default_factory=list)  # empty: all
    conditions: list[tuple[str, str, Any]] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)  # (column, descending)


def run(records: Records, text: str) -> list[dict[str, str]]:
    """Return every row that a query finds, as SuiteQL shows it; raises Refusal (400) for anything not understood."""
    query = _Parser(text).query()
    table, columns = _table(query.table)
    names = [column.name for column in query.columns] + [c[0] for c in query.conditions] + [o[0] for o in query.order]
    for name in names:
        if name not in columns and not name.startswith(CUSTOM_FIELDS):
            known = f"{{{query.table}={query.table}}}"
            raise bad_query(f"Search error occurred: Unknown identifier '{name}'. Available identifiers are: {known}.")
    empty = {name: False for name, what in columns.items() if what == "boolean"}  # a checkbox is never empty
    rows = [empty | _flat(row) for row in records.all(table)]
    found = [row for row in rows if all(_holds(row, *condition) for condition in query.conditions)]
    for name, descending in reversed(query.order):
        found.sort(key=lambda row, name=name: _sortable(row.get(name)), reverse=descending)  # type: ignore[misc]
    shown = query.columns or [_Column(name, name) for name in columns]
    return [_show(row, shown, columns) for row in found]


def _table(name: str) -> tuple[str, dict[str, str]]:
    if name == "deletedrecord":
        return name, _DELETED
    for kind in RECORD_TYPES.values():
        if name in kind.tables:
            common = _COMMON if kind.stamped else {"id": "number", "externalid": "text"}
            return kind.name, {**common, **_kinds(kind)}
    raise bad_query(f"Invalid search type: {name}.")


def _kinds(kind: RecordType) -> dict[str, str]:
    return {
        name.lower(): "number" if isinstance(what, tuple) else what
        for name, what in kind.fields.items()
        if what != "lines"
    }


def _flat(row: Row) -> Row:
    return {name.lower(): value for name, value in row.items()}


def _holds(row: Row, name: str, operator: str, value: Any) -> bool:
    found = row.get(name)
    if operator in ("IS NULL", "IS NOT NULL"):
        return (found is None) == (operator == "IS NULL")
    if found is None:
        return False  # as in SQL, nothing compares with NULL
    if isinstance(found, bool):
        found = "T" if found else "F"
    if operator == "IN":
        return any(_sortable(found) == _sortable(one) for one in value)
    if operator == "LIKE":
        pattern = re.escape(str(value)).replace("%", ".*").replace("_", ".")
        return re.fullmatch(pattern, str(found)) is not None
    left, right = _sortable(found), _sortable(value)
    compare: dict[str, Callable[[], bool]] = {
        "=": lambda: left == right,
        "<>": lambda: left != right,
        "!=": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
    }
    return compare[operator]()


def _sortable(value: Any) -> tuple[int, Decimal, str]:
    """Order numbers as numbers, also when they are kept as text; empty values come last, as in Oracle."""
    if value is None:
        return 2, Decimal(0), ""
    text = str(value)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return 0, Decimal(text), ""
    return 1, Decimal(0), text


def _show(row: Row, shown: list[_Column], columns: dict[str, str]) -> dict[str, str]:
    body: dict[str, Any] = {"links": []}
    for column in shown:
        value = row.get(column.name)
        if value is not None:
            body[column.shown_as] = _text(value, columns.get(column.name, "text"), column.form)
    return body


def _text(value: Any, kind: str, form: str) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    if kind in ("date", "moment"):
        moment = datetime.strptime(value, MOMENT) if kind == "moment" else datetime.fromisoformat(value)  # noqa: DTZ007
        return moment.strftime(_python_format(form)) if form else f"{moment.month}/{moment.day}/{moment.year}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _python_format(form: str) -> str:
    for oracle, python in _FORMATS:
        form = form.replace(oracle, python)
    return form


class _Parser:
    """Reads one query, token by token."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text.strip().rstrip(";")))
        self._place = 0

    def query(self) -> Query:
        self._expect("SELECT")
        columns = self._columns()
        self._expect("FROM")
        query = Query(self._name(), columns)
        if self._take("WHERE"):
            query.conditions.append(self._condition())
            while self._take("AND"):
                query.conditions.append(self._condition())
        if self._take("ORDER"):
            self._expect("BY")
            query.order = self._order()
        if self._place < len(self._tokens):
            raise self._wrong()
        return query

    def _columns(self) -> list[_Column]:
        if self._take("*"):
            return []
        columns = [self._column()]
        while self._take(","):
            columns.append(self._column())
        return columns

    def _column(self) -> _Column:
        form = ""
        if self._take("TO_CHAR"):
            self._expect("(")
            name = self._name()
            self._expect(",")
            form = self._string()
            self._expect(")")
        else:
            name = self._name()
        shown_as = self._name() if self._take("AS") else name if not form else "expr1"
        return _Column(name, shown_as, form)

    def _condition(self) -> tuple[str, str, Any]:
        name = self._name()
        if self._take("IS"):
            operator = "IS NOT NULL" if self._take("NOT") else "IS NULL"
            self._expect("NULL")
            return name, operator, None
        if self._take("IN"):
            self._expect("(")
            values = [self._value()]
            while self._take(","):
                values.append(self._value())
            self._expect(")")
            return name, "IN", values
        if self._take("LIKE"):
            return name, "LIKE", self._string()
        operator = self._next()
        if operator not in ("=", "<>", "!=", "<", "<=", ">", ">="):
            raise self._wrong()
        return name, operator, self._value()

    def _order(self) -> list[tuple[str, bool]]:
        order = []
        while True:
            name = self._name()
            descending = self._take("DESC")
            if not descending:
                self._take("ASC")
            order.append((name, descending))
            if not self._take(","):
                return order

    def _value(self) -> Any:
        for function in ("TO_DATE", "TO_TIMESTAMP"):
            if self._take(function):
                self._expect("(")
                text = self._string()
                self._expect(",")
                form = self._string()
                self._expect(")")
                return _moment(text, form, day_only=function == "TO_DATE")
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token[0].isdigit():
            return Decimal(token)
        raise self._wrong()

    def _string(self) -> str:
        value = self._value()
        if not isinstance(value, str):
            raise self._wrong()
        return value

    def _name(self) -> str:
        token = self._next()
        if not re.fullmatch(r"[A-Za-z_]\w*", token):
            raise self._wrong()
        return token.lower()

    def _next(self) -> str:
        if self._place >= len(self._tokens):
            raise self._wrong()
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, word: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place].upper() == word:
            self._place += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._wrong()

    def _wrong(self) -> Exception:
        near = self._tokens[self._place - 1] if 0 < self._place <= len(self._tokens) else "the beginning"
        return bad_query(f"Search error occurred: Invalid or unsupported search near {near}.")


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise bad_query(f"Search error occurred: Invalid or unsupported search near {text[place : place + 20]}.")
        yield found[0].strip()
        place = found.end()


def _moment(text: str, form: str, *, day_only: bool) -> str:
    """Return a date or moment literal in the form in which rows keep it."""
    try:
        moment = datetime.strptime(text, _python_format(form))  # noqa: DTZ007 - the account's own time
    except ValueError as error:
        raise bad_query(f"Search error occurred: {text} does not match {form}.") from error
    has_time = "%H" in _python_format(form)
    return moment.strftime("%Y-%m-%d") if day_only and not has_time else moment.strftime(MOMENT)
