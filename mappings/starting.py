"""What a new mapping begins with: one that a connector ships, or the fields of its target.

A shipped mapping is copied into the draft of the person who begins with it; what the connector ships later leaves that
draft and its versions alone.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from canonical.entity import Kind
from mappings.field_table import FieldRow, FieldTable, table_of
from mappings.models import Mapping
from mappings.shipped import folders, load
from mappings.sides import KnownField, source_side, steps_of, target_side, words_of

SideContent = dict[str, Any]  # as a mapping's content has it
WRITTEN_AS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.DATETIME, Kind.BOOLEAN})


@dataclass(frozen=True, slots=True)
class Start:
    """A mapping that a connector ships, to begin with."""

    key: str  # "netsuite.time_entries"
    system: str  # whose connector ships it
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Return what it is called."""
        return str(self.content["name"])

    @property
    def words(self) -> str:
        """Return what stands in a list: "Approved time to NetSuite (Time entry → NetSuite: Time)"."""
        return f"{self.name} ({words_of(self.content['from'])} → {words_of(self.content['to'])})"

    def fits(self, source: SideContent | None, target: SideContent | None) -> bool:
        """Return whether it goes from one side to the other; None stands for any."""
        return source in (None, self.content["from"]) and target in (None, self.content["to"])


def starts(source: SideContent | None = None, target: SideContent | None = None) -> list[Start]:
    """Return the shipped mappings between two sides, by connector."""
    return [each for each in _all(tuple(folders())) if each.fits(source, target)]


def start_of(key: str) -> Start | None:
    """Return one shipped mapping; None where there is none of that name."""
    return next((each for each in starts() if each.key == key), None)


@lru_cache(maxsize=4)
def _all(where: tuple[Path, ...]) -> tuple[Start, ...]:
    return tuple(Start(each.key, each.key.partition(".")[0], each.content) for each in load(list(where)))


def free_key(wanted: str) -> str:
    """Return a name that no mapping has yet: the wanted one, else with a number. One query."""
    taken = set(Mapping.objects.filter(key__startswith=wanted).values_list("key", flat=True))
    return next(key for key in (wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3))) if key not in taken)


def from_start(start: Start, name: str) -> FieldTable:
    """Return the table of a draft that begins with a shipped mapping, under a name of its own."""
    return replace(table_of(start.content), name=name or start.name)


def from_target(name: str, source: SideContent, target: SideContent) -> FieldTable:
    """Return a table with a row for each field of the target, the required ones first.

    What has the same name at the source is copied; the other rows are to be filled.
    """
    there = source_side(source).by_name
    to_stream = "entity" not in target
    rows = [
        row_of(each, each.name if each.name in there else "", to_stream=to_stream)
        for each in target_side(target).fields
    ]
    return FieldTable(name, "", "", source, target, tuple(rows) or (FieldRow(),))


def required_at(target: SideContent) -> set[str]:
    """Return the names of the fields without which the target takes nothing."""
    return {each.name for each in target_side(target).fields if each.required}


def row_of(field: KnownField, copied: str, *, to_stream: bool) -> FieldRow:
    """Return the row that a field of the target begins with: as the target wants it, copied from the source."""
    kind = field.kind.value if to_stream and field.kind in WRITTEN_AS else ""
    blank = "omit" if to_stream and not field.required else "send"
    return FieldRow(to=_written(field.name), source=copied, as_kind=kind, if_blank=blank)


def _written(name: str) -> str:
    """Return a field's name as a target is written: custom fields with odd signs in brackets."""
    return ".".join(step if step.isidentifier() else f"[{step}]" for step in steps_of(name))
