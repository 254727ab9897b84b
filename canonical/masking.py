"""Hides values from those whose role does not allow them: pay, persons, bank accounts."""

from collections.abc import Collection, Mapping
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Kind, Mask

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
