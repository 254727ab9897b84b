"""What an item says of its cause, from the oldest failure it holds. Words for finance: no ids of ours, no codes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
from django.db import connection

from canonical.entities import ENTITIES
from canonical.entity import Mask
from canonical.failure import CATEGORIES, Category, CategoryInfo
from canonical.masking import HIDDEN, mask, spoken
from exceptions_queue import naming
from exceptions_queue.models import WorkItem
from governance.actor import By
from mappings.models import LookupTable

SENTENCE = re.compile(r"(?<=[.!?])\s")
OF_TABLE = re.compile(r"(?<=the table )(\w+)")
TITLE = 300
SAID_BY_KIND = (  # the other system's own words for these say less than the kind does; they stand with the cause
    Category.OUTAGE, Category.CREDENTIALS, Category.CLOSED_PERIOD, Category.NO_RIGHT, Category.DUPLICATE,
    Category.MISSING_REFERENCE, Category.OUTCOME_UNKNOWN, Category.THROTTLED, Category.TRANSIENT,
)  # fmt: skip
LACKING = "Missing at the target"
LACKING_MEANS = "The target lacks a record that this one needs, and does not say which in a way that can be waited for."
ASKED = ("deliver", "confirm", "receive")  # stages in which the words are those of another system

OLDEST = """
SELECT {own} AS fingerprint, f.legal_entity_id, f.stage, f.category, f.route_id, f.connection_id, f.field, f.rule,
    f."table", f.table_key, f.accepted, f.message, f.hint, route.canonical_entity, connection.name
FROM unnest(%s::text[]) AS cause (fingerprint)
CROSS JOIN LATERAL (
    SELECT * FROM routes_failure WHERE {held} AND closed_at IS NULL
    ORDER BY opened_at, id LIMIT 1
) f
LEFT JOIN routes_route route ON route.id = f.route_id
LEFT JOIN connectors_connection connection ON connection.id = f.connection_id
"""
OLDEST_OF_ALL = OLDEST.format(own="f.fingerprint", held="fingerprint = cause.fingerprint")
OLDEST_OF_PART = OLDEST.format(
    own="cause.fingerprint",
    held="fingerprint = %s AND own_fingerprint = CASE WHEN cause.fingerprint = fingerprint THEN ''"
    " ELSE cause.fingerprint END",
)


def tell(causes: list[str]) -> list[dict[str, Any]]:
    """Return what new items of these causes say, as fields of WorkItem. Two queries, whatever their number."""
    return _tell(OLDEST_OF_ALL, [causes]) if causes else []


def tell_parts(held_by: str, own: list[str]) -> list[dict[str, Any]]:
    """Return the same of causes that an item of another fingerprint holds, by their own ones. Two queries."""
    return _tell(OLDEST_OF_PART, [own, held_by]) if own else []


def _tell(statement: str, given: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    titles = dict(LookupTable.objects.filter(name__in={row["table"] for row in rows}).values_list("name", "title"))
    return [_told(row, titles) for row in rows]


def with_titles(texts: Sequence[str]) -> list[str]:
    """Return texts that name a lookup table as files do with its title instead. One query, where any does."""
    names = {name for text in texts for name in OF_TABLE.findall(text)}
    rows = LookupTable.objects.filter(name__in=names).values_list("name", "title") if names else ()
    titles = {name: f"“{title}”" for name, title in rows}
    return [OF_TABLE.sub(lambda found: titles.get(found[1], found[1]), text) for text in texts]


def with_plain_field(text: str, field: str) -> str:
    """Return a message that begins with its field's name in people's words: "Cost center: the table…"."""
    start = f"{field}: "
    return f"{plain(field).capitalize()}: {text.removeprefix(start)}" if field and text.startswith(start) else text


def _told(row: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    info = CATEGORIES[Category(row["category"])]
    key = _key(row["table_key"])
    return {
        "fingerprint": row["fingerprint"],
        "legal_entity_id": row["legal_entity_id"],
        "category": row["category"],
        "route_id": row["route_id"],
        "connection_id": row["connection_id"],
        "entity": row["canonical_entity"] or "",
        "field": row["field"],
        "rule": row["rule"],
        "table": row["table"],
        "table_key": key or None,
        "accepted": _accepted(row, titles),
        "cause": _cause(row, key, titles),
        "hint": row["hint"],
        "owner": info.owner.value,  # until the rules have been asked, which is in the same commit
        "title": _title(row, key, titles)[:TITLE],
    }


def _key(stored: Any) -> list[str]:

    found = msgspec.json.decode(stored) if isinstance(stored, str) else stored
    return [str(part) for part in found or []]


def _title(row: dict[str, Any], key: list[str], titles: dict[str, str]) -> str:
    category, shown = Category(row["category"]), " / ".join(key)
    if category is Category.MISSING_REFERENCE and row["table"]:
        return f"{plain(row['table']).capitalize()} {shown} does not exist yet in {row['name'] or 'the target'}"
    if category is Category.UNMAPPED_VALUE and row["table"]:
        return f"{titles.get(row['table']) or plain(row['table']).capitalize()}: no row for {shown}"
    if category is Category.MISSING_REFERENCE and row["name"] and row["stage"] in ASKED:
        return f"{row['name']} lacks a record that this needs"  # nobody knows which: it waits for a person, not for it
    if category in SAID_BY_KIND and row["name"]:
        return f"{row['name']}: {CATEGORIES[category].title.lower()}"
    first = SENTENCE.split(row["message"].strip(), maxsplit=1)[0].rstrip(".") or CATEGORIES[category].title
    return f"{row['name']}: {first}" if row["name"] and row["stage"] in ASKED else first


def _cause(row: dict[str, Any], key: list[str], titles: dict[str, str]) -> str:
    """Return why, as the failure tells it; a missing row is told for all members, which need it on different days."""
    if row["category"] != Category.UNMAPPED_VALUE or row["table"] not in titles:
        return str(row["message"])
    known = ENTITIES[row["canonical_entity"]].by_name if row["canonical_entity"] in ENTITIES else {}
    needed = f", which the {plain(row['field'])} needs" if row["field"] in known else ""
    return f"“{titles[row['table']]}” has no row for {' / '.join(key)}{needed}. Add the row, or correct the value."


def _accepted(row: dict[str, Any], titles: dict[str, str]) -> str:
    if row["category"] == Category.UNMAPPED_VALUE and row["table"] in titles:
        return f"what has a row in “{titles[row['table']]}”"[:250]
    return str(row["accepted"])


def plain(name: str) -> str:
    """Return a name of ours as people read it: "time_entry" is "time entry"."""
    return name.replace("_", " ").replace("-", " ")


def counted(number: int, entity: str) -> str:
    """Return "1 time entry", "412 time entries"; records of an unknown kind are called so."""
    noun = plain(entity) or "record"
    if number != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{number:,} {noun}"


def missing(item: WorkItem) -> str:
    """Return what the members wait for, in words: "project P-881"; "" when they wait for nothing that has a name."""
    return f"{plain(item.table)} {' / '.join(item.table_key)}" if item.table and item.table_key else ""


def kind_of(item: WorkItem) -> CategoryInfo:
    """Return what kind of cause an item has."""
    return kind_of_cause(item.category, item.table_key)


def kind_of_cause(category: str, table_key: list[str] | None) -> CategoryInfo:
    """Return what kind of cause that is; a lack that nobody can name is no waiting, it needs a person."""
    info = CATEGORIES[Category(category)]
    if category == Category.MISSING_REFERENCE and not table_key:
        return replace(info, title=LACKING, meaning=LACKING_MEANS)
    return info


def title_for(item: WorkItem, masks: frozenset[Mask], by: By) -> str:
    """Return an item's title as somebody with these masks may read it: a hidden value is told by its kind only."""
    if tells(item, masks):
        return readable(item.title, item, masks, by)
    return f"{kind_of(item).title}: {plain(item.field)}"


def readable(text: str, item: WorkItem, masks: frozenset[Mask], by: By) -> str:
    """Return words of an item as somebody may read them: without names and addresses of people for those who may not
    see them, and without the name of a system whose company they do not see.
    """
    name = item.about.get("worker_name")
    told = spoken(text, {name} if name and Mask.PERSON not in masks else (), masks)
    return naming.without_systems(told, item, by)


def tells(item: WorkItem, masks: frozenset[Mask]) -> bool:
    """Return whether the words of an item's cause may be shown: they may quote the failing value."""
    entity = ENTITIES.get(item.entity)
    known = entity.by_name.get(item.field) if entity else None
    return known is None or known.mask is Mask.NONE or known.mask in masks


def about_for(item: WorkItem, masks: frozenset[Mask]) -> str:
    """Return what all members share, in words: "customer C-12 · project P-881 · period 2026-10"."""
    entity = ENTITIES.get(item.entity)
    shown = mask(entity, item.about, masks) if entity else {}
    if shown.get("worker_name", HIDDEN) != HIDDEN:
        shown.pop("worker_id", None)  # who reads the name needs no number
    named = [(plain(name).removesuffix(" id").removesuffix(" code"), found) for name, found in shown.items()]
    named = [("", plain(found)) if name == "billing model" else (name, found) for name, found in named]
    return " · ".join(f"{name.removesuffix(' name')} {found}".strip() for name, found in named if found != HIDDEN)
