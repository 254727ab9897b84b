"""The difference of two versions of a record with lines, as a record of the same kind: what a target that takes neither
changes nor reversals is sent in addition.

Each line that has changed is there twice: as it was, taken back, and as it is now. So every line still says quantity
times price, and whoever reads the document sees what was corrected.
"""

from decimal import Decimal
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Kind

# What adds up over documents; a unit price does not.
SUMS = {
    "invoice": ("net_amount", "tax_amount", "gross_amount"),
    "invoice_line": ("quantity", "amount", "tax_amount"),
}


def has_lines(entity: Entity) -> bool:
    """Whether differences of this entity are those of its lines."""
    return entity.name in SUMS and any(field.kind is Kind.LINES for field in entity.fields)


def difference(entity: Entity, new: dict[str, Any] | None, old: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be posted beside `old` so that both together say `new`; None stands for nothing at all."""
    result = dict(new if new is not None else old)
    for name in SUMS[entity.name]:
        if result.get(name) is not None or old.get(name) is not None:
            result[name] = _number(new, name) - _number(old, name)
    for field in entity.fields:
        if field.kind is Kind.LINES:
            result[field.name] = _lines(ENTITIES[field.references], (new or {}).get(field.name), old.get(field.name))
    if "kind" in entity.by_name and (net := _number(result, "net_amount")):
        # What gives back less than before asks for money again, though both versions were credit notes.
        credits = result.get("kind") == "credit_note"
        result["kind"] = "credit_note" if net < 0 else "invoice" if credits else result.get("kind")
    return result


def _number(values: dict[str, Any] | None, name: str) -> Decimal:
    return Decimal((values or {}).get(name) or 0)


def _lines(line: Entity, new: list[dict[str, Any]] | None, old: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    before, now = list(old or ()), list(new or ())
    gone = []
    for each in before:  # one line may stand there twice, and once by now
        if each in now:
            now.remove(each)
        else:
            gone.append(each)
    return [_taken_back(line, each) for each in gone] + now


def _taken_back(line: Entity, values: dict[str, Any]) -> dict[str, Any]:
    sums = {name: -values[name] for name in SUMS[line.name] if values.get(name) is not None}
    return values | sums
