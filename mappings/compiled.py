"""Compile a mapping or a single formula, and run it on a record."""

import decimal
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from canonical.entity import Entity
from canonical.failure import Category
from canonical.problem import Problem
from mappings.content import Content, FieldRule, read_content
from mappings.content import Formula as ParsedFormula
from mappings.formula.emit_tables import Source
from mappings.formula.limits import CONTEXT
from mappings.formula.parse import parse
from mappings.formula.scope import CORRECTIONS
from mappings.formula.tree import Path
from mappings.formula.words import described
from mappings.fuse import Fused, fuse
from mappings.mapped import Mapped
from mappings.snapshot import BatchSnapshot

Run = Callable[[dict[str, Any], date], Mapped]


class CompiledMapping:
    """A mapping version, compiled. Equal contents give equal source and hash; nothing here changes afterwards."""

    def __init__(self, content: Content, fused: Fused, content_hash: str) -> None:
        self.name = content.name
        self.content = content
        self.content_hash = content_hash  # SHA-256 of the content in canonical JSON
        self.source_text = fused.source  # the generated Python, for the technical tab
        self.sources: tuple[Source, ...] = fused.sources  # tables and cross-references that it reads
        self.inward = content.inward
        self.modes = {rule.to: rule.mode for rule in content.fields if rule.mode != "overwrite"}
        self._bind = fused.bind
        self._correcting: dict[frozenset[str], CompiledMapping] = {}
        self._bound: tuple[BatchSnapshot, Run] | None = None

    def bind(self, snapshot: BatchSnapshot) -> Run:
        """Return the function that maps one record on a snapshot; call it inside `decimal.localcontext(CONTEXT)`."""
        bound = self._bound  # read once: other threads may put theirs there
        if bound is not None and bound[0] is snapshot:
            return bound[1]
        run: Run = self._bind(**snapshot.bound(self.sources))
        self._bound = (snapshot, run)
        return run

    def run(self, record: dict[str, Any], snapshot: BatchSnapshot | None = None, *, on: date | None = None) -> Mapped:
        """Map one record. `on` is the day on which table rows must be valid, where the mapping names none."""
        snapshot = snapshot or BatchSnapshot(datetime.now(UTC).date())
        if record.__class__ is not dict:
            return not_a_record(record)
        with decimal.localcontext(CONTEXT):
            return self.bind(snapshot)(record, on or snapshot.today)

    def correcting(self, fields: frozenset[str]) -> "CompiledMapping":
        """Return this mapping with people's values for some fields of the result; see `with_corrections`.

        What is worked out from these fields, and the rules about them, follow the people's values. A field that
        nothing fills is not made.
        """
        made = self._correcting.get(fields)
        if made is None:
            rules = tuple(_given(rule) if rule.name in fields else rule for rule in self.content.fields)
            content = replace(self.content, fields=rules)
            made = self._correcting[fields] = CompiledMapping(content, fuse(content), self.content_hash)
        return made

    def merged(self, values: dict[str, Any], existing: dict[str, Any] | None) -> dict[str, Any]:
        """Return what to write over what the target holds (None: nothing yet), by the fields' modes.

        `if_new` fields are left out of an update; `if_empty` fields wherever the target has a value.
        """
        if existing is None or not self.modes:
            return values
        result = values
        for to, mode in self.modes.items():
            if mode == "if_new" or _at(existing, to) not in (None, ""):
                result = _without(result, to)
        return result


class CompiledFormula:
    """A single formula: a route's condition, a key, an overlay's check."""

    def __init__(self, text: str, mapping: CompiledMapping) -> None:
        self.text = text
        self.mapping = mapping

    def run(self, record: dict[str, Any], snapshot: BatchSnapshot | None = None, *, on: date | None = None) -> Any:
        """Return the formula's value; raises FormulaFailed with the problems or the misses."""
        outcome = self.mapping.run(record, snapshot, on=on)
        if outcome.problems or outcome.misses:
            raise FormulaFailed(outcome)
        return outcome.values["value"]


class FormulaFailed(ValueError):  # reads as what happened, and `except FormulaFailed` too
    """A formula found something that it cannot take, or a key that has to be fetched first."""

    def __init__(self, outcome: Mapped) -> None:
        self.problems, self.misses = outcome.problems, outcome.misses
        super().__init__(
            "; ".join(problem.message for problem in outcome.problems) or "Table rows are not fetched yet."
        )


def compile_mapping(content: dict[str, Any], *, entity: Entity | None = None) -> CompiledMapping:
    """Compile a mapping's content (the form of the YAML files). `entity` stands in for the content's own target.

    Raises MappingErrors with every problem at once: place, position in the formula, message and remedy.
    """
    read = read_content(content, entity=entity)
    return CompiledMapping(read, fuse(read), content_hash(content))


def compile_formula(text: str, *, inward: bool = True) -> CompiledFormula:
    """Compile one formula on a record of any form; raises MappingErrors. `inward` is the direction of XREF."""
    formula = ParsedFormula(text, parse(text), "")
    rule = FieldRule(("value",), formula, "overwrite", None, False, None, "")
    content = Content("formula", None, None, inward, None, (rule,), ())
    return CompiledFormula(text, CompiledMapping(content, fuse(content), content_hash({"formula": text})))


def content_hash(content: dict[str, Any]) -> str:
    """Return the SHA-256 of a content, whatever the order of its keys."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def with_corrections(record: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return a record that carries people's values of result fields, for a mapping made by `correcting`."""
    return {**record, CORRECTIONS: values}


def _given(rule: FieldRule) -> FieldRule:
    return replace(rule, formula=replace(rule.formula, tree=Path((CORRECTIONS, rule.name), 0)))


def not_a_record(record: object) -> Mapped:
    """Return the outcome for something that is no record at all."""
    message = f"A record was expected, but this is {described(record)}."
    return Mapped(
        {}, [Problem("error", Category.SHAPE, "", None, message, record, "a record with named fields")], [], []
    )


def _at(container: Any, to: tuple[str | int, ...]) -> Any:
    for step in to:
        if isinstance(container, dict):
            container = container.get(step)
        elif isinstance(container, list) and isinstance(step, int) and step < len(container):
            container = container[step]
        else:
            return None
    return container


def _without(container: Any, to: tuple[str | int, ...]) -> Any:
    """Return a copy of a result without one place; list places become blank, so that the others keep their numbers."""
    step, rest = to[0], to[1:]
    if isinstance(container, dict):
        if rest:
            return {**container, step: _without(container[step], rest)} if step in container else container
        return {key: value for key, value in container.items() if key != step}
    if isinstance(container, list) and isinstance(step, int) and step < len(container):
        changed = _without(container[step], rest) if rest else None
        return [*container[:step], changed, *container[step + 1 :]]
    return container
