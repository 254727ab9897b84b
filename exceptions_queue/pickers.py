"""Values that are offered for a field while a person corrects it, so that nobody has to know a code by heart.

Closed lists of the canonical model; keys of lookup tables that the route's mappings read with the field; records of the
kind that the field refers to, as the hub knows them; codes of currencies and countries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind, Mask
from canonical.masking import HIDDEN, mask
from governance.models import User
from governance.rights import entities_visible_to
from governance.scoping import ALL, entity_ids
from mappings.compiled import CompiledMapping
from mappings.formula.tree import Call, Constant, Node, Path, children
from mappings.models import LookupTable, TableRow
from routes.plan import Plan

MOST = 20  # values that are offered at once
NAMED = ("name", "title", "worker_name", "description")  # fields by which people know a record


@dataclass(frozen=True, slots=True)
class Offered:
    """One value, and what people know it as."""

    value: str
    words: str = ""


def closed(spec: Field) -> tuple[tuple[str, str], ...]:
    """Return the closed list that a field's value is one of; empty where there is none."""
    if spec.kind is Kind.BOOLEAN:
        return (("yes", "yes"), ("no", "no"))
    return tuple((each, each.replace("_", " ")) for each in spec.choices)


def offers(spec: Field, made: Plan | None) -> bool:
    """Return whether values of a field are offered while somebody types."""
    if closed(spec) or spec.kind is not Kind.TEXT:
        return False
    return spec.references in ENTITIES or (made is not None and any(_tables(spec.name, made)))


def offered(
    spec: Field, made: Plan | None, typed: str, user: User, masks: frozenset[Mask], company: int
) -> list[Offered]:
    """Return the values of a company that begin as it was typed, at most MOST. At most five queries."""
    typed = typed.strip()
    found: dict[str, Offered] = {}
    if made is not None:
        for table, place in sorted(set(_tables(spec.name, made))):
            for each in _of_table(table, place, typed, company):
                found.setdefault(each.value, each)
    if spec.references in ENTITIES and spec.references != "legal_entity":
        everywhere = entity_ids(user) is ALL  # what belongs to no company is for who sees all of them
        for each in _records(ENTITIES[spec.references], typed, masks, company, everywhere=everywhere):
            found.setdefault(each.value, each)
    if spec.references == "legal_entity":
        found |= {each.value: each for each in _companies(typed, user)}
    return list(found.values())[:MOST]


def _tables(name: str, made: Plan) -> Iterator[tuple[str, int]]:
    """Yield the tables that the route's mappings look up by a canonical field, with the field's place in their key."""
    if made.normalise is not None:
        yield from _looked_up(made.normalise, ("result", name))
    for destination in made.destinations:
        yield from _looked_up(destination.translate, (name,))


def _looked_up(mapping: CompiledMapping, path: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    for rule in mapping.content.fields:
        for call in _calls(rule.formula.tree):
            table = call.arguments[0] if call.arguments else None
            if isinstance(table, Constant) and isinstance(table.value, str):
                for place, argument in enumerate(call.arguments[1:]):
                    if isinstance(argument, Path) and argument.steps == path:
                        yield table.value.partition(".")[0], place


def _calls(node: Node) -> Iterator[Call]:
    if isinstance(node, Call) and node.name == "LOOKUP":
        yield node
    for child in children(node):
        yield from _calls(child)


def _of_table(name: str, place: int, typed: str, company: int) -> list[Offered]:
    """Return keys of a company's own table of that name and of the one that serves all, as its records are mapped by
    both; the values beside them are not told.
    """
    ours = LookupTable.objects.filter(Q(legal_entity=company) | Q(legal_entity=None), name=name)
    rows = TableRow.objects.in_force().filter(table__in=ours)
    rows = rows.filter(**{f"key__{place}__istartswith": typed}) if typed else rows
    keys = rows.order_by(f"key__{place}").values_list(f"key__{place}", "table__title").distinct()
    return [Offered(str(key), f"in {title}") for key, title in keys[:MOST]]


# The business key of what is referred to is the last field of its entity's key; the company stands before it.
RECORDS = """
SELECT h.key, p.body FROM routes_route route
CROSS JOIN LATERAL (
    SELECT key, record_id FROM routes_sourcehead
    WHERE route_id = route.id AND NOT withdrawn ORDER BY key LIMIT %(looked)s) h
JOIN routes_record r ON r.id = h.record_id
CROSS JOIN LATERAL routes_body(r.canonical_payload_id) p
WHERE route.canonical_entity = %(entity)s
  AND r.legal_entity_id = %(company)s
"""
LOOKED = 500  # records of each route that are looked through
KNOWN = """
SELECT canonical_key, reference FROM mappings_crossreference
WHERE entity = %(entity)s AND canonical_key LIKE %(typed)s
  AND (legal_entity_id = %(company)s OR legal_entity_id IS NULL AND %(everywhere)s)
ORDER BY canonical_key LIMIT %(most)s
"""


def _records(entity: Entity, typed: str, masks: frozenset[Mask], company: int, *, everywhere: bool) -> list[Offered]:
    pattern = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    asked: dict[str, str | int] = {
        "entity": entity.name,
        "company": company,
        "typed": pattern,
        "most": MOST,
        "looked": LOOKED,
        "everywhere": everywhere,
    }
    found: dict[str, Offered] = {}
    with connection.cursor() as cursor:
        cursor.execute(RECORDS, asked)
        bodies = cursor.fetchall()
        cursor.execute(KNOWN, asked)
        for key, reference in cursor.fetchall():
            found[key] = Offered(key, reference)
    key = entity.key[-1]
    for _, body in bodies:
        values = mask(entity, codec.loads(entity, body), masks)
        value, name = values.get(key), next((values[each] for each in NAMED if values.get(each)), "")
        words = "" if name == HIDDEN else str(name)
        begins = str(value or "").casefold().startswith(typed.casefold())
        named = bool(typed) and typed.casefold() in words.casefold()
        if value and value != HIDDEN and (begins or named):
            found[str(value)] = Offered(str(value), words)
    return sorted(found.values(), key=lambda each: each.value)[:MOST]


def _companies(typed: str, user: User) -> list[Offered]:
    seen: list[Any] = [each for each in entities_visible_to(user) if each.code.casefold().startswith(typed.casefold())]
    return [Offered(each.code, each.name) for each in seen[:MOST]]
