"""Business events: sending canonical records in through our API, and saying what became of them."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

from django.conf import settings

from canonical.entities import ENTITIES
from canonical.entity import Mask
from canonical.masking import hidden_texts, spoken
from governance.actor import By
from governance.api.refusals import INVALID, KEY_REUSED, NOT_ALLOWED, NOT_FOUND, FieldError, Refused
from governance.models import LegalEntity
from governance.rights import NotAllowed, Right, allowed_masks, require
from governance.scoping import ALL, entity_ids, grants_read_once
from routes import bodies, intake
from routes.api import reading
from routes.arrivals import decode, digest
from routes.models import Destination, Failure, InboundEvent, Record, Route, RuleWarning, Transaction
from routes.models.inbound import Via
from routes.models.movement import RecordState
from routes.states import State
from routes.unseen import slug_for

OTHER_BODY = "The Idempotency-Key was used for another body. Use a new key for a new event."


def send_in(
    *, route: str, body: bytes, idempotency_key: str = "", caller: str = "", by: By
) -> tuple[InboundEvent, bool]:
    """Commit the canonical records of a body for a route; return the event and whether it is new.

    A repeat (same caller, as `governance.api.callers.by_whom` tells it, same key, same bytes) returns the first event,
    for as long as that is kept. Raises governance.api.refusals.Refused: 404 when the caller
    may not know of the route, 403, 400 and 422; then nothing is stored.
    """
    found = Route.objects.visible_to(by).filter(slug=route, connection=None, upstream=None).first()
    if found is None:
        raise Refused(NOT_FOUND, f"There is no route “{route[:80]}” that takes events. Check the address.")
    try:
        require(by, Right.SEND_EVENTS, found.legal_entity)
    except NotAllowed as error:
        raise Refused(NOT_ALLOWED, str(error)) from None
    own_key = _of_caller(caller, idempotency_key)
    earlier = _earlier(found, own_key, idempotency_key, body) if own_key else None
    if earlier is not None:
        return earlier, False
    records = reading.records(ENTITIES[found.canonical_entity], body, most=settings.EVENT_RECORDS)
    _check_entities(records, by)
    try:
        return intake.accept(found, body=body, via=Via.API, idempotency_key=own_key)
    except intake.OtherBytes:
        raise Refused(KEY_REUSED, OTHER_BODY) from None


def _of_caller(caller: str, key: str) -> str:
    """Return the name by which a key of one caller is kept, so that nobody meets another's; "" without a key."""
    return f"of-caller:{digest(f'{caller} {key}').hex()}" if key else ""


def _earlier(route: Route, own_key: str, key: str, body: bytes) -> InboundEvent | None:
    """Return the event that came before under a caller's key. Those of earlier releases are kept under the bare key."""
    content = digest(intake.as_text(body))
    event = InboundEvent.objects.filter(route=route, idempotency_key=own_key).first()
    if event is not None and bytes(event.body_hash) != content:
        raise Refused(KEY_REUSED, OTHER_BODY)
    return event or InboundEvent.objects.filter(route=route, idempotency_key=key, body_hash=content).first()


def _check_entities(records: Iterable[dict[str, Any]], by: By) -> None:
    """Refuse records of a legal entity for which the sender has no right, in the words for one that does not exist."""
    open_to = sorted(LegalEntity.objects.visible_to(by, Right.SEND_EVENTS).values_list("code", flat=True))
    errors = [
        FieldError(
            f"/records/{number}/legal_entity",
            f"There is no legal entity {str(record['legal_entity'])[:40]!r} that you may send for.",
            f"one of {', '.join(open_to)}",
        )
        for number, record in enumerate(records)
        if "legal_entity" in record and record["legal_entity"] not in open_to
    ]
    if errors:
        raise Refused(INVALID, "Some records name a legal entity that you may not send for.", errors=errors)


def what_became_of(event_id: UUID, *, by: By) -> dict[str, Any]:
    """Return an event's story in words: received or processed, and where each of its records stands.

    Raises Refused (404) when the caller may not see the event. Records of other legal entities are left out.
    """
    event = InboundEvent.objects.visible_to(by).select_related("route").filter(pk=event_id).first()
    if event is None:
        raise Refused(NOT_FOUND, "There is no such event. Check the address that was given when it was sent.")
    records = list(Record.objects.visible_to(by).filter(pk__in=event.record_ids).order_by("sequence"))
    stories = _stories(event, records, by)
    return {
        "id": str(event.pk),
        "route": slug_for(event.route, entity_ids(by)),
        "received_at": event.received_at.isoformat(),
        "processed_at": event.processed_at.isoformat() if event.processed_at else None,
        "status": "processed" if event.processed_at else "received",
        "summary": _summary(event, stories),
        "records": stories,
    }


def _summary(event: InboundEvent, stories: list[dict[str, Any]]) -> str:
    if event.processed_at is None:
        if not event.route.enabled:
            return "Received and kept; its route is switched off, and it will be worked on once that is switched on."
        return "Received and kept; it will be worked on."
    if event.problem:
        return event.problem
    counted = Counter(words for story in stories for words in _places(story))
    return "; ".join(f"{count} {words}" for words, count in counted.most_common()) + "."


def _places(story: dict[str, Any]) -> list[str]:
    return [place["status"] for place in story["destinations"]] or [story["status"]]


def _as_they_may_read(
    event: InboundEvent, records: list[Record], by: By, unseen: Collection[str]
) -> Callable[[UUID, str], str]:
    """Return what covers in words about a record the values, and systems, that somebody may not see.

    At most three queries.
    """
    entity = ENTITIES[event.route.canonical_entity]
    with grants_read_once():
        masks = {id_: allowed_masks(by, id_) for id_ in {record.legal_entity_id for record in records}}
    kept = bodies.read(record.source_payload_id for record in records if record.source_payload_id)
    hidden: dict[UUID, set[str]] = {}
    allowed: dict[UUID, frozenset[Mask]] = {}
    for record in records:
        allowed[record.pk] = masks[record.legal_entity_id]
        body = kept.get(record.source_payload_id) if record.source_payload_id else None
        came = decode(str(body)) if body is not None else {}  # what is sent to us is in our words as it comes
        hidden[record.pk] = hidden_texts(entity, came, allowed[record.pk]).union(unseen)
    return lambda id_, words: spoken(words, hidden[id_], allowed[id_])


def _stories(event: InboundEvent, records: list[Record], by: By) -> list[dict[str, Any]]:
    ids = [record.pk for record in records]
    moving = list(Transaction.objects.visible_to(by).filter(record_id__in=ids).order_by("destination_id", "version"))
    reached = Destination.objects.filter(pk__in={each.destination_id for each in moving}).select_related("connection")
    destinations = reached.defer("connection__secrets").in_bulk()
    seen = entity_ids(by)
    systems = [each.connection for each in destinations.values()]
    unseen = {each.name for each in systems if seen is not ALL and each.legal_entity_id not in seen}
    open_ = Failure.objects.visible_to(by).filter(closed_at=None)
    of_records = dict(open_.filter(record_id__in=ids, transaction_id=None).values_list("record_id", "message"))
    of_moving = dict(
        open_.filter(transaction_id__in=[each.pk for each in moving]).values_list("transaction_id", "message")
    )
    warned: dict[UUID, list[str]] = {}
    said = RuleWarning.objects.visible_to(by).filter(transaction_id__in=[each.pk for each in moving]).order_by("pk")
    for id_, message in said.values_list("transaction_id", "message"):
        warned.setdefault(id_, []).append(message)
    covered = _as_they_may_read(event, records, by, unseen)
    places: dict[UUID, list[dict[str, Any]]] = {}
    for each in moving:
        places.setdefault(each.record_id, []).append(
            {
                "destination": destinations[each.destination_id].name,
                "status": State(each.state).label,
                "explanation": covered(each.record_id, of_moving.get(each.pk, "")),
                "warnings": [covered(each.record_id, words) for words in warned.get(each.pk, [])],
            }
        )
    return [
        {
            "key": record.key,
            "status": _status(event, record, bool(places.get(record.pk))),
            "explanation": covered(record.pk, of_records.get(record.pk, "")),
            "destinations": places.get(record.pk, []),
        }
        for record in records
    ]


def _status(event: InboundEvent, record: Record, placed: bool) -> str:
    if record.correlation_id != event.pk:
        return "known already, nothing changed"
    if record.state == RecordState.ROUTED and not placed:
        return "left out: no destination's condition chose it"
    return RecordState(record.state).label
