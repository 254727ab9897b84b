"""Who reads a lookup table: versions of mappings, and whoever else answers, such as formulas of routes.

A table of one company is read by what is of that company or of all; another company's has a table of that name itself,
or the one for all. Only those who have formulas know of them: they answer the signal, and nothing here knows who they
are.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.dispatch import Signal

from governance.actor import By
from governance.models import Version
from governance.models.version import State
from mappings.compiled import compile_formula, compile_mapping
from mappings.formula.problems import MappingErrors
from mappings.models import LookupTable, Mapping
from mappings.models.mapping import KIND

asked_about = Signal()  # table=LookupTable; an answer is a list of Reading
BOUND = (State.APPROVED, State.PUBLISHED)  # what is in force, or may be any moment


@dataclass(frozen=True, slots=True)
class Reading:
    """Something beside mappings that reads a table."""

    row: Any  # whose manager has `visible_to`; None: everybody may know
    title: str  # as a part of a sentence: the route “Time to ledger”
    remedy: str  # what ends it, as a sentence


def mappings_reading(
    table: LookupTable, states: Collection[State] = BOUND, *, among: "QuerySet[Mapping] | None" = None
) -> list[tuple[Mapping, Version]]:
    """Return the mappings with a version in one of some states that reads a table; those in force and approved.

    Two queries. Only contents that name it are compiled.
    """
    rows = Mapping.objects.all() if among is None else among
    if table.legal_entity_id is not None:
        rows = rows.filter(Q(legal_entity=None) | Q(legal_entity=table.legal_entity_id))
    found = {each.key: each for each in rows.select_related("legal_entity")}
    versions = Version.objects.filter(kind=KIND, object_key__in=found, state__in=states).order_by(
        "object_key", "number"
    )
    return [(found[each.object_key], each) for each in versions if _reads(each, table.name)]


def others(table: LookupTable) -> list[Reading]:
    """Return what else reads a table."""
    answers: list[tuple[Any, Any]] = asked_about.send(sender=LookupTable, table=table)
    return [each for _, answer in answers for each in answer]


def visible(readings: Iterable[Reading], by: By) -> tuple[list[Reading], int]:
    """Return the readings that somebody may know of, and how many others there are. A query for each kind of rows."""
    given = list(readings)
    seen: dict[type, set[int]] = {}
    for kind in {type(each.row) for each in given if each.row is not None}:
        ids = [each.row.pk for each in given if type(each.row) is kind]
        seen[kind] = set(kind.objects.visible_to(by).filter(pk__in=ids).values_list("pk", flat=True))
    told = [each for each in given if each.row is None or each.row.pk in seen[type(each.row)]]
    return told, len(given) - len(told)


def formula_reads(text: str, name: str) -> bool:
    """Return whether a single formula looks values up in a table of this name."""
    if name not in text:
        return False
    try:
        return _among(compile_formula(text, inward=False).mapping.sources, name)
    except MappingErrors:  # one of an older release: it reads what it names
        return True


def _reads(version: Version, name: str) -> bool:
    if name not in str(version.content):
        return False
    try:
        return _among(compile_mapping(version.content).sources, name)
    except MappingErrors:  # a draft, or one of an older release: it reads what it names
        return f'"{name}' in str(version.content) or f"'{name}" in str(version.content)


def _among(sources: Iterable[Any], name: str) -> bool:
    return any(each.kind == "lookup" and each.name == name for each in sources)
