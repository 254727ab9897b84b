"""Experience API: emergency modes of people, what was done in them, and what a second person says of it."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from canonical.masking import spoken
from exceptions_queue import differing, verbs, words
from exceptions_queue.api import shapes as shapes_of_items
from exceptions_queue.api.approvals import DifferenceShape
from exceptions_queue.api.items import ITEM, item_of
from exceptions_queue.filters import EmergencyDeedFilter
from exceptions_queue.models import Deed, Emergency, EmergencyDeed, Review
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.verbs.work_in_emergency import HOURS
from governance.api import forms, paging, parameters
from governance.api.door import Door, person
from governance.api.forms import MustReasonBody, ReasonBody
from governance.api.refusals import INVALID_BODY, FieldError, Refused, not_there
from governance.api.told import told
from governance.models import User
from governance.rights import entities_visible_to
from routes.api.shapes import shown as in_shape

PLACE = "/api/experience/v1/emergency-modes"
WANTED = {"legal_entity": "HP-DE", "hours": 2, "reason": "the billing run is at six, and nobody else can be reached"}
MODE = {
    "number": 3, "opened_by": "Farid Amini", "opened_at": "2026-10-31T16:00:00Z", "until": "2026-10-31T18:00:00Z",
    "ended_at": None,
} | {name: WANTED[name] for name in ("legal_entity", "reason")}  # fmt: skip
DEED = {
    "number": 5, "emergency_mode": 3, "legal_entity": "HP-DE", "work_item": 17, "deed": "corrections",
    "in_words": "Correct a field", "members": 3, "amounts": "1,240.00 EUR",
    "lifted": "no second person, whom policy “Hours” (correct a field (hours)) asks for",
    "differences": [{"what": "hours", "before": "8.00", "after": "7.50", "count": 3}],
    "reason": "typing error, asked the consultant", "made_by": "Farid Amini", "made_at": "2026-10-31T16:10:00Z",
    "review": "waiting", "review_in_words": "waits for its review", "review_by": "2026-11-02T16:00:00Z",
    "reviewed_by": "", "reviewed_at": None, "note": "",
}  # fmt: skip
NOTE = {"note": "seen the time sheet, it is right"}


class EmergencyBody(forms.Form):
    """For which company, how long and why."""

    legal_entity = forms.Text(max_length=20, help_text="code of the company for which the caller works")
    hours = forms.Whole(min_value=1, max_value=HOURS, help_text="how long it lasts at most")
    reason = forms.Text(max_length=500, help_text=forms.REASON)


class ReviewBody(forms.Form):
    """What the second person says."""

    note = forms.Text(max_length=500, help_text=forms.REASON)


class EmergencyShape(serializers.Serializer[Any]):
    """An emergency mode of somebody in one company."""

    number = serializers.IntegerField()
    legal_entity = serializers.CharField()
    opened_by = serializers.CharField()
    opened_at = serializers.DateTimeField()
    until = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="when it was ended by hand, before its time")
    reason = serializers.CharField()


class EmergencyDeedShape(serializers.Serializer[Any]):
    """Something done in emergency mode, and its review."""

    number = serializers.IntegerField()
    emergency_mode = serializers.IntegerField(help_text="number of the mode")
    legal_entity = serializers.CharField()
    work_item = serializers.IntegerField()
    deed = serializers.ChoiceField(choices=Deed.choices)
    in_words = serializers.CharField()
    members = serializers.IntegerField()
    amounts = serializers.CharField(allow_blank=True)
    lifted = serializers.CharField(help_text="what was not asked for, or not kept to")
    differences = DifferenceShape(many=True)
    reason = serializers.CharField(allow_blank=True)
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()
    review = serializers.ChoiceField(choices=Review.choices)
    review_in_words = serializers.CharField()
    review_by = serializers.DateTimeField(help_text="until when it has to be reviewed")
    reviewed_by = serializers.CharField(allow_blank=True)
    reviewed_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_blank=True)


class EmergenciesDoor(Door):
    """The emergency modes."""

    layer = "experience"
    accepts = paging.NAMES

    @told(EmergencyShape, paged=True, sample={"items": [MODE], "next": None})
    def get(self, request: Request) -> Response:
        """List when emergency mode was open, for whom and why, the newest first."""
        by = person(request)
        rows = Emergency.objects.visible_to(by).select_related("legal_entity")
        return paging.page(request, rows, ["-number"], lambda found: [_mode(each, by) for each in found])

    @told(EmergencyShape, status=201, form=EmergencyBody, sample=MODE, sent=WANTED)
    def post(self, request: Request) -> Any:
        """Open emergency mode for oneself. What it lifts is done at once from then on, and kept for a review."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            place = entities_visible_to(by).filter(code=values["legal_entity"]).first()
            if place is None:
                detail = f"There is no legal entity “{values['legal_entity']}” for you."
                wrong = FieldError("/legal_entity", detail, "the code of one")
                raise Refused(INVALID_BODY, f"{detail} Nothing was done.", errors=[wrong])
            made = verbs.open_emergency(by=by, legal_entity=place, reason=values["reason"], hours=values["hours"])
            return Response(_mode(made, by), status=201, headers={"Location": f"{PLACE}/{made.number}"})

        return self.once(request, EmergencyBody, act)


class EmergencyDoor(Door):
    """One emergency mode."""

    layer = "experience"

    @told(EmergencyShape, sample=MODE)
    def get(self, request: Request, number: int) -> Response:
        """Show an emergency mode."""
        by = person(request)
        return Response(_mode(_mode_of(by, number), by))


class EmergencyEndingsDoor(Door):
    """What ends an emergency mode."""

    layer = "experience"

    @told(EmergencyShape, form=ReasonBody, sample=MODE | {"ended_at": "2026-10-31T16:30:00Z"},
          sent={"reason": "the run is through"})  # fmt: skip
    def post(self, request: Request, number: int) -> Any:
        """End one's own emergency mode before its time."""
        by = person(request)
        row = _mode_of(by, number)

        def act(values: dict[str, Any]) -> Response:
            return Response(_mode(verbs.end_emergency(row, by=by, **values), by))

        return self.once(request, ReasonBody, act)


class EmergencyDeedsDoor(Door):
    """What was done in emergency mode."""

    layer = "experience"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*EmergencyDeedFilter.base_filters, *paging.NAMES)

    @told(EmergencyDeedShape, filters=EmergencyDeedFilter, paged=True, sample={"items": [DEED], "next": None})
    def get(self, request: Request) -> Response:
        """List what was done in emergency mode, the newest first."""
        by = person(request)
        rows = parameters.filtered(request, EmergencyDeedFilter, _visible(by))
        return paging.page(request, rows, ["-number"], lambda found: [_deed(each, by) for each in found])


class EmergencyDeedDoor(Door):
    """One thing that was done."""

    layer = "experience"

    @told(EmergencyDeedShape, sample=DEED)
    def get(self, request: Request, number: int) -> Response:
        """Show something that was done in emergency mode, and what was said of it."""
        by = person(request)
        return Response(_deed(_of(by, number), by))


class ReviewDoor(Door):
    """A second person's word on what was done."""

    layer = "experience"
    verb: Callable[..., EmergencyDeed]

    def answer(self, request: Request, number: int) -> Any:
        """Give it, and show the deed as it stands then."""
        by = person(request)
        row = _of(by, number)

        def act(values: dict[str, Any]) -> Response:
            type(self).verb(row, by=by, **values)
            return Response(_deed(_of(by, number), by))

        return self.once(request, ReviewBody, act)


def _review(name: str, verb: Callable[..., EmergencyDeed], said: str) -> type[ReviewDoor]:
    def post(self: ReviewDoor, request: Request, number: int) -> Any:
        return self.answer(request, number)

    post.__doc__ = said
    view = told(EmergencyDeedShape, form=ReviewBody, sample=DEED, sent=NOTE)(post)
    return type(f"Deed{name.title()}Door", (ReviewDoor,), {"post": view, "verb": staticmethod(verb)})


class DeedQuestionsDoor(Door):
    """Doubts about what a deed has posted."""

    layer = "experience"

    @told(shapes_of_items.DoneShape, form=MustReasonBody, sample={"said": "Item 17 is about it.", "item": ITEM},
          sent={"reason": "the time sheet says 8.00"})  # fmt: skip
    def post(self, request: Request, number: int) -> Any:
        """Open an item about what a deed has posted; it stays posted until somebody takes it back from there."""
        by = person(request)
        row = _of(by, number)

        def act(values: dict[str, Any]) -> Response:
            item = item_of(by, verbs.question_deed(row, by=by, **values)[0].number)
            said = f"Exception {item.number} is about it."
            return Response({"said": said, "item": shapes_of_items.items([item], by)[0]})

        return self.once(request, MustReasonBody, act)


REVIEWS = {
    "confirmations": _review("confirmations", verbs.confirm_deed, "Confirm what was done in emergency mode."),
    "objections": _review("objections", verbs.object_to_deed, "Object to what was done in emergency mode."),
}


def _mode_of(by: User, number: int) -> Emergency:
    rows = Emergency.objects.visible_to(by).select_related("legal_entity")
    found: Emergency | None = rows.filter(number=number).first() if number < 2**63 else None
    if found is None:
        raise not_there("emergency mode", number)
    return found


def _mode(row: Emergency, by: User) -> dict[str, Any]:
    copied = {name: getattr(row, name) for name in ("number", "opened_at", "until", "ended_at")}
    mine = copied | {
        "legal_entity": row.legal_entity.code, "opened_by": row.opened_by_name,
        "reason": spoken(row.reason, (), masks_of(rights_in(by, row.legal_entity_id))),
    }  # fmt: skip
    return in_shape(EmergencyShape, mine)


def _visible(by: User) -> Any:
    return EmergencyDeed.objects.visible_to(by).select_related("legal_entity", "item__connection", "emergency")


def _of(by: User, number: int) -> EmergencyDeed:
    found: EmergencyDeed | None = _visible(by).filter(number=number).first() if number < 2**63 else None
    if found is None:
        raise not_there("deed", number)
    return found


def _deed(row: EmergencyDeed, by: User) -> dict[str, Any]:
    masks = masks_of(rights_in(by, row.legal_entity_id))
    copied = ("number", "deed", "amounts", "lifted", "made_at", "review", "review_by", "reviewed_at")
    mine = {name: getattr(row, name) for name in copied} | {
        "emergency_mode": row.emergency_id, "legal_entity": row.legal_entity.code, "work_item": row.item_id,
        "in_words": row.get_deed_display(), "members": len(row.failures),
        "differences": differing.shown(row.differences, row.item.entity, masks),
        "reason": words.readable(row.reason, row.item, masks, by) if words.tells(row.item, masks) else "",
        "made_by": row.emergency.opened_by_name, "review_in_words": row.get_review_display(),
        "reviewed_by": row.reviewed_by_name, "note": words.readable(row.note, row.item, masks, by),
    }  # fmt: skip
    return in_shape(EmergencyDeedShape, mine)
