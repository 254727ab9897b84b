"""Hides values from those whose role does not allow them: pay, persons, bank accounts."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Kind, Mask

ADDRESS = re.compile(r"[^\s@“”\"'‘’<>(),;:|/]+@[^\s@“”\"'‘’<>(),;:|/]+\.\w+")  # of a person
GENERIC = {"name"}  # of a person, or of a table or route, which are told of beside records
SHORTEST = 2  # characters of a value that is looked for in words; a shorter one is in every sentence
HIDDEN = "•••"  # stands in a value's place, whatever its type; an empty value stays empty


def mask(entity: Entity, values: Mapping[str, Any], allowed_masks: Collection[Mask]) -> dict[str, Any]:
    """Return a record with what is not allowed hidden, lines included.

    A field that the entity does not know is hidden from everybody who may not see everything: nobody has decided yet
    what it holds.
    """
    sees_all = set(Mask) - {Mask.NONE} <= set(allowed_masks)
    return {name: _shown(entity, name, value, allowed_masks, sees_all) for name, value in values.items()}


def may_see(entity: Entity, name: str, allowed_masks: Collection[Mask]) -> bool:
    """Return whether a field may be shown; for columns, filters and exports, which must not leak by sorting either."""
    known = entity.by_name.get(name)
    return known is not None and (known.mask is Mask.NONE or known.mask in allowed_masks)


def _shown(entity: Entity, name: str, value: Any, allowed_masks: Collection[Mask], sees_all: bool) -> Any:
    if value is None or value == "" or sees_all:
        return value
    if not may_see(entity, name, allowed_masks):
        return HIDDEN
    known = entity.by_name[name]
    if known.kind is Kind.LINES and isinstance(value, list):
        return [mask(ENTITIES[known.references], line, allowed_masks) for line in value]
    return value


def hidden_texts(entity: Entity, values: Mapping[str, Any], allowed_masks: Collection[Mask]) -> set[str]:
    """Return the texts of a record, lines included, that are not allowed: what words about it may quote."""
    return {each for each in _hidden_texts(entity, values, allowed_masks) if len(each) >= SHORTEST}


def _hidden_texts(entity: Entity, values: Mapping[str, Any], allowed_masks: Collection[Mask]) -> Iterator[str]:
    for name, value in values.items():
        known = entity.by_name.get(name)
        if known is not None and known.kind is Kind.LINES and isinstance(value, list):
            for line in value:
                yield from _hidden_texts(ENTITIES[known.references], line, allowed_masks)
        elif known is not None and isinstance(value, str) and not may_see(entity, name, allowed_masks):
            yield value


def spoken(words: str, hidden: Collection[str], allowed_masks: Collection[Mask]) -> str:
    """Return words as somebody may read them: without these texts, and without anybody's address."""
    for value in sorted(hidden, key=len, reverse=True):
        words = words.replace(value, HIDDEN)
    return words if Mask.PERSON in allowed_masks else ADDRESS.sub(HIDDEN, words)


def named_for(mask: Mask) -> frozenset[str]:
    """Return the names of fields that hold what a mask hides, and nothing else in any entity."""
    every = [field for entity in ENTITIES.values() for field in entity.fields]
    open_ = {field.name for field in every if field.mask is not mask} | GENERIC
    return frozenset(field.name for field in every if field.mask is mask) - open_


COVERED = frozenset().union(*(named_for(mask) for mask in Mask if mask is not Mask.NONE))  # fields, by name
