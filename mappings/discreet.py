"""What of tables and cross-references somebody may see: columns and words that name people are for those who may.

A column is masked when it is called as a masked field of the hub's own records is (`worker_name`, `cost_rate`);
an address is hidden wherever it stands. A table that serves all companies has people of all of them.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import F, Func, QuerySet, TextField, Value

from canonical.entity import Mask
from canonical.masking import ADDRESS, HIDDEN, named_for, spoken
from governance.actor import By
from governance.rights import Right, allowed_masks
from governance.scoping import EntityScopedQuerySet, grants_read_once
from mappings.models import CrossReference, LookupTable, TableRow

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


def key_words(table: LookupTable, masks: Collection[Mask]) -> "Func[Any]":
    """Return the keys of a table's rows as texts in which somebody may search: what is hidden from them finds nothing.

    Parts stand beside each other as pages show them, " / " between.
    """
    parts = [
        Value(HIDDEN) if _is_hidden(name, masks) else F(f"key__{number}")
        for number, name in enumerate(table.key_columns)
    ]
    whole = Func(Value(" / "), *parts, function="concat_ws", output_field=TextField())
    if Mask.PERSON in masks:
        return whole
    return Func(whole, Value(ADDRESS.pattern), Value(HIDDEN), Value("g"), function="regexp_replace",
                output_field=TextField())  # fmt: skip


def those_with_first_part(rows: "QuerySet[TableRow]", part: str, table: LookupTable, by: By) -> "QuerySet[TableRow]":
    """Keep rows whose key has this first part, where somebody may read that; else none."""
    masks = masks_of_table(table, by)
    return rows.filter(key__0=part) if key_shown(table, [part], masks) == [part] else rows.none()


def _shown(column: str, value: Any, masks: Collection[Mask]) -> Any:
    if _is_hidden(column, masks) and value not in (None, ""):
        return HIDDEN
    return spoken(value, (), masks) if isinstance(value, str) else value


def _is_hidden(column: str, masks: Collection[Mask]) -> bool:
    return any(column in names for mask, names in NAMED.items() if mask not in masks)


def references_shown(rows: Iterable[CrossReference], by: By) -> list[CrossReference]:
    """Return cross-references, to be shown only, as somebody may read them."""
    found = list(rows)
    with grants_read_once():
        for row in found:
            masks = allowed_masks(by, row.legal_entity_id)
            for name in ("canonical_key", "external_id", "reference"):
                setattr(row, name, spoken(getattr(row, name), (), masks))
    return found


def references_with(
    rows: "EntityScopedQuerySet[CrossReference]", field: str, value: str, by: By
) -> "EntityScopedQuerySet[CrossReference]":
    """Keep cross-references with this value in a field; an address finds those of which somebody may see people."""
    found = rows.filter(**{field: value})
    return found if spoken(value, (), ()) == value else found.visible_to(by, Right.SEE_PERSON)
