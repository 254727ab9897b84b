"""Many rows at once: COPY lines and array parameters, written by hand.

The driver's general way looks at every value anew and costs several times what PostgreSQL needs for the row; here the
value's class decides, once. Text goes as PostgreSQL's text format wants it (manual, COPY and Arrays).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from django.db import connection
from uuid_utils import uuid7

_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NULL = "\\N"  # how COPY writes that there is no value
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNESCAPED = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


_encoded = msgspec.json.Encoder().encode


def hexed(value: UUID) -> str:
    """Return a UUID as 32 digits: PostgreSQL takes it, and the usual form costs eight times as much."""
    return value.int.to_bytes(16, "big").hex()


def text(value: str) -> str:
    """Return a text as COPY wants it."""
    return value.translate(_COPY_ESCAPES) if not value.isprintable() or "\\" in value else value


def moment(value: date) -> str:
    """Return a date or a time in ISO 8601, as COPY and arrays take it; `isoformat` takes six times as long."""
    zone = getattr(value, "tzinfo", None)
    # The encoder leaves the seconds of an offset out.
    return _encoded(value)[1:-1].decode() if zone is UTC or zone is None else value.isoformat()


def bytea(value: bytes) -> str:
    """Return bytes as COPY wants them."""
    return f"\\\\x{value.hex()}"


_COPY: dict[type, Callable[[Any], str]] = {
    str: text,
    type(None): lambda _: NULL,
    UUID: hexed,
    int: repr,
    Decimal: str,
    datetime: moment,
    date: moment,
    bool: lambda value: "t" if value else "f",
    bytes: bytea,
}


def _copy_other(value: object) -> str:
    """Write a value whose very class is not in the table yet: an enumeration's member is the text that it is."""
    if isinstance(value, str):
        return text(str(value))
    raise TypeError(f"COPY has no form for {value!r}")


def copy_in(cursor: Any, statement: str, rows: Iterable[Sequence[object]]) -> None:
    """Add rows with COPY; the statement names the columns. Nothing is asked of the server when there are none."""
    find = _COPY.get
    lines = ["\t".join([find(value.__class__, _copy_other)(value) for value in row]) for row in rows]
    copy_lines(cursor, statement, lines)


def copy_lines(cursor: Any, statement: str, lines: Sequence[str]) -> None:
    """Add rows with COPY that are written already: a line for each, its columns with tabs between them.

    For the tables of the hot path, whose rows are mostly made of the same pieces. Together with other statements they
    are inserted: COPY waits for the server twice.
    """
    if not lines:
        return
    if cursor.connection.pgconn.pipeline_status:
        cursor.execute(inserting(statement, lines))
        return
    with cursor.copy(statement) as copy:
        copy.write("\n".join(lines) + "\n")


def inserting(statement: str, lines: Sequence[str]) -> str:
    """Return the statement that inserts the lines of a COPY."""
    rows = [",".join(map(_literal, line.split("\t"))) for line in lines]
    table = statement.removeprefix("COPY").removesuffix("FROM STDIN")
    return f"INSERT INTO{table}VALUES ({'),('.join(rows)})"


def _literal(column: str) -> str:
    if "\\" in column:
        if column == NULL:
            return "NULL"
        column = _ESCAPED.sub(lambda found: _UNESCAPED[found[1]], column)
    return "'" + column.replace("'", "''") + "'"


@contextmanager
def together() -> Iterator[None]:
    """Send the statements inside one after the other without waiting for each; the first result that is read waits.

    A server that is busy answers each statement late, and a page has some twenty. In the caller's commit.
    """
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


@contextmanager
def long_bytes() -> Iterator["psycopg.Cursor[Any]"]:
    """Give a cursor for long bytes: `execute(…, binary=True)` reads them, and `%b` sends them, as they are.

    In text each byte takes two, which are made, read and moved several times. In the caller's commit.
    """
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


def _array_text(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


_ARRAY: dict[type, Callable[[Any], str]] = {
    str: _array_text,
    type(None): lambda _: "NULL",
    UUID: hexed,
    int: repr,
    float: repr,
    Decimal: str,
    datetime: lambda value: f'"{moment(value)}"',
    date: moment,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: f'"\\\\x{value.hex()}"',
}


def _array_other(value: object) -> str:
    if isinstance(value, str):
        return _array_text(str(value))
    if isinstance(value, memoryview):
        return _ARRAY[bytes](bytes(value))
    raise TypeError(f"an array has no form for {value!r}")


def array(values: Iterable[object]) -> str:
    """Return a list as the text of a PostgreSQL array; the statement casts it: `unnest(%s::uuid[])`."""
    find = _ARRAY.get
    return "{" + ",".join([find(value.__class__, _array_other)(value) for value in values]) + "}"


def texts(values: Sequence[str]) -> str:
    """Return a list of texts as `array` does; keys, which hardly ever need an escape, take a tenth of the time."""
    together = "".join(values)
    if "\\" in together or '"' in together:
        return array(values)
    return '{"' + '","'.join(values) + '"}' if values else "{}"


def arrays(rows: Sequence[Sequence[object]], columns: int) -> list[str]:
    """Return rows as one array text per column, for `unnest` over several; `columns` counts where there are no rows."""
    if not rows:
        return ["{}"] * columns
    return [array(column) for column in zip(*rows, strict=True)]


def plain(values: Iterable[str]) -> str:
    """Return texts that need no quotes (ids, numbers, times, versions) as the text of a PostgreSQL array."""
    return "{" + ",".join(values) + "}"


def row_ids(count: int) -> str:
    """Return new UUIDv7 as an array's text, for rows that nobody names before they are stored.

    PostgreSQL's own `uuidv7()` asks the system for random bytes at each call and takes eight times as long.
    """
    return "{" + ",".join([str(uuid7()) for _ in range(count)]) + "}"
