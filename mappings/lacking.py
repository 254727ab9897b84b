"""Which lookup tables a mapping reads that are not there yet, and how they would have to look.

A shipped mapping reads tables that each firm makes for itself. Their names and columns follow from the formulas: the
key columns are called after what is looked up, the others after what is taken from them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from canonical.entities import ENTITIES
from canonical.entity import Kind
from governance.actor import By
from governance.models import LegalEntity
from mappings.accepted import VALUE_KINDS
from mappings.formula.parse import parse
from mappings.formula.problems import MappingErrors
from mappings.formula.tree import Call, Constant, Node, Path, walk
from mappings.models import LookupTable


@dataclass(slots=True)
class Lacking:
    """A table that is not there: its name, key columns in order, and value columns with the kind that they hold."""

    name: str
    keys: list[str]
    values: dict[str, Kind] = field(default_factory=dict)


def lacking(content: dict[str, Any], *, legal_entity: "LegalEntity | None", by: By) -> list[Lacking]:
    """Return the tables that a mapping's content reads and that are not there for its company. One query, none without
    any.

    A mapping that serves all companies (None) finds those of any that somebody sees: each may have its own.
    """
    read: dict[str, Lacking] = {}
    for tree, kind in _formulas(content):
        for node in walk(tree):
            if isinstance(node, Call) and node.name == "LOOKUP" and node.arguments:
                _take(read, node, kind if node is tree else Kind.TEXT)
    own = Q(legal_entity=legal_entity)
    if legal_entity is None and read:
        own |= Q(pk__in=LookupTable.objects.visible_to(by).values("pk"))
    tables = LookupTable.objects.filter(Q(legal_entity=None) | own, name__in=read)
    there = set(tables.values_list("name", flat=True)) if read else set()
    return [read[name] for name in sorted(read.keys() - there)]


def _formulas(content: dict[str, Any]) -> Iterator[tuple[Node, Kind]]:
    """Yield the trees of a content that can be read, each with the kind of value that it fills."""
    target = ENTITIES.get(str((content.get("to") or {}).get("entity")))
    for rule in content.get("fields") or []:
        known = target.by_name.get(str(rule.get("to"))) if target else None
        kind = known.kind if known and known.kind in VALUE_KINDS else Kind.TEXT
        for each in (rule, *(rule.get("fields") or [])):
            yield from _tree(each.get("formula"), kind if each is rule else Kind.TEXT)
    for text in (content.get("on"), *(rule.get("check") for rule in content.get("rules") or [])):
        yield from _tree(text, Kind.TEXT)


def _tree(text: Any, kind: Kind) -> Iterator[tuple[Node, Kind]]:
    try:
        if isinstance(text, str) and text.strip():
            yield parse(text), kind
    except MappingErrors:
        return  # what is wrong with it is said where it stands


def _take(read: dict[str, Lacking], call: Call, kind: Kind) -> None:
    named, *keys = call.arguments
    if not isinstance(named, Constant) or not isinstance(named.value, str) or not named.value:
        return
    name, _, column = named.value.partition(".")
    columns = [_column(key, number) for number, key in enumerate(keys, 1)]
    one = read.setdefault(name, Lacking(name, columns))
    if len(set(one.keys)) < len(one.keys):
        one.keys = [f"key_{number}" for number in range(1, len(columns) + 1)]
    given = column or "value"
    one.values.setdefault(f"{given}_given" if given in one.keys else given, kind)


def _column(key: Node, number: int) -> str:
    """Return what a key column is called: after the field that is looked up."""
    path = next((each for each in walk(key) if isinstance(each, Path)), None)
    words = re.sub(r"[^a-z0-9]+", "_", "_".join(path.steps).lower()).strip("_") if path else ""
    return words[:60] if words and words[0].isalpha() else f"key_{number}"
