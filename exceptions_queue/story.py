"""The story of one transaction, from the source to the answer, with everybody who changed its state, when and why.

Values are hidden by the canonical field that they copy.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from django.db.models import Q

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.masking import HIDDEN, hidden_texts, mask, may_see, spoken
from exceptions_queue import kept_writes, lineage, made_by, naming, neighbours, record_links, tries, words
from exceptions_queue.kept_writes import KeptWrite
from exceptions_queue.made_by import Used
from exceptions_queue.neighbours import Neighbours
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.record_links import Link
from exceptions_queue.tries import Try
from governance.models import User
from governance.roles import Right
from routes import bodies, configuration_choices
from routes.arrivals import decode
from routes.models import Effect, EffectLink, Record, RuleWarning, Snapshot, Transaction, Transition
from routes.states import State
from routes.worked_out import AGAIN

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
    kept_writes: list[KeptWrite]  # of those who see technical details
    warnings: list[str]  # what rules said, though it went on
    bodies: list[tuple[str, str]]  # stage in words → JSON, values hidden that the person may not see
    used: Used
    around: Neighbours
    choices: list[configuration_choices.Told]  # of configurations that it was sent again with
    technical: bool  # whether the person sees technical details
    links: list[Link]  # into the systems that it came from and went to
    hidden: set[str]  # texts of the record that the person may not see
    masks: frozenset[Mask]

    def said(self, words: str) -> str:
        """Return words about the transaction as the person may read them."""
        return spoken(words, self.hidden, self.masks)


def tell(row: Transaction, user: User) -> Story:
    """Return a transaction's story as somebody may see it. At most twenty-five queries."""
    rights = rights_in(user, row.legal_entity_id)
    masks, technical, record = masks_of(rights), Right.SEE_TECHNICAL in rights, Record.objects.get(pk=row.record_id)
    links = EffectLink.objects.filter(transaction_id=row.pk).values("effect_id")
    effects = list(Effect.objects.filter(pk__in=links).order_by("number"))
    wanted = [record.source_payload_id, row.canonical_payload_id or record.canonical_payload_id, row.request_payload_id]
    stored = [*wanted, *(effect.payload_id for effect in effects if technical)]
    kept = {id_: str(body) for id_, body in bodies.read(id_ for id_ in stored if id_).items()}
    content = Snapshot.objects.get(pk=row.snapshot_id).content
    entity = ENTITIES[content["route"]["entity"]]
    copies = lineage.copies(content, row.destination_id)
    source, ours, sent = (kept.get(id_) if id_ else None for id_ in wanted)
    subjects = Q(subject_id=row.pk) | Q(subject_id=record.pk)
    raw, request = (decode(each) if each else {} for each in (source, sent))
    canonical = codec.loads(entity, ours) if ours else {}
    tried = tries.of(effects, entity, user, technical=technical)
    transitions = list(Transition.objects.filter(subjects).order_by("at", "pk"))
    tried, choices = _with_what(row, tried, transitions)
    waited = _waited_for(row, transitions, entity, canonical)
    hidden = quoted(entity, copies, raw, canonical, masks)
    hidden |= naming.unseen((row.destination.connection, row.destination.route.connection), user)
    cover(transitions, "reason", hidden, masks)
    cover(effects, "message", hidden, masks)
    cover([each.attempt for each in tried], "message", hidden, masks)
    around = _around(replace(neighbours.around(row, record, user), waited_keys=waited), hidden, masks)
    row.waits_for = spoken(row.waits_for, hidden, masks)

    def laid_out(body: str) -> str:
        return _json(sent_shown(entity, copies, decode(body), masks))

    return Story(
        record=record,
        entity=entity.name,
        values=values_on_their_way(entity, copies, raw, canonical, request, masks),
        answered=_answered(effects),
        transitions=transitions,
        effects=effects,
        tries=tried,
        kept_writes=kept_writes.of(row, effects, [t.attempt for t in tried], kept, laid_out) if technical else [],
        warnings=[spoken(each, hidden, masks) for each in _warnings(row, entity, copies, masks)],
        hidden=hidden,
        masks=masks,
        bodies=bodies_of(entity, copies, raw, ours, request, masks) if technical else [],
        used=made_by.used(row, record, content, user, tables=Right.EDIT_TABLES in rights),
        around=around,
        choices=choices,
        technical=technical,
        links=record_links.to_source(row.destination.route, raw, user) + _there(row, effects, user),
    )


def _around(around: Neighbours, hidden: set[str], masks: frozenset[Mask]) -> Neighbours:
    """Return the neighbours with their words as the person may read them."""
    cover(around.corrections, "reason", hidden, masks)
    return replace(around, waits=spoken(around.waits, hidden, masks), waits_key=spoken(around.waits_key, hidden, masks))


def _with_what(
    row: Transaction, tried: list[Try], transitions: list[Transition]
) -> tuple[list[Try], list[configuration_choices.Told]]:
    """Return the tries with the configuration of each, and what was chosen where it was sent again."""
    if not tried and not any(step.from_state in AGAIN for step in transitions):
        return tried, []
    with_what = configuration_choices.used_by(row.pk, now=row.snapshot_id, destination=row.destination_id)
    return [replace(each, configuration=with_what.at(each.attempt.at)) for each in tried], with_what.told()


def _there(row: Transaction, effects: list[Effect], user: User) -> list[Link]:
    id_ = next((e.external_id for e in reversed(effects) if e.state == "confirmed" and e.external_id), "")
    return record_links.to_target(row, user, id_) if id_ else []


def _waited_for(row: Transaction, transitions: list[Transition], entity: Entity, ours: dict[str, Any]) -> list[str]:
    """Return the keys of the records that it waited for: those which it refers to and its history names."""
    reasons = [step.reason for step in transitions if step.subject_id == row.pk and step.to_state == State.PARKED]
    keys = [str(ours[each.name]) for each in entity.fields if each.references and ours.get(each.name) not in EMPTY]
    return [key for key in dict.fromkeys(keys) if any(key in reason for reason in reasons)]


def _warnings(row: Transaction, entity: Entity, copies: lineage.Copies, masks: frozenset[Mask]) -> list[str]:
    """Return what rules said of it; words about a hidden field may quote its value, so they name the field only."""
    said = []
    for each in RuleWarning.objects.filter(transaction_id=row.pk).order_by("pk"):
        name = lineage.canonical_name(copies, each.field, entity)
        hidden = bool(name) and not may_see(entity, name, masks)
        said.append(f"A rule warns about the {words.plain(name)}." if hidden else each.message)
    return said


def quoted(entity: Entity, copies: lineage.Copies, raw: Any, ours: dict[str, Any], masks: frozenset[Mask]) -> set[str]:
    """Return the texts of a record, as it came and in the hub's words, that somebody may not see."""
    came = {name: lineage.at(raw, path) for name, path in copies.source.items()}
    return hidden_texts(entity, came, masks) | hidden_texts(entity, ours, masks)


def cover(rows: Iterable[Any], name: str, hidden: set[str], masks: frozenset[Mask]) -> None:
    """Cover in words of rows, which are only shown, what somebody may not see."""
    for each in rows:
        setattr(each, name, spoken(getattr(each, name), hidden, masks))


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
    everything = _sees_everything(masks)
    readable = {path for name, path in copies.source.items() if may_see(entity, name, masks)}
    canonical = codec.dumps(mask(entity, codec.loads(entity, ours), masks)) if ours else b"{}"
    return [
        ("as received", _json(raw if everything else hide(raw, readable))),
        ("in the hub's words", _json(decode(canonical.decode()))),
        ("as sent", _json(sent_shown(entity, copies, request, masks))),
    ]


def sent_shown(entity: Entity, copies: lineage.Copies, request: Any, masks: frozenset[Mask]) -> Any:
    """Return a body for the target, everything hidden that copies what the person may not see."""
    if _sees_everything(masks):
        return request
    ours = set(entity.by_name)
    sendable = {p for p, reads in copies.reads.items() if all(may_see(entity, n, masks) for n in reads & ours)}
    return hide(request, sendable)


def _sees_everything(masks: frozenset[Mask]) -> bool:
    return set(Mask) - {Mask.NONE} <= set(masks)


def hide(body: Any, readable: set[str], at: str = "") -> Any:
    """Return a body with everything hidden that does not lie at one of the paths that may be read."""
    if isinstance(body, dict):
        return {name: hide(each, readable, f"{at}.{name}" if at else name) for name, each in body.items()}
    if isinstance(body, list):
        return [hide(each, readable, f"{at}[{number}]") for number, each in enumerate(body)]
    return body if at in readable or body in EMPTY else HIDDEN


def _json(body: Any) -> str:
    return msgspec.json.format(NUMBERS.encode(body), indent=2).decode()
