"""What that is in force looks at hidden values together with values that somebody chooses: its verdict would tell them.

Whoever may choose an hour or a rate as often as they like learns by a rule such as `bill_rate >= cost_rate` what the
cost is, though it is shown nowhere. So of such rules, conditions and approvals nothing is told of what is only tried.
What fields are worked out from hidden values is hidden where it is shown, and is not asked about here.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.masking import may_see
from governance.actor import By
from mappings import discreet
from mappings.compiled import CompiledFormula, CompiledMapping
from mappings.reading import EVERYTHING, Part, hidden_at, is_hidden, parts_of, sees, taken


def comparing(
    inward: CompiledMapping | None, side: dict[str, Any], outward: Iterable[CompiledMapping],
    formulas: Iterable[tuple[str, CompiledFormula]], entity: str, *, chosen: Collection[str], by: By,
    legal_entity: int | None, masks: frozenset[Mask],
) -> list[str]:  # fmt: skip
    """Return in words the rules and formulas in force that compare fields which are `chosen` with hidden ones.

    `inward` reads its source at a `side`; `formulas` and `outward` read records of an entity of the hub. At most three
    queries, none for whoever sees everything or where nothing is chosen.
    """
    if masks >= EVERYTHING or not chosen:
        return []
    known, onward = ENTITIES[entity], list(outward)
    named = [(f"{what}", each.mapping) for what, each in formulas]
    every = [*([inward] if inward else []), *onward, *(mapping for _, mapping in named)]
    lookups = {source for mapping in every for source in mapping.sources if source.kind == "lookup"}
    columns = discreet.hidden_columns(lookups, legal_entity, by)
    found: list[str] = []
    if inward is not None:
        hides = hidden_at(side, inward, inward, masks)
        found += _inward(inward, known, hides, columns, chosen, masks)
    for mapping in onward:
        for part, whole in _rules(mapping):
            if _compares(whole, known, columns, chosen, masks):
                found.append(part.words)
    for words, mapping in named:
        if _compares([part for part, _ in parts_of(mapping)], known, columns, chosen, masks):
            found.append(words)
    return list(dict.fromkeys(found))


def _rules(mapping: CompiledMapping) -> Iterator[tuple[Part, list[Part]]]:
    """Yield each rule of a mapping, and it with the fields of the result that it reads."""
    parts = list(parts_of(mapping))
    named: dict[str, list[Part]] = {}
    for part, name in parts:
        named.setdefault(name, []).append(part)
    for part, _ in parts:
        if part.shape[0] == "rule":
            yield part, [part, *taken(part, named)]


def _compares(
    whole: list[Part], entity: Entity, columns: Collection[str], chosen: Collection[str], masks: frozenset[Mask]
) -> bool:
    reads = {steps[0] for part in whole for steps in part.reads}
    hidden = any(is_hidden(part, lambda steps: not sees(entity, steps, masks), columns) for part in whole)
    return hidden and bool(reads & {*chosen})


def _inward(
    mapping: CompiledMapping, entity: Entity, hides: Any, columns: Collection[str], chosen: Collection[str],
    masks: frozenset[Mask],
) -> list[str]:  # fmt: skip
    found = []
    for part, whole in _rules(mapping):
        takes = {name for each in whole for name in each.takes}
        hidden = any(is_hidden(each, hides, columns) for each in whole)
        hidden = hidden or any(name in entity.by_name and not may_see(entity, name, masks) for name in takes)
        if hidden and takes & {*chosen}:
            found.append(part.words)
    return found


def changed_fields(draft: CompiledMapping, before: CompiledMapping | None) -> frozenset[str]:
    """Return the fields of the result that a draft works out in another way than what is in force."""
    old = {part.shape for part, _ in parts_of(before)} if before is not None else set()
    named: dict[str, list[Part]] = {}
    for part, name in parts_of(draft):
        named.setdefault(name, []).append(part)
    other = {
        name for part, name in parts_of(draft)
        if name and any(each.shape not in old for each in (part, *taken(part, named)))
    }  # fmt: skip
    gone = {name for _, name in parts_of(before) if name} - named.keys() if before is not None else set()
    return frozenset(other | gone)
