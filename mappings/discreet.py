"""What of tables and cross-references somebody may see: columns and words that name people are for those who may.

A column is masked when it is called as a masked field of the hub's own records is (`worker_name`, `cost_rate`);
an address is hidden wherever it stands. A table that serves all companies has people of all of them.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import F, Func, Q, QuerySet, TextField, Value

from canonical.entity import Mask
from canonical.masking import ADDRESS, HIDDEN, SHORTEST, named_for, spoken
from governance.actor import By
from governance.rights import Right, allowed_masks
from governance.scoping import ALL, EntityScopedQuerySet, entity_ids, grants_read_once
from mappings.formula.emit_tables import Source
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


def hides_some_of(row: TableRow, table: LookupTable, masks: Collection[Mask]) -> bool:
    """Return whether a row has anything that somebody may not see."""
    return key_shown(table, row.key, masks) != list(row.key) or values_shown(row.values, masks) != row.values


def reason_shown(row: TableRow, table: LookupTable, masks: Collection[Mask]) -> str:
    """Return why somebody wrote a row, as it may be read: without people and pay that the row itself names."""
    named = {**row.values, **dict(zip(table.key_columns, row.key, strict=False))}
    hidden = [str(each) for name, each in named.items() if each is not None and _is_hidden(name, masks)]
    return spoken(row.reason, [each for each in hidden if len(each) >= SHORTEST], masks)


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


def found_by_what_is_read(
    rows: "QuerySet[CrossReference]", text: str, fields: Iterable[str], by: By
) -> "QuerySet[CrossReference]":
    """Leave out cross-references that a text has found by parts of an address which somebody may not read there."""
    ids = entity_ids(by, Right.SEE_PERSON)
    if ids is ALL:
        return rows
    readable = Q(legal_entity__in=sorted(ids))
    for name in fields:
        readable |= Q(**{f"{name}__icontains": text}) & ~Q(**{f"{name}__contains": "@"})
    return rows.filter(readable)


def hidden_columns(sources: Iterable[Source], legal_entity: int | None, by: By) -> frozenset[str]:
    """Return the columns that formulas read and that somebody may not see, each as LOOKUP names it.

    At most three queries, none where nothing is looked up.
    """
    wanted = list(sources)
    tables = LookupTable.objects.filter(name__in={each.name for each in wanted}) if wanted else ()
    found = set()
    for table in tables:
        if table.legal_entity_id not in (None, legal_entity):
            continue
        masks, first = masks_of_table(table, by), next(iter(table.value_columns), "")
        for each in wanted:
            if each.name == table.name and _is_hidden(each.column or first, masks):
                found.add(f"{each.name}.{each.column}" if each.column else each.name)
    return frozenset(found)
