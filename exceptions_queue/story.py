"""The story of one transaction, from the source to the answer, with everybody who changed its state, when and why.

Values are hidden by the canonical field that they copy.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import Q

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.masking import HIDDEN, mask, may_see
from exceptions_queue import lineage, made_by, neighbours, tries, words
from exceptions_queue.made_by import Used
from exceptions_queue.neighbours import Neighbours
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.tries import Try
from governance.models import User
from governance.roles import Right
from routes import bodies
from routes.arrivals import decode
from routes.models import Effect, EffectLink, Record, RuleWarning, Snapshot, Transaction, Transition

NUMBERS = msgspec.json.Encoder(decimal_format="number")
EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Value:
    """One field on its way. `name` is ours; what only the target has goes by the target's name."""

    name: str
    source: Any
    ours: Any
    sent: Any


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that a page shows of a transaction."""

    record: Record
    entity: str
    values: list[Value]
    answered: list[Value]
    transitions: list[Transition]
    effects: list[Effect]
    tries: list[Try]
    warnings: list[str]  # what rules said, though it went on
    bodies: list[tuple[str, str]]  # stage in words → JSON, values hidden that the person may not see
    used: Used
    around: Neighbours
    technical: bool  # whether the person sees technical details


def tell(row: Transaction, user: User) -> Story:
    """Return a transaction's story as somebody may see it. At most twenty-two queries."""
    rights = rights_in(user, row.legal_entity_id)
    masks, technical = masks_of(rights), Right.SEE_TECHNICAL in rights
    record = Record.objects.get(pk=row.record_id)
    links = EffectLink.objects.filter(transaction_id=row.pk).values("effect_id")
    effects = list(Effect.objects.filter(pk__in=links).order_by("number"))
    wanted = [record.source_payload_id, row.canonical_payload_id or record.canonical_payload_id, row.request_payload_id]
    kept = {id_: str(body) for id_, body in bodies.read(id_ for id_ in wanted if id_).items()}
    content = Snapshot.objects.get(pk=row.snapshot_id).content
    entity = ENTITIES[content["route"]["entity"]]
    copies = lineage.copies(content, row.destination_id)
    source, ours, sent = (kept.get(id_) if id_ else None for id_ in wanted)
    subjects = Q(subject_id=row.pk) | Q(subject_id=record.pk)
    raw = decode(source) if source else {}
    request = decode(sent) if sent else {}
    return Story(
        record=record,
        entity=entity.name,
        values=values_on_their_way(entity, copies, raw, codec.loads(entity, ours) if ours else {}, request, masks),
        answered=_answered(effects),
        transitions=list(Transition.objects.filter(subjects).order_by("at", "pk")),
        effects=effects,
        tries=tries.of(effects, entity, user, technical=technical),
        warnings=_warnings(row, entity, copies, masks),
        bodies=bodies_of(entity, copies, raw, ours, request, masks) if technical else [],
        used=made_by.used(row, record, content, tables=Right.EDIT_TABLES in rights),
        around=neighbours.around(row, record, user),
        technical=technical,
    )


def _warnings(row: Transaction, entity: Entity, copies: lineage.Copies, masks: frozenset[Mask]) -> list[str]:
    """Return what rules said of it; words about a hidden field may quote its value, so they name the field only."""
    said = []
    for each in RuleWarning.objects.filter(transaction_id=row.pk).order_by("pk"):
        name = lineage.canonical_name(copies, each.field, entity)
        hidden = bool(name) and not may_see(entity, name, masks)
        said.append(f"A rule warns about the {words.plain(name)}." if hidden else each.message)
    return said


def values_on_their_way(
    entity: Entity,
    copies: lineage.Copies,
    raw: dict[str, Any],
    ours: dict[str, Any],
    request: dict[str, Any],
    masks: frozenset[Mask],
) -> list[Value]:
    """Return the fields of a record at the source, in the hub and as sent, hidden by the canonical field they copy."""
    shown = mask(entity, ours, masks)
    rows = []
    told: set[str] = set()
    for name in entity.by_name:
        visible = may_see(entity, name, masks)
        path, target = copies.source.get(name, ""), copies.target.get(name, "")
        said, sent = lineage.at(raw, path) if path else None, lineage.at(request, target) if target else None
        told.add(target)
        if not visible:
            said, sent = (HIDDEN if each not in EMPTY else None for each in (said, sent))
        if any(each not in EMPTY for each in (said, shown.get(name), sent)):
            rows.append(Value(name, said, shown.get(name), sent))
    for path in copies.reads:
        value = lineage.at(request, path)
        if path not in told and value not in EMPTY:
            rows.append(Value(path, None, None, lineage.sent_shown(copies, entity, path, value, masks)))
    return rows


def _answered(effects: list[Effect]) -> list[Value]:
    last = next((e for e in reversed(effects) if e.state == "confirmed"), None)
    if last is None:
        return []
    told = [("number there", last.reference), ("id there", last.external_id), ("version there", last.target_version)]
    return [Value(name, None, None, value) for name, value in told if value]


def bodies_of(
    entity: Entity,
    copies: lineage.Copies,
    raw: Any,
    ours: str | None,
    request: Any,
    masks: frozenset[Mask],
) -> list[tuple[str, str]]:
    """Return bodies as JSON; what no mapping names is hidden from those who may not see everything."""
    everything = set(Mask) - {Mask.NONE} <= set(masks)
    readable = {path for name, path in copies.source.items() if may_see(entity, name, masks)}
    sendable = {
        p for p, reads in copies.reads.items() if all(may_see(entity, n, masks) for n in reads & set(entity.by_name))
    }
    canonical = codec.dumps(mask(entity, codec.loads(entity, ours), masks)) if ours else b"{}"
    return [
        ("as received", _json(raw if everything else hide(raw, readable))),
        ("in the hub's words", _json(decode(canonical.decode()))),
        ("as sent", _json(request if everything else hide(request, sendable))),
    ]


def hide(body: Any, readable: set[str], at: str = "") -> Any:
    """Return a body with everything hidden that does not lie at one of the paths that may be read."""
    if isinstance(body, dict):
        return {name: hide(each, readable, f"{at}.{name}" if at else name) for name, each in body.items()}
    if isinstance(body, list):
        return [hide(each, readable, f"{at}[{number}]") for number, each in enumerate(body)]
    return body if at in readable or body in EMPTY else HIDDEN


def _json(body: Any) -> str:
    return msgspec.json.format(NUMBERS.encode(body), indent=2).decode()
