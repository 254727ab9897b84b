"""Process API: transactions, and the whole story of one, as far as the caller may see it."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from canonical.masking import spoken
from exceptions_queue import story, verbs, words
from exceptions_queue.api import samples
from exceptions_queue.api import shapes as shapes_of_items
from exceptions_queue.api.items import ITEM, item_of
from exceptions_queue.models import WorkItem
from exceptions_queue.permitted import masks_by_entity
from exceptions_queue.tries import Try
from governance.api import paging, parameters
from governance.api.door import Door, person
from governance.api.forms import MustReasonBody
from governance.api.refusals import not_there
from governance.api.told import told
from governance.models import User
from governance.scoping import EntityScopedQuerySet, entity_ids
from routes import taken_back
from routes.api import shapes
from routes.filters import TransactionFilter
from routes.models import Effect, Failure, Transaction, Transition

TRANSACTION = {
    "id": "0197a1c2-6a5b-7c1d-8e2f-0a1b2c3d4e5f", "key": "HP-DE/636709355",
    "record": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f", "run": "0197a1c2-4a5b-7c1d-8e2f-0a1b2c3d4e5f",
    "route": "time-to-erp", "destination": "NetSuite", "legal_entity": "HP-DE", "state": "posted",
    "state_in_words": "posted", "withdraws": False, "attempts": 1, "waits_for": "", "amount": "1250.0000",
    "currency": "EUR", "hours": "7.5000", "created_at": "2026-10-05T16:30:00Z",
}  # fmt: skip


class ValueShape(serializers.Serializer[Any]):
    """One field on its way: at the source, in the hub's words, as sent. What is hidden from the caller is "•••"."""

    name = serializers.CharField()
    source = serializers.JSONField(allow_null=True)  # type: ignore[assignment]  # a field here
    canonical = serializers.JSONField(allow_null=True)
    sent = serializers.JSONField(allow_null=True)


class TransitionShape(serializers.Serializer[Any]):
    """One change of state: who, when and why."""

    at = serializers.DateTimeField()
    from_state = serializers.CharField(allow_blank=True)
    to_state = serializers.CharField()
    actor_kind = serializers.ChoiceField(choices=["person", "rule", "engine"])
    actor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)


class EffectShape(serializers.Serializer[Any]):
    """One operation at the target, as the write ledger has it."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    operation = serializers.CharField()
    object = serializers.CharField()
    key = serializers.CharField()
    state = serializers.CharField()
    sent_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    reference = serializers.CharField(allow_blank=True, help_text="the posting's number there")
    external_id = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)


class AttemptShape(serializers.Serializer[Any]):
    """One try at an effect. What the target said in words is told to those who may see technical details."""

    effect = serializers.UUIDField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    outcome = serializers.CharField()
    status = serializers.IntegerField(allow_null=True)
    category = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    configuration = serializers.CharField(
        allow_blank=True, help_text="mappings with their versions, and who chose them where somebody did"
    )
    exchange = serializers.DictField(
        child=serializers.JSONField(allow_null=True), allow_null=True, help_text="redacted; for technical details"
    )


class ChosenShape(serializers.Serializer[Any]):
    """A configuration that a transaction was sent again with."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    how = serializers.CharField(help_text="as it was in force, as it was then, or with which version of which mapping")
    before = serializers.CharField(allow_blank=True, help_text="mappings with their versions until then")
    after = serializers.CharField(allow_blank=True, help_text="and since")


class StoryShape(shapes.TransactionShape):
    """A transaction with everything that happened to it."""

    entity = serializers.CharField(help_text="canonical entity")
    explanation = serializers.CharField(allow_blank=True, help_text="why it stopped, in words")
    work_item = serializers.IntegerField(allow_null=True, help_text="number of the item that it waits in")
    values = ValueShape(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
    transitions = TransitionShape(many=True)
    effects = EffectShape(many=True)
    attempts_made = AttemptShape(many=True)
    configurations = ChosenShape(many=True)


class TransactionsDoor(Door):
    """The transactions."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*TransactionFilter.base_filters, *paging.NAMES)

    @told(shapes.TransactionShape, filters=TransactionFilter, paged=True, sample={"items": [TRANSACTION], "next": None})
    def get(self, request: Request) -> Response:
        """List transactions, the newest first."""
        rows = parameters.filtered(request, TransactionFilter, _visible(request))
        return paging.page(request, rows, ["-pk"], lambda found: _listed(found, person(request)))


class TransactionDoor(Door):
    """One transaction."""

    layer = "process"

    @told(StoryShape, sample=TRANSACTION | samples.STORY)
    def get(self, request: Request, id: UUID) -> Response:
        """Tell a transaction's whole story: values, changes of state, effects and attempts."""
        row = transaction_of(request, id)
        known = story.tell(row, person(request))
        failure = Failure.objects.filter(transaction_id=row.pk, closed_at=None).first()
        return Response(shapes.transaction(row, entity_ids(person(request))) | _story(request, known, failure))


class QuestionsDoor(Door):
    """What is doubted of a transaction that is posted."""

    layer = "experience"

    @told(shapes_of_items.DoneShape, form=MustReasonBody, sample={"said": "Item 17 is about it.", "item": ITEM},
          sent={"reason": "the same day is posted twice"})  # fmt: skip
    def post(self, request: Request, id: UUID) -> Any:
        """Question what a transaction has posted: it becomes an exception, and stays posted."""
        by = person(request)
        row = transaction_of(request, id)

        def act(values: dict[str, Any]) -> Response:
            item = item_of(by, verbs.question(row, by=by, **values).number)
            said = f"Exception {item.number} is about it."
            return Response({"said": said, "item": shapes_of_items.items([item], by)[0]})

        return self.once(request, MustReasonBody, act)


def _listed(found: list[Transaction], by: User) -> list[dict[str, Any]]:
    masks = masks_by_entity(by, {row.legal_entity_id for row in found})
    for row in found:
        row.waits_for = spoken(row.waits_for, (), masks[row.legal_entity_id])
    seen = entity_ids(by)
    return [shapes.transaction(row, seen) for row in taken_back.told(found)]


def transaction_of(request: Request, id_: UUID) -> Transaction:
    """Return a transaction that the caller may see. Raises Refused (404)."""
    found = _visible(request).filter(pk=id_).first()
    if found is None:
        raise not_there("transaction", id_)
    return taken_back.told([found])[0]


def _visible(request: Request) -> "EntityScopedQuerySet[Transaction]":
    return Transaction.objects.visible_to(person(request)).select_related(
        "destination__route__connection", "destination__connection", "legal_entity"
    )


def _story(request: Request, known: story.Story, failure: Failure | None) -> dict[str, Any]:
    items = WorkItem.objects.visible_to(person(request)).open()
    item = failure and items.filter(fingerprint=failure.fingerprint).first()
    explained = failure.message if failure else ""
    if item:
        tells, by = words.tells(item, known.masks), person(request)
        explained = (
            words.readable(explained, item, known.masks, by) if tells else words.title_for(item, known.masks, by)
        )
    return {
        "entity": known.entity,
        "explanation": known.said(explained),
        "work_item": item.number if item else None,
        "values": [{"name": v.name, "source": v.source, "canonical": v.ours, "sent": v.sent} for v in known.values],
        "warnings": known.warnings,
        "transitions": [_plain(TransitionShape, each) for each in known.transitions],
        "effects": [_plain(EffectShape, each) for each in known.effects],
        "attempts_made": [_attempt(each, known.technical) for each in known.tries],
        "configurations": [dict(ChosenShape(each).data) for each in known.choices],
    }


def _plain(shape: type[serializers.Serializer[Any]], row: Transition | Effect) -> dict[str, Any]:
    return dict(shape(row).data)


def _attempt(each: Try, technical: bool) -> dict[str, Any]:
    row = each.attempt
    told_ = {name: getattr(row, name) for name in ("kind", "at", "outcome", "status", "category")}
    told_ |= {"effect": row.effect_id, "message": row.message if technical else "", "exchange": each.exchange,
              "configuration": each.configuration}  # fmt: skip
    return dict(AttemptShape(told_).data)
