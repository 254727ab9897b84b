"""Rows of a simulated system, kept in its journal: what was answered is still there after a restart."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.journal import Journal, read

Row = dict[str, Any]


class Memory:
    """Tables of rows by integer id. Every change is a line of the journal, written by `flush` before the answer."""

    def __init__(self, path: Path) -> None:
        self.log = Journal(path)
        self.tables: dict[str, dict[int, Row]] = {}
        self.sequence = 0
        self._last_ids: Counter[str] = Counter()
        for line in read(path):
            self._apply(line)

    @property
    def empty(self) -> bool:
        """Whether nothing was ever stored: a first start."""
        return not any(self.tables.values())

    def table(self, name: str) -> dict[int, Row]:
        """Return all rows of a table by id."""
        return self.tables.setdefault(name, {})

    def put(self, table: str, row: Row, *, by: str) -> Row:
        """Store a row (a new id is given when it has none) and return it; `by` says which door it came through."""
        row = dict(row)
        if "id" not in row:
            row["id"] = self._last_ids[table] + 1
        self._record({"kind": "put", "table": table, "row": row, "by": by})
        return row

    def delete(self, table: str, row_id: int, *, by: str) -> None:
        """Remove a row for good."""
        self._record({"kind": "delete", "table": table, "row": {"id": row_id}, "by": by})

    def note(self, kind: str, **values: Any) -> None:
        """Write a line that changes no row: a fault, a refusal worth counting."""
        self.log.add({"kind": kind, "at": time.time(), **values})

    def flush(self) -> None:
        """Put everything so far on record."""
        self.log.flush()

    def clear(self) -> None:
        """Forget everything, log included."""
        self.log.clear()
        self.tables.clear()
        self._last_ids.clear()
        self.sequence = 0

    def _record(self, line: dict[str, Any]) -> None:
        line = {"seq": self.sequence + 1, "at": time.time(), **line}
        self.log.add(line)
        self._apply(line)

    def _apply(self, line: dict[str, Any]) -> None:
        if line["kind"] not in ("put", "delete"):
            return
        self.sequence = line["seq"]
        table, row = self.table(line["table"]), line["row"]
        if line["kind"] == "put":
            table[row["id"]] = row
            self._last_ids[line["table"]] = max(self._last_ids[line["table"]], row["id"])
        else:
            table.pop(row["id"], None)
