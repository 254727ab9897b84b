"""Map a batch of records: one query per table and round, and only the records that missed a key run again.

A round serves all keys that were missed in it; a further one is only needed where a key depends on what an earlier
look-up gave. The number of queries therefore depends on the mapping, never on the number of records.
"""

import decimal
import json
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils import timezone

from canonical.entity import Kind
from mappings.compiled import CompiledMapping, not_a_record
from mappings.formula.emit_tables import Source
from mappings.formula.limits import CONTEXT
from mappings.kinds import CONVERTERS
from mappings.mapped import Mapped, Miss
from mappings.models import CrossReference
from mappings.models.lookup import hash_of
from mappings.snapshot import BatchSnapshot, Row

SCOUTS = 64  # records that run ahead to find out which keys a batch needs
MAX_ROUNDS = 20  # look-ups that depend on look-ups; a mapping's depth limit keeps it far below

ROWS = """
SELECT t.legal_entity_id, t.key_columns, t.value_columns, r.id, r.key, r.valid_from, r.valid_to, r.values, r.approved_at
FROM mappings_lookuptable t
LEFT JOIN mappings_tablerow r ON r.table_id = t.id AND r.key_hash = ANY(%(hashes)s) AND {counts}
WHERE t.name = %(name)s AND (t.legal_entity_id IS NULL OR t.legal_entity_id = %(legal_entity_id)s)
ORDER BY t.legal_entity_id NULLS LAST, r.valid_from DESC NULLS LAST
"""
NOW = "r.recorded_to IS NULL"
THEN = "r.recorded_from <= %(as_of)s AND (r.recorded_to IS NULL OR r.recorded_to > %(as_of)s)"


def run_batch(
    compiled: CompiledMapping,
    records: list[dict[str, Any]],
    *,
    connection_id: int | None,
    legal_entity_id: int | None,
    on: Callable[[dict[str, Any]], date] | None = None,
    as_of: datetime | None = None,
    snapshot: BatchSnapshot | None = None,
) -> list[Mapped]:
    """Map records, in their order.

    `connection_id` is whose ids XREF speaks of; `legal_entity_id` whose own tables come first; `on` gives the day of a
    record where the mapping names none (else today); `as_of` reads the tables as they were recorded at that time.
    A snapshot that is given keeps what was fetched, for further batches that may see the same state of the tables;
    without one, rows that this thread has read before are read again only after a table has changed.
    """
    if snapshot is None:
        snapshot = BatchSnapshot(timezone.now().date()) if as_of else _snapshot(compiled, legal_entity_id)
    fetch = _Fetch(snapshot, compiled.inward, connection_id, legal_entity_id, as_of)
    with decimal.localcontext(CONTEXT):
        run = compiled.bind(snapshot)
        days = [on(record) if on is not None else snapshot.today for record in records]
        # The first records find out which keys the batch needs: most of the rest then run once instead of twice.
        ahead = zip(records[:SCOUTS], days, strict=False)
        scouts = [run(record, day) for record, day in ahead if record.__class__ is dict]
        if any(scout.misses for scout in scouts):
            fetch.all(miss for scout in scouts for miss in scout.misses)
        results = [run(record, day) if record.__class__ is dict else not_a_record(record)
                   for record, day in zip(records, days, strict=True)]  # fmt: skip
        for _ in range(MAX_ROUNDS):
            missed = [index for index, result in enumerate(results) if result.misses]
            if not missed:
                return results
            fetch.all(miss for index in missed for miss in results[index].misses)
            for index in missed:
                results[index] = run(records[index], days[index])
    raise RuntimeError(f"The mapping {compiled.name} needs more than {MAX_ROUNDS} rounds of look-ups.")


class _Kept(threading.local):
    """What this thread has read of the tables, as long as their mark stays the same."""

    def __init__(self) -> None:
        self.valid: tuple[Any, date] | None = None  # mark of the tables, day
        self.snapshots: dict[int | None, BatchSnapshot] = {}  # by legal entity


_kept = _Kept()


def _snapshot(compiled: CompiledMapping, legal_entity_id: int | None) -> BatchSnapshot:
    """Return a snapshot with the rows of earlier batches, where they still are what the tables say. One query."""
    today = timezone.now().date()
    if not any(source.kind == "lookup" for source in compiled.sources):
        return BatchSnapshot(today)
    with connection.cursor() as cursor:
        cursor.execute("SELECT mark FROM mappings_tablesmark")
        valid = (cursor.fetchone()[0], today)
    if _kept.valid != valid:
        _kept.valid, _kept.snapshots = valid, {}
    snapshot = _kept.snapshots.get(legal_entity_id)
    if snapshot is None or snapshot.is_full:
        snapshot = _kept.snapshots[legal_entity_id] = BatchSnapshot(today)
    snapshot.forget_references()
    return snapshot


class _Fetch:
    """Fetches what a round missed into the snapshot."""

    def __init__(
        self,
        snapshot: BatchSnapshot,
        inward: bool,
        connection_id: int | None,
        legal_entity_id: int | None,
        as_of: datetime | None,
    ) -> None:
        self.snapshot, self.inward, self.as_of = snapshot, inward, as_of
        self.connection_id, self.legal_entity_id = connection_id, legal_entity_id

    def all(self, misses: Any) -> None:
        """Fetch the keys of these misses: one query per table, and one per entity and connection."""
        tables: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        references: dict[Source, set[str]] = defaultdict(set)
        for miss in set(misses):
            if miss.kind == "lookup":
                tables[miss.name].add(miss.key)
            else:
                references[_source(miss)].add(miss.key[0])
        for name in sorted(tables):
            self._rows(name, sorted(tables[name]))
        for source in sorted(references, key=str):
            self._references(source, sorted(references[source]))

    def _rows(self, name: str, keys: list[tuple[str, ...]]) -> None:
        parameters = {
            "name": name,
            "hashes": [hash_of(key) for key in keys],
            "legal_entity_id": self.legal_entity_id,
            "as_of": self.as_of,
        }
        with connection.cursor() as cursor:
            cursor.execute(ROWS.format(counts=THEN if self.as_of else NOW), parameters)
            found = cursor.fetchall()
        rows: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        waiting: set[tuple[str, ...]] = set()
        for _, _, columns, row_id, key, valid_from, valid_to, values, approved_at in found:
            if row_id is not None and approved_at is not None:
                rows[tuple(key)].append(
                    Row(row_id, valid_from, valid_to, typed(json.loads(columns), json.loads(values)))
                )
            elif row_id is not None:
                waiting.add(tuple(key))
        for source, view in self.snapshot.views.items():
            if source.kind == "lookup" and source.name == name:
                view.waiting |= waiting
                view.trouble = _trouble(source, found[0] if found else None)
                view.key_columns = tuple(found[0][1]) if found else ()
        self.snapshot.give_rows(name, dict(rows), keys)

    def _references(self, source: Source, keys: list[str]) -> None:
        connection_id = self._connection_id(source)
        view = self.snapshot.view(source)
        if connection_id is None:
            view.trouble = f"there is no connection {source.column or 'for this'!r}. Correct the connection in XREF."
            self.snapshot.give_references(source, {}, keys)
            return
        wanted, given = ("external_id", "canonical_key") if self.inward else ("canonical_key", "external_id")
        rows = CrossReference.objects.filter(
            entity=source.name, connection_id=connection_id, **{f"{wanted}__in": keys}
        ).values_list(wanted, given)
        self.snapshot.give_references(source, dict(rows), keys)

    def _connection_id(self, source: Source) -> int | None:
        if not source.column:
            return self.connection_id
        connections: Any = apps.get_app_config("connectors").get_model("Connection")
        found: int | None = connections.objects.filter(slug=source.column).values_list("pk", flat=True).first()
        return found


def typed(columns: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    """Return a row's values in the kinds of its table's columns."""
    return {name: CONVERTERS[Kind(kind)](values.get(name)) for name, kind in columns.items()}


def _source(miss: Miss) -> Source:
    return Source(miss.kind, miss.name, miss.column)


def _trouble(source: Source, table: tuple[Any, ...] | None) -> str:
    if table is None:
        return f"there is no table {source.name!r}. Make the table, or correct its name in LOOKUP."
    value_columns = json.loads(table[2])
    if not source.column and len(value_columns) > 1:
        return f"the table {source.name} has several columns. Name one: {source.name}.{next(iter(value_columns))}."
    if source.column and source.column not in value_columns:
        return f"the table {source.name} has no column {source.column!r}. It has: {', '.join(value_columns)}."
    return ""
