"""Map a batch of records: one query a round, and only the records that missed a key run again.

The first round serves all keys that any record of the batch misses; a further one is only needed where a key depends
on what an earlier look-up gave. The number of queries therefore depends on the mapping, never on the number of records
or of the legal entities they belong to.
"""

import decimal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from governance.actor import By
from governance.scoping import ALL, entity_ids
from mappings.compiled import CompiledMapping, not_a_record
from mappings.fetch import Entity, Fetch
from mappings.formula.limits import CONTEXT
from mappings.mapped import Mapped
from mappings.snapshot import BatchSnapshot

MAX_ROUNDS = 20  # look-ups that depend on look-ups; a mapping's depth limit keeps it far below


def run_batch(
    compiled: CompiledMapping,
    records: list[dict[str, Any]],
    *,
    connection_id: int | None,
    legal_entity_id: int | None,
    on: Callable[[dict[str, Any]], date] | None = None,
    as_of: datetime | None = None,
    reader: "By | None" = None,
) -> list[Mapped]:
    """Map records of one legal entity, in their order; for the rest see `run_mixed`."""
    entities = [legal_entity_id] * len(records)
    return run_mixed(
        compiled, records, connection_id=connection_id, legal_entities=entities, on=on, as_of=as_of, reader=reader
    )


def run_mixed(
    compiled: CompiledMapping,
    records: list[dict[str, Any]],
    *,
    connection_id: int | None,
    legal_entities: Sequence[Entity],
    on: Callable[[dict[str, Any]], date] | None = None,
    as_of: datetime | None = None,
    reader: "By | None" = None,
) -> list[Mapped]:
    """Map records, in their order, each with the tables of its own legal entity first.

    `connection_id` is whose ids XREF speaks of; `legal_entities` has one for each record; `on` gives the day of a
    record where the mapping names none (else today); `as_of` reads the tables as they were recorded at that time, and
    takes its day for today. Rows
    that this thread has read before are read again only after a table has changed. With a `reader`, who tries it out,
    XREF finds nothing of connections that they do not see, nor of other companies' records at those that they see.
    """
    snapshots = _snapshots(compiled, set(legal_entities), as_of)
    fetch = Fetch(
        snapshots, compiled.sources, inward=compiled.inward, connection_id=connection_id, as_of=as_of, reader=reader,
        owners=_owners.get() if reader is None else entity_ids(reader),
    )  # fmt: skip
    today = (as_of or timezone.now()).date()
    with decimal.localcontext(CONTEXT):
        run_of = {entity: compiled.bind(snapshot) for entity, snapshot in snapshots.items()}
        runs = [run_of[entity] for entity in legal_entities]
        days = [today if on is None else on(record) for record in records]
        results = [run(record, day) if record.__class__ is dict else not_a_record(record)
                   for run, record, day in zip(runs, records, days, strict=True)]  # fmt: skip
        for _ in range(MAX_ROUNDS):
            missed = [index for index, result in enumerate(results) if result.misses]
            if not missed:
                return results
            fetch.all((legal_entities[index], miss) for index in missed for miss in results[index].misses)
            for index in missed:
                results[index] = runs[index](records[index], days[index])
    raise RuntimeError(f"The mapping {compiled.name} needs more than {MAX_ROUNDS} rounds of look-ups.")


@contextmanager
def references_seen_by(by: By) -> Iterator[None]:
    """Let XREF find only records of companies that somebody sees: for what they have written and nobody agreed to."""
    token = _owners.set(entity_ids(by))
    try:
        yield
    finally:
        _owners.reset(token)


_owners: ContextVar[frozenset[int] | None] = ContextVar("whose cross-references are found", default=ALL)


class _Kept(threading.local):
    """What this thread has read of the tables, as long as their mark stays the same."""

    def __init__(self) -> None:
        self.valid: tuple[Any, date] | None = None  # mark of the tables, day
        self.snapshots: dict[Entity, BatchSnapshot] = {}  # by legal entity


_kept = _Kept()


def _snapshots(compiled: CompiledMapping, entities: set[Entity], as_of: datetime | None) -> dict[Entity, BatchSnapshot]:
    """Return a snapshot for each entity, with the rows of earlier batches where they still are what the tables say.

    One query, and none where no table is read or they are read as of an earlier time.
    """
    today = (as_of or timezone.now()).date()
    if as_of or not any(source.kind == "lookup" for source in compiled.sources):
        return {entity: BatchSnapshot(today) for entity in entities}
    with connection.cursor() as cursor:
        cursor.execute("SELECT mark FROM mappings_tablesmark")
        valid = (cursor.fetchone()[0], today)
    if _kept.valid != valid:
        _kept.valid, _kept.snapshots = valid, {}
    for entity in entities:
        snapshot = _kept.snapshots.get(entity)
        if snapshot is None or snapshot.is_full:
            snapshot = _kept.snapshots[entity] = BatchSnapshot(today)
        snapshot.forget_references()
    return {entity: _kept.snapshots[entity] for entity in entities}
