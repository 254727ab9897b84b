"""Fetch what a round of a batch has missed: one query for the rows of all its tables, one for all cross-references.

Neither the number of records nor that of tables, legal entities or connections adds a query. A connection that a
mapping names by its slug is looked up once a batch.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection

from canonical.entity import Kind
from governance.actor import By
from governance.scoping import ALL
from mappings.formula.emit_tables import Source
from mappings.kinds import CONVERTERS
from mappings.mapped import Miss
from mappings.models.lookup import hash_of
from mappings.snapshot import BatchSnapshot, Row

Key = tuple[str, ...]
Entity = int | None  # whose own tables come first; None: none has any

ROWS = """
SELECT w.entity, w.name, t.key_columns, t.value_columns, r.id, r.key, r.valid_from, r.valid_to, r.values, r.approved_at
FROM (SELECT entity, name, array_agg(hash) AS hashes
      FROM unnest(%(entities)s::bigint[], %(names)s::text[], %(hashes)s::bigint[]) AS k(entity, name, hash)
      GROUP BY entity, name) w
JOIN mappings_lookuptable t ON t.name = w.name AND (t.legal_entity_id IS NULL OR t.legal_entity_id = w.entity)
    AND {there}
LEFT JOIN mappings_tablerow r ON r.table_id = t.id AND r.key_hash = ANY(w.hashes) AND {counts}
ORDER BY t.legal_entity_id NULLS LAST, r.valid_from DESC NULLS LAST
"""
NOW = {"there": "t.deleted_at IS NULL", "counts": "r.recorded_to IS NULL"}
THEN = {
    "there": "(t.deleted_at IS NULL OR t.deleted_at > %(as_of)s)",
    "counts": "r.recorded_from <= %(as_of)s AND (r.recorded_to IS NULL OR r.recorded_to > %(as_of)s)",
}
REFERENCES = """
SELECT k.entity, k.connection_id, k.key, x.{given}
FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS k(entity, connection_id, key)
JOIN mappings_crossreference x
    ON x.connection_id = k.connection_id AND x.entity = k.entity AND x.{wanted} = k.key
"""
OWN = "WHERE x.legal_entity_id = ANY(%s)"


class Fetch:
    """Fills the snapshots of a batch, by legal entity. `connection_id` is whose ids XREF speaks of by itself.

    With a `reader` only the other connections that they see are found. Several companies may go through one
    connection: of `owners` alone, where they are given, it is told what it calls their records.
    """

    def __init__(
        self,
        snapshots: Mapping[Entity, BatchSnapshot],
        sources: Iterable[Source],
        *,
        inward: bool,
        connection_id: int | None,
        as_of: datetime | None,
        reader: "By | None" = None,
        owners: frozenset[int] | None = ALL,
    ) -> None:
        self._snapshots, self._inward, self._as_of, self._reader = snapshots, inward, as_of, reader
        self._owners = owners
        self._slugs = {source.column for source in sources if source.kind == "xref" and source.column}
        self._connections: dict[str, int | None] = {"": connection_id}

    def all(self, misses: Iterable[tuple[Entity, Miss]]) -> None:
        """Fetch the keys of these misses: at most one query for rows and one for cross-references."""
        tables: dict[tuple[Entity, str], set[Key]] = defaultdict(set)
        references: dict[Source, set[str]] = defaultdict(set)
        for entity, miss in set(misses):
            if miss.kind == "lookup":
                tables[entity, miss.name].add(miss.key)
            else:
                references[Source(miss.kind, miss.name, miss.column)].add(miss.key[0])
        if tables:
            self._rows(tables)
        if references:
            self._references(references)

    def _rows(self, tables: Mapping[tuple[Entity, str], set[Key]]) -> None:
        wanted = [(entity, name, hash_of(key)) for (entity, name), keys in tables.items() for key in keys]
        entities, names, hashes = (list(column) for column in zip(*wanted, strict=True))
        parameters = {"entities": entities, "names": names, "hashes": hashes, "as_of": self._as_of}
        found: dict[tuple[Entity, str], list[tuple[Any, ...]]] = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(ROWS.format(**(THEN if self._as_of else NOW)), parameters)
            for entity, name, *row in cursor.fetchall():
                found[entity, name].append(tuple(row))
        for (entity, name), keys in tables.items():
            _give(self._snapshots[entity], name, found[entity, name], keys)

    def _references(self, references: Mapping[Source, set[str]]) -> None:
        self._find_connections()
        wanted = [
            (source.name, self._connections[source.column], key)
            for source, keys in references.items()
            if self._connections[source.column] is not None
            for key in keys
        ]
        found: dict[tuple[str, int | None], dict[str, str]] = defaultdict(dict)
        if wanted:
            ours, theirs = "canonical_key", "external_id"
            names = {"wanted": theirs, "given": ours} if self._inward else {"wanted": ours, "given": theirs}
            statement, columns = REFERENCES.format(**names), [list(column) for column in zip(*wanted, strict=True)]
            if self._owners is not ALL:
                statement, columns = statement + OWN, [*columns, sorted(self._owners)]
            with connection.cursor() as cursor:
                cursor.execute(statement, columns)
                for entity, connection_id, key, given in cursor.fetchall():
                    found[entity, connection_id][key] = given
        for source, keys in references.items():
            of = self._connections[source.column]
            for snapshot in self._snapshots.values():
                if of is None:
                    snapshot.view(source).trouble = self._lacking(source.column)
                snapshot.give_references(source, found[source.name, of], keys)

    def _lacking(self, slug: str | None) -> str:
        """Return the words for a connection that is not there: a named one, or the one that the records go through."""
        if not slug:
            return "ids are those of one connection, and none is known here. Try it on a record of a route."
        if self._reader is not None:  # it may stand there, named by somebody else
            return "it names a connection that is not there, or that you may not see. Correct the connection in XREF."
        return f"there is no connection {slug!r}. Correct the connection in XREF."

    def _find_connections(self) -> None:
        if not self._slugs:
            return
        connections: Any = apps.get_app_config("connectors").get_model("Connection")
        self._connections |= dict.fromkeys(self._slugs)
        rows = connections.objects.all() if self._reader is None else connections.objects.visible_to(self._reader)
        self._connections |= dict(rows.filter(slug__in=self._slugs).values_list("slug", "pk"))
        self._slugs = set()


def typed(columns: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    """Return a row's values in the kinds of its table's columns."""
    return {name: CONVERTERS[Kind(kind)](values.get(name)) for name, kind in columns.items()}


def _give(snapshot: BatchSnapshot, name: str, found: list[tuple[Any, ...]], keys: set[Key]) -> None:
    """Put what was found of a table into its views; the first row tells its columns, also where no key was found."""
    rows: dict[Key, list[Row]] = defaultdict(list)
    waiting: dict[Key, list[Row]] = defaultdict(list)
    for _, columns, row_id, key, valid_from, valid_to, values, approved_at in found:
        if row_id is not None and approved_at is not None:
            rows[tuple(key)].append(Row(row_id, valid_from, valid_to, typed(json.loads(columns), json.loads(values))))
        elif row_id is not None:
            waiting[tuple(key)].append(Row(row_id, valid_from, valid_to, {}))
    for source, view in snapshot.views.items():
        if source.kind == "lookup" and source.name == name:
            view.waiting |= {key: waiting.get(key, []) for key in keys}
            view.trouble = _trouble(source, json.loads(found[0][1]) if found else None)
            view.key_columns = tuple(found[0][0]) if found else ()
    snapshot.give_rows(name, dict(rows), keys)


def _trouble(source: Source, columns: dict[str, str] | None) -> str:
    if columns is None:
        return f"there is no table {source.name!r}. Make the table, or correct its name in LOOKUP."
    if not source.column and len(columns) > 1:
        return f"the table {source.name} has several columns. Name one: {source.name}.{next(iter(columns))}."
    if source.column and source.column not in columns:
        return f"the table {source.name} has no column {source.column!r}. It has: {', '.join(columns)}."
    return ""
