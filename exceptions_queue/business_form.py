"""One member of an item as a business form: its fields that matter, the failing ones first, each in three places.

The source's word, what the hub would send (people's corrections and what follows from them in it), and what the target
has: as the hub last knows it, or as the target has just been asked. What somebody may not see is hidden here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind, Mask
from canonical.masking import HIDDEN, may_see
from exceptions_queue import corrections, lineage, naming, pickers, record_links
from exceptions_queue.corrections import Correction
from exceptions_queue.models import WorkItem
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.present import Present
from exceptions_queue.record_links import Link
from exceptions_queue.verbs.correct_field import correctable
from exceptions_queue.words import plain
from governance.models import User
from governance.roles import Right
from routes import overlays, released, said
from routes.arrivals import decode
from routes.models import Failure, Overlay, Record, Route, Transaction

EMPTY = (None, "")
INPUTS = {Kind.DATE: "date", Kind.DECIMAL: "number", Kind.MONEY: "number", Kind.INTEGER: "number"}
LIVE = """
SELECT p.body, e.sent_at, h.live_external_id FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
LEFT JOIN routes_effect e ON e.id = h.live_effect_id
CROSS JOIN LATERAL routes_body(h.live_payload_id) p WHERE t.id = %s
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One field in three places."""

    name: str
    label: str
    meaning: str
    unit: str
    source: Any
    working: Any
    target: Any
    failing: bool
    correction: Correction | None
    editable: bool
    why_not: str  # why it cannot be corrected here; "" where it can, or nobody asks
    input: str  # text, number, date, choice
    choices: tuple[tuple[str, str], ...]  # of a closed list: what is typed, what people read
    picks: bool  # whether values are offered while one types

    @property
    def differs(self) -> bool:
        """Return whether the hub would send something else than the source says."""
        return bool(self.source != self.working)


@dataclass(frozen=True, slots=True)
class BusinessForm:
    """A member's fields, and what the page needs beside them."""

    failure: Failure
    record: Record
    transaction: Transaction | None
    entity: Entity
    rows: list[Row]  # that matter, the failing ones first
    rest: list[Row]
    target: str  # the name of the connection that it goes to; "" where none is chosen yet
    present: Present
    seen_until: int  # the newest correction that is shown
    links: list[Link]  # into the other systems
    said: said.Said
    masks: frozenset[Mask] = frozenset()
    failing: frozenset[str] = field(default_factory=frozenset)


def of(item: WorkItem, failure: Failure, user: User, present: Present | None = None) -> BusinessForm | None:
    """Return a member's form as somebody may see it; None for one that no record is behind. At most 22 queries."""
    if failure.record_id is None or item.entity not in ENTITIES:
        return None
    seen_until = overlays.newest()  # before anything is read: what comes later was not seen
    record = Record.objects.get(pk=failure.record_id)
    there = Transaction.objects.select_related("destination__connection")
    row = there.filter(pk=failure.transaction_id).first() if failure.transaction_id else None
    entity = ENTITIES[item.entity]
    rights = rights_in(user, item.legal_entity_id)
    masks = masks_of(rights)
    found = said.of(record)
    copies = lineage.copies(found.content, row.destination_id if row else None)
    present = present or _last_known(row)
    open_ = _open(record, user)
    failing = _failing(item, failure, found, copies, entity)
    editable = (
        {each.name for each in correctable(item, user)} if Right.EDIT_OVERLAY in rights and item.is_open else None
    )
    rows = [
        _row(each, entity, found, copies, present, open_.get(each.name), failing, editable, masks, item.route)
        for each in entity.fields if each.kind is not Kind.LINES
    ]  # fmt: skip
    used = set(copies.target) | {name for names in copies.reads.values() for name in names}
    mine = [each for each in rows if each.failing or each.correction or _matters(each, used, entity)]
    return BusinessForm(
        failure, record, row, entity, sorted(mine, key=lambda each: (not each.failing, each.correction is None)),
        [each for each in rows if each not in mine],
        naming.name_of(row.destination.connection if row else None, user), present,
        seen_until, _links(record, row, found, present, user), found, masks, failing,
    )  # fmt: skip


def _links(record: Record, row: Transaction | None, found: said.Said, present: Present, by: User) -> list[Link]:
    route = Route.objects.select_related("connection").get(pk=record.route_id)
    return record_links.to_source(route, found.raw, by) + record_links.to_target(row, by, present.external_id)


def _last_known(row: Transaction | None) -> Present:
    if row is None:
        return Present(words="It stopped before a destination was chosen, so there is no target to look at yet.")
    with connection.cursor() as cursor:
        cursor.execute(LIVE, [row.pk])
        found = cursor.fetchone()
    if found is None:
        return Present(words="As far as the hub knows, nothing of it stands there.")
    return Present(found[1], decode(found[0]), external_id=found[2] or "")


def _open(record: Record, user: User) -> dict[str, Correction]:
    rows = Overlay.objects.open().filter(route_id=record.route_id, key=record.key)
    found = list(rows.select_related("route", "legal_entity", "made_by"))
    return {each.row.field: each for each in corrections.shown(found, user)}


def _failing(
    item: WorkItem, failure: Failure, found: said.Said, copies: lineage.Copies, entity: Entity
) -> frozenset[str]:
    names = {item.field, failure.field, *(p.field for p in found.problems if p.severity == "error")}
    ours = {lineage.canonical_name(copies, name, entity) for name in names}
    # A target's field that a formula makes fails with all that it is made of.
    for name in names:
        ours |= {each for each in copies.reads.get(name, ()) if each in entity.by_name}
    return frozenset(ours - {""})


def _row(
    spec: Field, entity: Entity, found: said.Said, copies: lineage.Copies, present: Present,
    correction: Correction | None, failing: Collection[str], editable: Collection[str] | None, masks: frozenset[Mask],
    route: Route | None,
) -> Row:  # fmt: skip
    path = copies.target.get(spec.name, "")
    source, working, target = (
        found.source.get(spec.name), found.working.get(spec.name),
        lineage.at(present.body, path) if path and present.body is not None else None,
    )  # fmt: skip
    if not may_see(entity, spec.name, masks):
        source, working, target = (HIDDEN if each not in EMPTY else each for each in (source, working, target))
    can = editable is not None and spec.name in editable
    choices = pickers.closed(spec)
    return Row(
        spec.name, plain(spec.name), spec.meaning, spec.unit, source, working, target, spec.name in failing, correction,
        can, "" if can or editable is None else why_not(spec, entity, masks, route),
        "choice" if choices else INPUTS.get(spec.kind, "text"), choices, pickers.offers(spec, found.made),
    )  # fmt: skip


def why_not(spec: Field, entity: Entity, masks: frozenset[Mask], route: Route | None) -> str:
    """Return in words why a field cannot be corrected here."""
    if spec.name in entity.key:
        return "part of what the record is known by: correct it at the source"
    if not may_see(entity, spec.name, masks):
        return "hidden from you"
    if route is not None and spec.name not in route.fixed and (able := released.told(route.role_fields, spec.name)):
        return f"corrected by {able} on this route"
    return "not released for corrections on this route"


def _matters(row: Row, used: Collection[str], entity: Entity) -> bool:
    shown = any(each not in EMPTY for each in (row.source, row.working, row.target))
    return (shown and (row.name in used or row.name in entity.key)) or entity.by_name[row.name].required


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], entity: Entity, masks: frozenset[Mask], *, but: str
) -> list[tuple[str, Any]]:
    """Return which other fields follow from a changed one, with their new values, as far as they may be seen."""
    return [
        (plain(each.name), after.get(each.name))
        for each in entity.fields
        if each.name != but and before.get(each.name) != after.get(each.name) and may_see(entity, each.name, masks)
    ]
