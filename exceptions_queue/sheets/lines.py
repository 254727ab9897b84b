"""What exceptions hold, one line for each record, to be corrected in a spreadsheet and sent back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field
from exceptions_queue import words
from exceptions_queue.models import State, WorkItem
from exceptions_queue.permitted import masks_by_entity
from exceptions_queue.query import compiled as conditions
from exceptions_queue.query.words import Understood, understood, without_persons
from exceptions_queue.sheets import stamps
from exceptions_queue.sheets.cells import text_of
from exceptions_queue.sheets.writing import FORMS, Cell, written
from exceptions_queue.verbs.correct_field import correctable
from exceptions_queue.verbs.members import NotPossible
from governance import audit
from governance.models import User
from governance.rights import Right, allowed_anywhere, require
from governance.scoping import grants_read_once
from routes import overlays
from routes.current_values import values_of
from routes.right_values import NUMBERS

MOST = 10_000  # lines of a sheet, as many as come back
ID, RECORD, NUMBER, TITLE, SEEN = "Id", "Record", "Exception", "What is wrong", "Seen"
BESIDE = (RECORD, NUMBER, TITLE)  # columns that tell what a line is about

MEMBERS = """
SELECT f.id, f.record_id, coalesce(r.key, ''), i.number
FROM unnest(%(items)s::bigint[]) WITH ORDINALITY AS w(number, place)
JOIN exceptions_queue_workitem i ON i.number = w.number
JOIN routes_failure f ON f.fingerprint = i.fingerprint AND f.closed_at IS NULL AND f.record_id IS NOT NULL
JOIN routes_record r ON r.id = f.record_id
WHERE i.entity = %(entity)s ORDER BY w.place, f.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A sheet."""

    content: bytes
    lines: int
    more: bool  # there are further ones


def kinds_of(line: str, by: User) -> list[tuple[str, int]]:
    """Return the kinds of records that exceptions of a line hold and how many, of those that somebody may correct."""
    rows = _items(_understood(line), by).exclude(entity="").order_by().values("entity")
    found = {row["entity"]: row["items"] for row in rows.annotate(items=Count("pk"))}
    return sorted(((name, count) for name, count in found.items() if name in ENTITIES), key=lambda p: (-p[1], p[0]))


def take(*, by: User, line: str, entity: str, form: str = "csv") -> Taken:
    """Return the records of one kind that exceptions of a line hold, with the fields that somebody may correct.

    At most MOST lines. Raises NotAllowed, and NotPossible where the line is not understood or holds none.
    """
    if form not in FORMS:
        raise NotPossible(f"“{form}” is no form of a sheet. Choose one of {', '.join(FORMS)}.")
    if not allowed_anywhere(by, Right.EDIT_OVERLAY):
        require(by, Right.EDIT_OVERLAY, None)
    kind = ENTITIES.get(entity)
    items = list(_items(_understood(line), by).filter(entity=entity).by_money()[:MOST]) if kind else []
    if kind is None or not items:
        raise NotPossible("Nothing that you may correct is open there. Choose another list.")
    fields = _fields(items, by, kind)
    if not fields:
        raise NotPossible("No field of these may be corrected by you here. Ask for another role, or for the route.")
    numbers = {item.number: item for item in items}
    newest = overlays.newest()  # before anything is read: what comes later was not seen
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, {"items": list(numbers), "entity": entity, "most": MOST + 1})
        members = cursor.fetchall()
    more, members = len(members) > MOST, members[:MOST]
    rows = _rows(members, numbers, fields, kind, newest, by)
    heads = (ID, *BESIDE, *(words.plain(each.name).capitalize() for each in fields), SEEN)
    audit.record(
        by=by, verb="export", thing=("exceptions_queue.workitem", "", "exceptions"),
        after={"line": without_persons(line), "lines": len(rows), "form": form, "to correct": entity},
    )  # fmt: skip
    return Taken(written(form, heads, rows), len(rows), more)


def _understood(line: str) -> Understood:
    found = understood(line, timezone.now())
    if found.wrong:
        raise NotPossible(str(found.wrong[0]))
    return found


def _items(found: Understood, by: User) -> Any:
    rows = conditions.narrowed(found, by).select_related("legal_entity", "connection")
    mine = WorkItem.objects.visible_to(by, Right.EDIT_OVERLAY)
    return rows.filter(pk__in=mine.values("pk")).exclude(state=State.RESOLVED)


def _fields(items: Sequence[WorkItem], by: User, entity: Entity) -> list[Field]:
    """Return the fields that somebody may correct in any of these. A few queries for each company and route."""
    kinds = {(item.legal_entity_id, item.route_id): item for item in items}
    names = {field.name for item in kinds.values() for field in correctable(item, by)}
    return [field for field in entity.fields if field.name in names]


@grants_read_once()
def _rows(
    members: Sequence[tuple[UUID, UUID, str, int]], items: Mapping[int, WorkItem], fields: Sequence[Field],
    entity: Entity, newest: int, by: User,
) -> list[list[Cell]]:  # fmt: skip
    values = values_of([record for _, record, _, _ in members], entity.name)
    masks = masks_by_entity(by, {item.legal_entity_id for item in items.values()})
    titles = {number: words.title_for(item, masks[item.legal_entity_id], by) for number, item in items.items()}
    may = {
        place: {field.name for field in correctable(item, by)}
        for place, item in {(item.legal_entity_id, item.route_id): item for item in items.values()}.items()
    }
    made = []
    for failure, record, key, number in members:
        item, said = items[number], values.get(record, {})
        own = may[item.legal_entity_id, item.route_id]
        texts = {field.name: text_of(field, said.get(field.name)) for field in fields if field.name in own}
        cells: list[Cell] = [
            _cell(field, said.get(field.name), texts[field.name]) if field.name in texts else "" for field in fields
        ]
        seen = stamps.stamp(newest, entity, texts)
        made.append([stamps.id_text(failure), key, number, titles[number], *cells, seen])
    return made


def _cell(field: Field, value: Any, text: str) -> Cell:
    return value if field.kind in NUMBERS and not isinstance(value, bool) else text
