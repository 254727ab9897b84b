"""Experience API: people's corrections that are compared with their sources, and what became of each."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import corrections as told_of
from exceptions_queue import verbs
from governance.api import paging, parameters
from governance.api.door import Door, person
from governance.api.forms import MustReasonBody
from governance.api.refusals import not_there
from governance.api.told import told
from governance.models import User
from governance.scoping import entity_ids
from routes.api.shapes import shown as in_shape
from routes.filters import OverlayFilter
from routes.models import Ended, Happened, Overlay
from routes.route_fields import NOT_NAMED
from routes.unseen import slug_for

CORRECTION = {
    "number": 41, "legal_entity": "HP-DE", "route": "time-to-erp", "entity": "time_entry", "key": "HP-DE/636709355",
    "field": "hours", "source_value": "0.00", "value": "7.50", "source_says_now": "0.00", "state": "in_force",
    "state_in_words": "in force", "made_by": "Farid Amini", "made_at": "2026-10-06T08:00:00Z",
    "reason": "typing error, asked the consultant", "returned_at": None, "ended_at": None, "ended_how": "",
    "emergency_mode": None,
    "record": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f",
}  # fmt: skip
LINE = {
    "at": "2026-10-06T08:00:00Z", "who": "Farid Amini", "what": "made",
    "words": "Corrected to 7.50, where the source said 0.00.", "reason": "typing error, asked the consultant",
}  # fmt: skip


class CorrectionShape(serializers.Serializer[Any]):
    """A person's right value of one field of one record. Hidden values are "•••"."""

    number = serializers.IntegerField()
    legal_entity = serializers.CharField()
    route = serializers.CharField(help_text=f"short name; “{NOT_NAMED}” where you do not see it")
    entity = serializers.CharField(help_text="canonical entity")
    key = serializers.CharField(help_text="business key of the record at its source")
    field = serializers.CharField()
    source_value = serializers.JSONField(allow_null=True, help_text="what the source said when it was corrected")
    value = serializers.JSONField(allow_null=True, help_text="what the person said")
    source_says_now = serializers.JSONField(allow_null=True, help_text="what the source said last")
    state = serializers.ChoiceField(choices=list(told_of.STATES.items()))
    state_in_words = serializers.CharField()
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()
    reason = serializers.CharField()
    returned_at = serializers.DateTimeField(allow_null=True, help_text="since when the source contradicts it")
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_how = serializers.ChoiceField(choices=Ended.choices, allow_blank=True)
    emergency_mode = serializers.IntegerField(allow_null=True, help_text="number of the mode it was made in, if in one")
    record = serializers.UUIDField(allow_null=True, help_text="the newest version of its record")


class CorrectionLineShape(serializers.Serializer[Any]):
    """One thing that happened to a correction."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    what = serializers.ChoiceField(choices=Happened.choices)
    words = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)


class WholeCorrectionShape(CorrectionShape):
    """A correction with what became of it, the newest first."""

    history = CorrectionLineShape(many=True)


class CorrectionsDoor(Door):
    """The corrections."""

    layer = "experience"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*OverlayFilter.base_filters, *paging.NAMES)

    @told(CorrectionShape, filters=OverlayFilter, paged=True, sample={"items": [CORRECTION], "next": None})
    def get(self, request: Request) -> Response:
        """List corrections, the newest first."""
        by = person(request)
        rows = parameters.filtered(request, OverlayFilter, _visible(by))
        seen = entity_ids(by)
        return paging.page(
            request, rows, ["-pk"], lambda found: [_plain(each, seen) for each in told_of.shown(found, by)]
        )


class CorrectionDoor(Door):
    """One correction."""

    layer = "experience"

    @told(WholeCorrectionShape, sample=CORRECTION | {"history": [LINE]})
    def get(self, request: Request, number: int) -> Response:
        """Show a correction and what became of it at every version of its source."""
        by = person(request)
        return Response(_whole(_of(by, number), by))


class CorrectionWithdrawalsDoor(Door):
    """What takes a correction back."""

    layer = "experience"

    @told(WholeCorrectionShape, form=MustReasonBody, sample=CORRECTION | {"history": [LINE]},
          sent={"reason": "the source is right after all"})  # fmt: skip
    def post(self, request: Request, number: int) -> Any:
        """Take a correction back: from the next version on, or when it is sent again, the source counts."""
        by = person(request)
        row = _of(by, number)

        def act(values: dict[str, Any]) -> Response:
            verbs.take_back(row, by=by, **values)
            return Response(_whole(_of(by, number), by))

        return self.once(request, MustReasonBody, act)


def _visible(by: User) -> Any:
    return Overlay.objects.visible_to(by).select_related("route", "legal_entity", "made_by")


def _of(by: User, number: int) -> Overlay:
    found: Overlay | None = _visible(by).filter(pk=number).first() if number < 2**63 else None
    if found is None:
        raise not_there("correction", number)
    return found


def _whole(row: Overlay, by: User) -> dict[str, Any]:
    [correction] = told_of.shown([row], by)
    lines = [in_shape(CorrectionLineShape, _line(each)) for each in told_of.history(correction)]
    return _plain(correction, entity_ids(by)) | {"history": lines}


def _line(line: told_of.Line) -> dict[str, Any]:
    return {"at": line.at, "who": line.who, "what": line.what, "words": line.words, "reason": line.reason}


def _plain(correction: told_of.Correction, seen: frozenset[int] | None) -> dict[str, Any]:
    row = correction.row
    copied = ("key", "field", "made_at", "returned_at", "ended_at", "ended_how")
    own = {name: getattr(row, name) for name in copied} | {
        "number": row.pk, "legal_entity": row.legal_entity.code, "route": slug_for(row.route, seen),
        "entity": row.route.canonical_entity, "source_value": _told(correction.said), "value": _told(correction.value),
        "source_says_now": _told(correction.now), "state": correction.state,
        "state_in_words": correction.state_words, "made_by": row.made_by.get_full_name() or str(row.made_by),
        "reason": correction.reason, "record": correction.record, "emergency_mode": row.emergency,
    }  # fmt: skip
    return in_shape(CorrectionShape, own)


def _told(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)
