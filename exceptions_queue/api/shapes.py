"""How work items look in the API: in words that the caller may read."""

from typing import Any

from rest_framework import serializers

from canonical.failure import Category
from exceptions_queue import hints, naming, words
from exceptions_queue.member_rows import Member
from exceptions_queue.models import CauseCode, Resolution, RootCause, State, WorkItem, WorkItemEvent
from exceptions_queue.pages.items import rows_of
from exceptions_queue.parts import Part, parts_of
from exceptions_queue.remedies import Remedy
from exceptions_queue.seen import seen_of
from governance.models import User
from routes.api.shapes import shown as in_shape


class SumShape(serializers.Serializer[Any]):
    """An amount in one currency."""

    currency = serializers.CharField()
    amount = serializers.DecimalField(max_digits=20, decimal_places=4)


class WorkItemShape(serializers.Serializer[Any]):
    """One cause that a person must deal with, and what it holds up."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    about = serializers.CharField(allow_blank=True, help_text="what all members share")
    kind = serializers.ChoiceField(choices=[c.value for c in Category])
    kind_in_words = serializers.CharField()
    state = serializers.ChoiceField(choices=State.choices)
    state_in_words = serializers.CharField()
    legal_entity = serializers.CharField()
    owner = serializers.CharField(help_text="the team that looks at it first")
    assignee = serializers.CharField(allow_blank=True, help_text="who took it, or was given it")
    routed_why = serializers.CharField(allow_blank=True, help_text="why it came there, in words")
    waiting_on = serializers.CharField(allow_blank=True)
    comes_back_at = serializers.DateTimeField(
        allow_null=True, help_text="when one that is put aside or waits for somebody comes back by itself"
    )
    tags = serializers.ListField(child=serializers.CharField())
    members = serializers.IntegerField(help_text="records and transactions that it holds up now")
    amounts = SumShape(many=True)
    without_amount = serializers.IntegerField(help_text="members whose amount nobody knows")
    worth = serializers.DecimalField(
        max_digits=20,
        decimal_places=4,
        allow_null=True,
        help_text="what all members amount to in the reporting currency, by the rates of their days; null: unknown",
    )
    worth_currency = serializers.CharField(allow_blank=True, help_text="the reporting currency")
    worth_lacks = serializers.CharField(allow_blank=True, help_text="the rate for want of which `worth` is unknown")
    due_at = serializers.DateTimeField(allow_null=True, help_text="the earliest deadline of any member")
    due_of = serializers.CharField(allow_blank=True, help_text="what is due then")
    priority = serializers.IntegerField(min_value=0, max_value=100)
    priority_set = serializers.IntegerField(
        allow_null=True, min_value=0, max_value=100, help_text="the priority that a person has set, if one has"
    )
    priority_reason = serializers.CharField(allow_blank=True, help_text="why it was set")
    hours = serializers.DecimalField(max_digits=14, decimal_places=4, allow_null=True)
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    resolution = serializers.ChoiceField(choices=Resolution.choices, allow_blank=True)
    resolved_at = serializers.DateTimeField(allow_null=True)


class GivenShape(serializers.Serializer[Any]):
    """One thing that is settled before anything is done."""

    name = serializers.CharField()
    words = serializers.CharField()


class RemedyShape(serializers.Serializer[Any]):
    """What can be done: POST to `…/{name}`, if `allowed`."""

    name = serializers.CharField()
    title = serializers.CharField()
    effect = serializers.CharField(allow_blank=True)
    allowed = serializers.BooleanField()
    needs = serializers.CharField(allow_blank=True, help_text="which role is lacking, and who has it")
    row = serializers.IntegerField(allow_null=True, help_text="the table row that it is about")
    given = GivenShape(
        many=True, help_text="what the page tells before it is done: what stands there, how it is undone"
    )


class HistoryShape(serializers.Serializer[Any]):
    """One thing that happened to an item."""

    at = serializers.DateTimeField()
    actor_name = serializers.CharField()
    verb = serializers.CharField()
    from_state = serializers.CharField(allow_blank=True)
    to_state = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)


class CommentShape(serializers.Serializer[Any]):
    """A remark on an item."""

    at = serializers.DateTimeField()
    author_name = serializers.CharField()
    text = serializers.CharField()


class CauseShape(serializers.Serializer[Any]):
    """One cause of an item that holds several. With `?cause={cause}` the item tells what can be done about it alone."""

    cause = serializers.CharField(help_text="names it in addresses")
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=[c.value for c in Category])
    members = serializers.IntegerField()
    amounts = SumShape(many=True)
    without_amount = serializers.IntegerField()


class WholeItemShape(WorkItemShape):
    """A work item with its cause, its history, and what can be done about it."""

    cause = serializers.CharField(allow_blank=True)
    accepted = serializers.CharField(allow_blank=True)
    hint = serializers.CharField(allow_blank=True, help_text="what people have written, else what the connector says")
    hint_number = serializers.IntegerField(
        allow_null=True, help_text="number of the hint that people have written: `seen` when another is written"
    )
    field = serializers.CharField(allow_blank=True)
    table = serializers.CharField(allow_blank=True)
    table_key = serializers.ListField(child=serializers.CharField(), allow_null=True)
    duplicate_of = serializers.IntegerField(
        allow_null=True, help_text="number of the item that this one is the same as"
    )
    causes = CauseShape(many=True, help_text="of an item that holds several; else none")
    closed_by_itself = serializers.BooleanField(help_text="whether the hub closed it, and no person")
    root_cause = serializers.ChoiceField(choices=RootCause.choices, allow_blank=True, help_text="where put right")
    cause_code = serializers.ChoiceField(choices=CauseCode.choices, allow_blank=True, help_text="why it came to it")
    finding = serializers.CharField(allow_blank=True, help_text="what people found, for the next time")
    rule_candidate = serializers.BooleanField(help_text="whether a rule could do it next time")
    reopened = serializers.IntegerField(help_text="how often it came back after it was resolved")
    split_from = serializers.IntegerField(allow_null=True, help_text="number of the item that it was split off")
    fingerprint_version = serializers.IntegerField(help_text="by which version its cause is told apart from others")
    seen = serializers.CharField(
        allow_blank=True, help_text="of what it holds now; sent with a remedy, this reaches nothing that comes later"
    )
    remedies = RemedyShape(many=True)
    comments = CommentShape(many=True)
    history = HistoryShape(many=True)


class MemberShape(serializers.Serializer[Any]):
    """One member of an item. Hidden values are "•••"."""

    id = serializers.UUIDField(help_text="names it in `failures` of a remedy")
    transaction = serializers.UUIDField(allow_null=True)
    key = serializers.CharField(allow_blank=True)
    columns = serializers.DictField(child=serializers.JSONField(allow_null=True))
    hours = serializers.DecimalField(max_digits=14, decimal_places=4, allow_null=True)
    amount = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True)
    currency = serializers.CharField(allow_blank=True)
    source_value = serializers.JSONField(allow_null=True)
    working_value = serializers.JSONField(allow_null=True)
    target_value = serializers.JSONField(allow_null=True)
    message = serializers.CharField(allow_blank=True)


class DoneShape(serializers.Serializer[Any]):
    """What a remedy did."""

    said = serializers.CharField(help_text="in words")
    item = WorkItemShape()


def items(found: list[WorkItem], by: User) -> list[dict[str, Any]]:
    """Return items as somebody may read them. At most four queries more."""
    shown, whys = [], naming.without_routes([each.routed_why for each in found], by)
    for row, why in zip(rows_of(found, by), whys, strict=True):
        item = row.item
        told = {name: getattr(item, name) for name in COPIED} | {
            "routed_why": why,
            "title": row.title,
            "due_of": row.due_of,
            "about": row.about,
            "kind": item.category,
            "kind_in_words": row.kind,
            "state_in_words": State(item.state).label,
            "legal_entity": item.legal_entity.code,
            "assignee": row.assignee,
            "waiting_on": row.waits_for,
            "comes_back_at": item.wakes_at,
            "tags": [each.name for each in item.tags.all()],
            "amounts": [{"currency": each.currency, "amount": each.amount} for each in item.amounts.all()],
        }
        shown.append(in_shape(WorkItemShape, told))
    return shown


COPIED = (
    "number", "state", "owner", "routed_why", "members", "without_amount", "worth", "worth_currency", "worth_lacks",
    "due_at", "due_of", "priority", "priority_set", "priority_reason", "hours", "first_seen", "last_seen", "resolution",
    "resolved_at",
)  # fmt: skip


def whole(
    item: WorkItem, of: WorkItem, masks: Any, offered: list[Remedy], history: list[WorkItemEvent], by: User
) -> dict[str, Any]:
    """Return an item with everything that its page says; `of` is one of its causes, or the item."""
    looked = seen_of(of)  # first: of what comes while the rest is read, nobody is told
    tells = words.tells(of, masks)
    written, _ = hints.shown(of, masks, by)

    def said(text: str) -> str:
        return words.readable(text, of, masks, by) if tells else ""

    return items([item], by)[0] | {
        "cause": said(of.cause),
        "accepted": said(of.accepted),
        "hint": written.text if written else said(of.hint),
        "hint_number": written.row.pk if written else None,
        "field": of.field,
        "table": of.table,
        "table_key": [said(part) for part in of.table_key] if tells and of.table_key else None,
        "causes": [_cause(each, masks, by) for each in parts_of(item)],
        "closed_by_itself": item.resolution.startswith("auto:"),
        "root_cause": item.root_cause,
        "cause_code": item.cause_code,
        "finding": words.readable(item.finding, item, masks, by),
        "rule_candidate": item.rule_candidate,
        "reopened": item.reopened,
        "split_from": item.split_from_id,
        "fingerprint_version": item.fingerprint_version,
        "seen": str(looked or ""),
        "remedies": [
            {"name": each.name, "title": words.readable(each.title, item, masks, by),
             "effect": words.readable(each.effect, item, masks, by), "allowed": each.form is not None,
             "needs": each.needs, "row": each.row,
             "given": [
                 {"name": name, "words": words.readable(str(part), item, masks, by)} for name, part in each.given
             ]}
            for each in offered
        ],
        "duplicate_of": item.duplicate_of_id,
        "comments": [
            dict(CommentShape(each).data) | {"text": words.readable(each.text, item, masks, by)}
            for each in item.comments.all()
        ],
        "history": [
            dict(HistoryShape(each).data) | {"reason": _reason(why, item, masks, by)}
            for each, why in zip(history, naming.without_routes([each.reason for each in history], by), strict=True)
        ],
    }  # fmt: skip


def _reason(said: str, item: WorkItem, masks: Any, by: User) -> str:
    """Return why something happened, as the page tells it: what quotes a hidden value is left out."""
    return words.readable(said, item, masks, by) if words.tells(item, masks) else ""


def _cause(part: Part, masks: Any, by: User) -> dict[str, Any]:
    return {
        "cause": part.code, "title": words.title_for(part.item, masks, by), "kind": part.item.category,
        "members": part.members, "without_amount": part.without_amount,
        "amounts": [{"currency": currency, "amount": amount} for currency, amount in sorted(part.sums.items())],
    }  # fmt: skip


def member(row: Member) -> dict[str, Any]:
    """Return a member as the API shows it; its values are masked already."""
    return {
        "id": row.failure,
        "transaction": row.transaction,
        "key": row.key,
        "columns": dict(row.columns),
        "hours": row.hours,
        "amount": row.amount,
        "currency": row.currency or "",
        "source_value": row.source,
        "working_value": row.working,
        "target_value": row.target,
        "message": row.message,
    }
