"""What of tables and cross-references somebody may see: columns and words that name people are for those who may.

A column is masked when it is called as a masked field of the hub's own records is (`worker_name`, `cost_rate`);
an address is hidden wherever it stands. A table that serves all companies has people of all of them.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from canonical.entity import Mask
from canonical.masking import HIDDEN, named_for, spoken
from governance.actor import By
from governance.rights import allowed_masks
from governance.scoping import grants_read_once
from mappings.models import CrossReference, LookupTable

NAMED = {mask: named_for(mask) for mask in Mask if mask is not Mask.NONE}


def masks_of_table(table: LookupTable, by: By) -> frozenset[Mask]:
    """Return the masks that somebody may see through in a table."""
    return allowed_masks(by, table.legal_entity_id)


def key_shown(table: LookupTable, key: Iterable[str], masks: Collection[Mask]) -> list[str]:
    """Return the key of a row as somebody may read it."""
    return [_shown(name, part, masks) for name, part in zip(table.key_columns, key, strict=False)]


def values_shown(values: Mapping[str, Any], masks: Collection[Mask]) -> dict[str, Any]:
    """Return the values of a row as somebody may read them."""
    return {name: _shown(name, value, masks) for name, value in values.items()}


def _shown(column: str, value: Any, masks: Collection[Mask]) -> Any:
    hidden = any(column in names for mask, names in NAMED.items() if mask not in masks)
    if hidden and value not in (None, ""):
        return HIDDEN
    return spoken(value, (), masks) if isinstance(value, str) else value


def references_shown(rows: Iterable[CrossReference], by: By) -> list[CrossReference]:
    """Return cross-references, to be shown only, as somebody may read them."""
    found = list(rows)
    with grants_read_once():
        for row in found:
            masks = allowed_masks(by, row.legal_entity_id)
            for name in ("canonical_key", "external_id", "reference"):
                setattr(row, name, spoken(getattr(row, name), (), masks))
    return found
