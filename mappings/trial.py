"""Try a mapping on samples: before, after, problems and the table rows that were read. Nothing is written or sent."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from canonical import check
from canonical.entity import Entity
from canonical.problem import Problem
from governance.actor import By
from governance.rights import Right, require
from mappings.batch import run_batch
from mappings.compiled import compile_mapping
from mappings.models import Mapping


@dataclass(frozen=True, slots=True)
class TrialRow:
    """What a mapping makes of one sample."""

    before: dict[str, Any]
    after: dict[str, Any]
    problems: list[Problem]
    hits: list[int]  # ids of the table rows that were read


def try_out(
    mapping: Mapping,
    *,
    content: dict[str, Any],
    samples: list[dict[str, Any]],
    by: By,
    connection_id: int | None = None,
) -> list[TrialRow]:
    """Try what somebody writes for a mapping, published or not. Raises NotAllowed and MappingErrors."""
    require(by, Right.EDIT_CONFIGURATION, mapping.legal_entity)
    return try_on(content, samples, connection_id=connection_id, legal_entity_id=mapping.legal_entity_id, reader=by)


def try_on(
    content: dict[str, Any],
    samples: list[dict[str, Any]],
    *,
    entity: Entity | None = None,
    connection_id: int | None = None,
    legal_entity_id: int | None = None,
    on: date | None = None,
    reader: "By | None" = None,
) -> list[TrialRow]:
    """Return what a mapping would make of each sample, with today's tables.

    Raises MappingErrors when the mapping itself is wrong. A result that is complete is also checked against its
    entity, as the pipeline would.
    """
    compiled = compile_mapping(content, entity=entity)
    day = None if on is None else (lambda record: on)
    results = run_batch(
        compiled, samples, connection_id=connection_id, legal_entity_id=legal_entity_id, on=day, reader=reader
    )
    rows = []
    for sample, result in zip(samples, results, strict=True):
        problems = list(result.problems)
        if compiled.content.target is not None and not result.failed:
            problems += check(compiled.content.target, result.values)
        rows.append(TrialRow(sample, result.values, problems, list(result.hits)))
    return rows
