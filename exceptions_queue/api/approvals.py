"""Experience API: what was asked of a second person, with only what would differ, and the answers."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import differing, verbs, words
from exceptions_queue.filters import ApprovalRequestFilter
from exceptions_queue.models import ApprovalRequest, Deed, RequestState
from exceptions_queue.permitted import masks_of, rights_in
from governance.api import forms, paging, parameters
from governance.api.door import Door, person
from governance.api.forms import MustReasonBody, ReasonBody
from governance.api.refusals import not_there
from governance.api.told import told
from governance.models import User
from routes.api.shapes import shown as in_shape

REQUEST = {
    "number": 12, "deed": "corrections", "in_words": "Correct a field", "work_item": 17, "legal_entity": "HP-DE",
    "state": "waiting", "state_in_words": "waits for a second person", "members": 3, "amounts": "1,240.00 EUR",
    "policies": "policy “Hours” (correct a field (hours), from 1,000.00 EUR or of unknown amount)",
    "differences": [{"what": "hours", "before": "8.00", "after": "7.50", "count": 3}],
    "reason": "typing error, asked the consultant", "made_by": "Farid Amini", "made_at": "2026-10-06T08:00:00Z",
    "decided_by": "", "decided_at": None, "decided_reason": "",
}  # fmt: skip
WHY = {"reason": "agreed with the project manager"}


class DifferenceShape(serializers.Serializer[Any]):
    """One thing that would differ. Hidden values are "•••"."""

    what = serializers.CharField(allow_blank=True, help_text="field; empty where it is no field")
    before = serializers.CharField()
    after = serializers.CharField()
    count = serializers.IntegerField(allow_null=True, help_text="of how many members")


class ApprovalRequestShape(serializers.Serializer[Any]):
    """Something that needs a second person, and what became of it."""

    number = serializers.IntegerField()
    deed = serializers.ChoiceField(choices=Deed.choices)
    in_words = serializers.CharField()
    work_item = serializers.IntegerField()
    legal_entity = serializers.CharField()
    state = serializers.ChoiceField(choices=RequestState.choices)
    state_in_words = serializers.CharField()
    members = serializers.IntegerField()
    amounts = serializers.CharField(allow_blank=True)
    policies = serializers.CharField(help_text="why a second person is asked")
    differences = DifferenceShape(many=True)
    reason = serializers.CharField(allow_blank=True)
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()
    decided_by = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_reason = serializers.CharField(allow_blank=True)


class ApprovalRequestsDoor(Door):
    """The requests for an approval."""

    layer = "experience"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*ApprovalRequestFilter.base_filters, *paging.NAMES)

    @told(ApprovalRequestShape, filters=ApprovalRequestFilter, paged=True, sample={"items": [REQUEST], "next": None})
    def get(self, request: Request) -> Response:
        """List requests for an approval, the newest first."""
        by = person(request)
        rows = parameters.filtered(request, ApprovalRequestFilter, _visible(by))
        return paging.page(request, rows, ["-number"], lambda found: [_shown(each, by) for each in found])


class ApprovalRequestDoor(Door):
    """One request."""

    layer = "experience"

    @told(ApprovalRequestShape, sample=REQUEST)
    def get(self, request: Request, number: int) -> Response:
        """Show a request for an approval: only what would differ."""
        by = person(request)
        return Response(_shown(_of(by, number), by))


class AnswerDoor(Door):
    """An answer to a request."""

    layer = "experience"
    verb: Callable[..., ApprovalRequest]
    body: type[forms.Form]

    def answer(self, request: Request, number: int) -> Any:
        """Give it, and show the request as it stands then."""
        by = person(request)
        row = _of(by, number)

        def act(values: dict[str, Any]) -> Response:
            type(self).verb(row, by=by, **values)
            return Response(_shown(_of(by, number), by))

        return self.once(request, self.body, act)


def _answer(name: str, verb: Callable[..., ApprovalRequest], body: type[forms.Form], said: str) -> type[AnswerDoor]:
    def post(self: AnswerDoor, request: Request, number: int) -> Any:
        return self.answer(request, number)

    post.__doc__ = said
    view = told(ApprovalRequestShape, form=body, sample=REQUEST, sent=WHY)(post)
    return type(f"Request{name.title()}Door", (AnswerDoor,), {"post": view, "verb": staticmethod(verb), "body": body})


ANSWERS = {
    "approvals": _answer("approvals", verbs.consent, ReasonBody, "Approve a request, which does what it asks for."),
    "refusals": _answer("refusals", verbs.refuse_request, MustReasonBody, "Refuse a request."),
    "withdrawals": _answer("withdrawals", verbs.withdraw_request, ReasonBody, "Take back a request of one's own."),
}


def _visible(by: User) -> Any:
    return ApprovalRequest.objects.visible_to(by).select_related("legal_entity", "item__connection")


def _of(by: User, number: int) -> ApprovalRequest:
    found: ApprovalRequest | None = _visible(by).filter(number=number).first() if number < 2**63 else None
    if found is None:
        raise not_there("request", number)
    return found


def _shown(row: ApprovalRequest, by: User) -> dict[str, Any]:
    masks = masks_of(rights_in(by, row.legal_entity_id))
    copied = ("number", "deed", "state", "amounts", "policies", "made_at", "decided_at")
    mine = {name: getattr(row, name) for name in copied} | {
        "in_words": row.get_deed_display(), "work_item": row.item_id, "legal_entity": row.legal_entity.code,
        "state_in_words": row.get_state_display(), "members": len(row.failures),
        "differences": differing.shown(row.differences, row.item.entity, masks),
        "reason": words.readable(row.reason, row.item, masks, by) if words.tells(row.item, masks) else "",
        "made_by": row.made_by_name, "decided_by": row.decided_by_name,
        "decided_reason": words.readable(row.decided_reason, row.item, masks, by),
    }  # fmt: skip
    return in_shape(ApprovalRequestShape, mine)
