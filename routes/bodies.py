"""Bodies, exactly as they were received, understood and sent: those that are stored together share a row.

A row of `routes_payload` holds the bodies of one stage of a page, one behind the other, with the place where each ends.
The id of a body is that of its row with its place in the last sixteen bits, so who names a body needs no more than an
id. In the database the function `routes_body(id)` finds one; it reads only the pieces of the row that hold it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from uuid_utils import uuid7

from routes.bulk import array, long_bytes

MOST = 1_000  # bodies in a row: who wants one of them rarely wants all
PLACE_DIGITS = 4  # of the 32 of an id
PLACE_BITS = PLACE_DIGITS * 4
LAST_PLACE = 2**PLACE_BITS - 1
ROW = "(%s::uuid, %s, %t::int[], %b, %t::bigint[], %t::int[])"
INSERT = "INSERT INTO routes_payload (id, stage, ends, bodies, hits, hit_ends) VALUES "
READ = "SELECT id, ends, bodies, hits, hit_ends FROM routes_payload WHERE id = ANY(%s::uuid[])"
# A row is read whole where so many of its bodies are wanted: one in sixteen of those that it has at most.
CROWD = 64
READ_SOME = """
SELECT w.id, convert_to(b.body, 'UTF8'), b.table_rows
FROM unnest(%s::uuid[]) AS w(id) CROSS JOIN LATERAL routes_body(w.id) b
"""


class _Row:
    """Bodies of a stage that will share a row."""

    __slots__ = ("bodies", "ends", "hit_ends", "hits", "prefix", "stage", "used")

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.prefix: str = uuid7().hex[:-PLACE_DIGITS]
        self.bodies: list[bytes] = []
        self.ends: list[int] = []
        self.used = 0
        self.hits: list[int] = []  # of all bodies, one behind the other
        self.hit_ends: list[int] = []

    def add(self, body: str, hits: Sequence[int]) -> str:
        encoded = body.encode()
        place = len(self.bodies)
        self.bodies.append(encoded)
        self.used += len(encoded)
        self.ends.append(self.used)
        if hits:
            self.hits.extend(hits)
        self.hit_ends.append(len(self.hits))
        return f"{self.prefix}{place:04x}"

    def columns(self) -> tuple[str | bytes, ...]:
        return (
            f"{self.prefix}{0:04x}", self.stage, _numbers(self.ends), b"".join(self.bodies), _numbers(self.hits),
            _numbers(self.hit_ends),
        )  # fmt: skip


def _numbers(values: Iterable[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


class Bodies:
    """Bodies about to be stored."""

    def __init__(self) -> None:
        """Start with none."""
        self._rows: list[_Row] = []
        self._open: dict[str, _Row] = {}
        self._closed: list[tuple[str | bytes, ...]] = []  # put together

    def add(self, stage: str, body: str, hits: Sequence[int] = ()) -> str:
        """Add a body, with the table rows that it was made with; return its id as 32 digits."""
        row = self._open.get(stage)
        if row is None or len(row.bodies) == MOST:
            row = self._open[stage] = _Row(stage)
            self._rows.append(row)
        return row.add(body, hits)

    def close(self) -> None:
        """Put the rows together that were filled; `write` has less to do then."""
        self._closed += [row.columns() for row in self._rows]
        self._rows, self._open = [], {}

    def write(self) -> None:
        """Write them, in the commit that stores what names them, and begin anew. One query."""
        self.close()
        if not self._closed:
            return
        with long_bytes() as cursor:
            cursor.execute(
                INSERT + ", ".join([ROW] * len(self._closed)), [value for row in self._closed for value in row]
            )
        self._closed = []


class Body(NamedTuple):
    """A body, and the ids of the table rows that a mapping read for it."""

    content: bytes
    hits: tuple[int, ...]

    def __str__(self) -> str:
        return self.content.decode()


def read(ids: Iterable[UUID]) -> dict[UUID, Body]:
    """Return bodies by id; those that are not kept any more are left out. At most two queries.

    Of rows of which many bodies are wanted all are read, which takes a tenth of the time; of others those alone.
    """
    by_row: dict[int, list[UUID]] = {}
    for id_ in ids:
        by_row.setdefault(id_.int >> PLACE_BITS, []).append(id_)
    whole = {f"{row:028x}": wanted for row, wanted in by_row.items() if len(wanted) >= CROWD}
    found = _read_some([id_ for wanted in by_row.values() if len(wanted) < CROWD for id_ in wanted])
    rows = _rows(whole)
    for prefix, wanted in whole.items():
        if (row := rows.get(prefix)) is None:
            continue
        ends, bodies, hits, hit_ends = row
        for id_ in wanted:
            place = id_.int & LAST_PLACE if len(ends) > 1 else 0
            if place < len(ends):
                found[id_] = Body(_part(bodies, ends, place), tuple(_part(hits, hit_ends, place)) if hits else ())
    return found


def _read_some(ids: Sequence[UUID]) -> dict[UUID, Body]:
    if not ids:
        return {}
    with long_bytes() as cursor:
        cursor.execute(READ_SOME, [array(ids)], binary=True)
        return {id_: Body(content, tuple(hits)) for id_, content, hits in cursor.fetchall()}


def contents(ids: Sequence[str]) -> list[bytes]:
    """Return the bytes of bodies that are certainly kept, in order; ids are 32 digits. One query."""
    rows = _rows({digits[:-PLACE_DIGITS] for digits in ids})
    found = []
    for digits in ids:
        ends, bodies, *_ = rows[digits[:-PLACE_DIGITS]]
        found.append(_part(bodies, ends, _place(digits, ends)))
    return found


def _rows(prefixes: Collection[str]) -> dict[str, Any]:
    """Return rows by the first digits of the ids of their bodies."""
    if not prefixes:
        return {}
    with long_bytes() as cursor:
        cursor.execute(READ, [[f"{prefix}{0:04x}" for prefix in prefixes]], binary=True)
        return {row.hex[:-PLACE_DIGITS]: columns for row, *columns in cursor.fetchall()}


def _place(digits: str, ends: Sequence[int]) -> int:
    # A row of one body was perhaps stored before bodies shared rows: its id ended in anything.
    return int(digits[-PLACE_DIGITS:], 16) if len(ends) > 1 else 0


def _part(whole: Any, ends: Sequence[int], place: int) -> Any:
    return whole[ends[place - 1] if place else 0 : ends[place]]
