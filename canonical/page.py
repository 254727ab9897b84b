"""Renders the canonical model and the failure categories as a page of the documentation."""

from collections.abc import Iterable

from canonical.catalog import CatalogueEntry, catalogue
from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.failure import CATEGORIES

_INTRODUCTION = """# The canonical model

The hub's own words for business records. A connector's mapping turns a vendor's record into one of these, and another
mapping turns it into what the destination wants; neither side knows the other.

- **Key** fields make a record the same record.
- **Hidden from** names who does not see a value unless their role allows it: *pay* (what somebody earns or costs),
  *person* (who somebody is and how to reach them), *bank* (where money is paid to).
- Amounts are exact decimals; their currency stands in the record's field `currency`.

This page is made from the code by `python manage.py write_canonical_page`; do not edit it by hand.
"""


def render() -> str:
    """Return the page in Markdown."""
    sections = [_INTRODUCTION, *(_section(entity) for entity in ENTITIES.values()), _failures()]
    return "\n".join(sections)


def _section(entity: Entity) -> str:
    rows = [_row(entry) for entry in catalogue() if entry.entity is entity]
    head = ["field", "what it says", "takes", "unit", "key", "required", "hidden from"]
    return f"## {entity.name}\n\n{entity.meaning}. Version {entity.version}.\n\n{_table(head, rows)}"


def _row(entry: CatalogueEntry) -> list[str]:
    field = entry.field
    meaning = f"{field.meaning} (→ {field.references})" if field.references else field.meaning
    takes = ", ".join(field.choices) if field.choices else field.kind.value
    hidden = "" if field.mask is Mask.NONE else field.mask.value
    return [
        f"`{field.name}`",
        meaning,
        takes,
        field.unit,
        "yes" if entry.is_key else "",
        "yes" if field.required else "",
        hidden,
    ]


def _failures() -> str:
    rows = [
        [f"`{category}`", info.title, info.meaning, info.next_step.replace("_", " "), info.owner]
        for category, info in CATEGORIES.items()
    ]
    head = ["category", "title", "what it means", "what happens next", "who looks first"]
    return f"## Failure categories\n\nEvery failure is one of these; the list is closed.\n\n{_table(head, rows)}"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
