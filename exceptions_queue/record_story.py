"""The story of one record: what arrived, what the hub made of it, where it went, and why not elsewhere."""

from dataclasses import dataclass
from typing import Any

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.failure import CATEGORIES, Category
from canonical.masking import mask, may_see, spoken
from exceptions_queue import lineage, naming, record_links, story, words
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.record_links import Link
from exceptions_queue.story import Value
from governance.models import User
from governance.roles import Right
from routes import bodies
from routes.accounting import called
from routes.arrivals import decode
from routes.models import Destination, Failure, Record, Run, Snapshot, Transaction, Transition
from routes.taken_back import told

MOST = 20  # versions, and transactions, that are listed


@dataclass(frozen=True, slots=True)
class NotChosen:
    """A destination that a record does not go to."""

    name: str
    condition: str  # that it does not meet
    called: str  # what people call it


@dataclass(frozen=True, slots=True)
class RecordStory:
    """Everything that a page shows of a record."""

    entity: str
    values: list[Value]
    transactions: list[Transaction]
    not_chosen: list[NotChosen]
    failures: list[Failure]  # of the record itself, before a destination was chosen; the newest first
    versions: list[Record]  # in order, this one among them
    transitions: list[Transition]
    run: Run | None
    technical: bool
    bodies: list[tuple[str, str]]
    links: list[Link]  # into the system that it came from


def tell(record: Record, user: User) -> RecordStory:
    """Return a record's story as somebody may see it. At most thirteen queries."""
    rights = rights_in(user, record.legal_entity_id)
    masks, technical = masks_of(rights), Right.SEE_TECHNICAL in rights
    wanted = [record.source_payload_id, record.canonical_payload_id]
    kept = {id_: str(body) for id_, body in bodies.read(id_ for id_ in wanted if id_).items()}
    source, ours = (kept.get(id_) if id_ else None for id_ in wanted)
    entity = ENTITIES[record.route.canonical_entity]
    content = _configuration(record)
    copies = lineage.copies(content, None)
    raw: Any = decode(source) if source else {}
    canonical = codec.loads(entity, ours) if ours else {}
    hidden = story.quoted(entity, copies, raw, canonical, masks) | naming.unseen((record.route.connection,), user)
    stopped = Failure.objects.filter(record_id=record.pk, transaction_id=None).order_by("-opened_at")
    failures = list(stopped[:MOST])
    for each in failures:
        each.message = _told(each, entity, copies, hidden, masks)
    transitions = list(Transition.objects.filter(subject_id=record.pk).order_by("at", "pk"))
    story.cover(transitions, "reason", hidden, masks)
    return RecordStory(
        entity=entity.name,
        values=story.values_on_their_way(entity, copies, raw, canonical, {}, masks),
        transactions=told(
            Transaction.objects.visible_to(user).filter(record_id=record.pk)
            .select_related("destination", "legal_entity").order_by("destination__name", "pk")[:MOST]
        ),
        not_chosen=_not_chosen(record),
        failures=failures,
        versions=_versions(record, user),
        transitions=transitions,
        run=_run(record, user),
        technical=technical,
        bodies=story.bodies_of(entity, copies, raw, ours, {}, masks)[:2] if technical else [],
        links=record_links.to_source(record.route, raw, user),
    )  # fmt: skip


def _told(failure: Failure, entity: Entity, copies: lineage.Copies, hidden: set[str], masks: frozenset[Mask]) -> str:
    """Return why a record stopped; words about a hidden field may quote its value, so they name the field only."""
    name = lineage.canonical_name(copies, failure.field, entity)
    if name and not may_see(entity, name, masks):
        return f"{CATEGORIES[Category(failure.category)].title}: {words.plain(name)}."
    return spoken(failure.message, hidden, masks)


def masked_bodies(record: Record, masks: frozenset[Mask]) -> tuple[str, Any, Any]:
    """Return a record's entity, its body as it came and in the hub's words, as somebody with these masks may see them.

    What no mapping copies is hidden from those who may not see everything; a body that is kept no more is None.
    """
    entity = ENTITIES[record.route.canonical_entity]
    wanted = (record.source_payload_id, record.canonical_payload_id)
    kept = bodies.read(id_ for id_ in wanted if id_)
    source, ours = (str(kept[id_]) if id_ in kept else None for id_ in wanted)
    raw = decode(source) if source else None
    if not set(Mask) - {Mask.NONE} <= set(masks):
        copied = {name: name for name in entity.by_name}  # what our own API takes is canonical as it comes
        if not record.route.takes_events:
            copied = lineage.copies(_configuration(record), None).source
        raw = story.hide(raw, {path for name, path in copied.items() if may_see(entity, name, masks)})
    return entity.name, raw, mask(entity, codec.loads(entity, ours), masks) if ours else None


def _configuration(record: Record) -> dict[str, Any]:
    """Return the configuration with which a record was understood, else the newest: names of fields rarely change."""
    made = Transaction.objects.filter(record_id=record.pk).order_by("pk").values_list("snapshot", flat=True).first()
    found = Snapshot.objects.filter(pk=made) if made else Snapshot.objects.filter(route=record.route_id)
    newest = found.order_by("-pk").first()
    return dict(newest.content) if newest else {}


def _not_chosen(record: Record) -> list[NotChosen]:
    conditions = record.not_chosen or {}
    known = Destination.objects.filter(pk__in=[int(id_) for id_ in conditions])
    there = {id_: rest for id_, *rest in known.values_list("pk", "name", "condition", "condition_name")}
    told = []
    for id_, text in conditions.items():
        name, *condition = there.get(int(id_), ["a former destination", "", ""])
        told.append(NotChosen(name, text, called(text, *condition)))
    return sorted(told, key=lambda each: each.name)


def _run(record: Record, user: User) -> Run | None:
    """Return the run that read a record, where somebody sees it: it may be one of another company's route."""
    visible = Run.objects.visible_to(user).select_related("route")
    return visible.filter(pk=record.run_id).first() if record.run_id else None


def _versions(record: Record, user: User) -> list[Record]:
    same = Record.objects.visible_to(user).filter(route_id=record.route_id, key=record.key)
    return list(reversed(same.order_by("-version")[:MOST]))
