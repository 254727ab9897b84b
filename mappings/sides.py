"""What the hub knows of the two sides of a mapping: the fields that are there to read, and those that can be filled.

Of the hub's own records that is the catalogue; of a connector's stream what its manifest names, else what its samples
show. Where nothing is known of a side, nothing is said of it.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Field, Kind
from connectors.manifest.stream import Stream, StreamField
from connectors.registry import registry
from mappings.content import Content, Formula
from mappings.ends import end_words
from mappings.formula.parse import parse
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.tree import Path, walk
from mappings.fuse import OURS
from mappings.samples import recorded

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownField:
    """One field of a side."""

    name: str  # as a mapping writes it
    about: str = ""
    kind: Kind | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a mapping."""

    words: str  # "Harvest: Time entries"
    fields: tuple[KnownField, ...] = ()
    closed: bool = False  # there are no other fields

    @property
    def by_name(self) -> dict[str, KnownField]:
        """Return the fields by name."""
        return {each.name: each for each in self.fields}


def source_side(side: Mapping[str, Any], records: Iterable[dict[str, Any]] = ()) -> Side:
    """Return what can be read at a mapping's source; `records` are further samples of it."""
    entity = ENTITIES.get(str(side.get("entity")))
    if entity is not None:
        return Side(words_of(side), tuple(_of_entity(each) for each in entity.fields))
    stream = stream_of(side)
    read = stream.read if stream else None
    if read is not None and read.closed:
        return Side(words_of(side), tuple(map(_of_stream, read.fields)), closed=True)
    found = {each.name: _of_stream(each) for each in (read.fields if read else ())}
    for record in [*recorded(side), *records]:
        _collect(record, (), found)
    return Side(words_of(side), tuple(found.values()))


def target_side(side: Mapping[str, Any]) -> Side:
    """Return what can be filled at a mapping's target, what is required first."""
    entity, stream = ENTITIES.get(str(side.get("entity"))), stream_of(side)
    fields: list[KnownField] = []
    if entity is not None:
        fields = [_of_entity(each) for each in entity.fields]
    elif stream is not None and stream.write is not None:
        shown: dict[str, KnownField] = {}
        _collect(stream.write.sample or {}, (), shown)
        fields = list(map(_of_stream, stream.write.fields)) or list(shown.values())
    return Side(words_of(side), tuple(sorted(fields, key=lambda each: not each.required)))


def words_of(side: Mapping[str, Any]) -> str:
    """Return a side as people call it: "Time entry", "Harvest: Time entries"."""
    return end_words(str(side.get("entity") or f"{side.get('system', '')} {side.get('stream', '')}".strip()))


def stream_of(side: Mapping[str, Any]) -> Stream | None:
    """Return the stream that a side names; None for one that is not there, and for the hub's own records."""
    connector = registry.connectors.get(str(side.get("system")))
    return connector.manifest.streams.get(str(side.get("stream"))) if connector else None


def doubts(content: Content, side: Side) -> list[SavedProblem]:
    """Return what a mapping reads that its source does not have, as far as anybody knows, each at its place."""
    if not side.fields or content.source is not None:
        return []  # fields of the hub's own records are refused by the compiler
    known = _Known(side)
    found = known.lacking(content.on, ()) if content.on else []
    for rule in content.fields:
        found += known.lacking(rule.formula, ())
        around = rule.formula.tree.steps if isinstance(rule.formula.tree, Path) else None
        for line in rule.lines or ():
            found += known.lacking(line.formula, around)
    for each in content.rules:
        found += known.lacking(each.check, None)
    return found


def refuse_what_is_not_there(content: Content, side: Mapping[str, Any]) -> None:
    """Refuse a mapping that reads what its source certainly does not have. Raises MappingErrors."""
    stream = stream_of(side)
    if stream is not None and stream.read is not None and stream.read.closed:
        problems = doubts(content, source_side(side))
        if problems:
            raise MappingErrors(problems)


class _Known:
    """The fields of a side as steps, and what may stand below them."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.kinds = {steps_of(each.name): each.kind for each in side.fields}
        self.above = {steps[:size] for steps in self.kinds for size in range(1, len(steps))}

    def lacking(self, formula: Formula, around: Steps | None) -> list[SavedProblem]:
        """Return the paths of a formula that are not there.

        Plain names stand below `around`: () is the record, a path leads to a line, None: they are no fields of it.
        """
        found = []
        for node in walk(formula.tree):
            if not isinstance(node, Path) or node.steps[0] in ("result", OURS):
                continue
            whole = node.steps[0] == "source" and len(node.steps) > 1
            if not whole and around is None:
                continue
            steps = node.steps[1:] if whole else (*(around or ()), *node.steps)
            if not self._is_there(steps):
                found.append(self._problem(node, steps, formula))
        return found

    def _is_there(self, steps: Steps) -> bool:
        if steps in self.kinds or steps in self.above:
            return True
        leaf = next((steps[:size] for size in range(1, len(steps)) if steps[:size] in self.kinds), None)
        return leaf is not None and leaf not in self.above and self.kinds[leaf] in (None, Kind.LINES)

    def _problem(self, node: Path, steps: Steps, formula: Formula) -> SavedProblem:
        written = str(Path(steps, 0))
        near = difflib.get_close_matches(written, self.side.by_name, 1)
        remedy = f"Did you mean {near[0]}?" if near else "Choose one of the list, or correct the name."
        message = f"{self.side.words} has no field {written}, as far as the hub knows."
        if self.side.closed:
            message = f"{self.side.words} has no field {written}."
        return SavedProblem(message, remedy, position=node.position, path=formula.path, text=formula.text)


def steps_of(name: str) -> Steps:
    """Return a field's name as steps; a name that cannot be read is one step."""
    try:
        tree = parse(name)
    except MappingErrors:
        return (name,)
    return tree.steps if isinstance(tree, Path) else (name,)


def _of_entity(field: Field) -> KnownField:
    return KnownField(field.name, field.meaning, field.kind, field.required)


def _of_stream(field: StreamField) -> KnownField:
    return KnownField(field.name, field.about, field.kind, field.required)


def _collect(value: Any, at: Steps, found: dict[str, KnownField], depth: int = 0) -> None:
    """Add the fields of a sample; of a list of records those of its first."""
    if not isinstance(value, dict) or depth > 4 or len(found) > 300:
        return
    for name, each in value.items():
        steps = (*at, str(name))
        lines = [line for line in each if isinstance(line, dict)] if isinstance(each, list) else []
        path = str(Path(steps, 0))
        if isinstance(each, dict) and each:
            _collect(each, steps, found, depth + 1)
        elif path not in found:
            found[path] = KnownField(path, kind=Kind.LINES if lines else _kind(each))
        if lines:
            _collect(lines[0], steps, found, depth + 1)


def _kind(value: Any) -> Kind | None:
    """Return what a sample's value is, where nothing can stand below it; None where that cannot be told."""
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, str):
        return Kind.TEXT
    return None if value is None or isinstance(value, list | dict) else Kind.DECIMAL
