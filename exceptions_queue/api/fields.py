"""Experience API: one member field by field, what its target has now, and what a right value would do."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import business_form, checking, verbs
from exceptions_queue.api import samples
from exceptions_queue.api.items import item_of
from exceptions_queue.models import WorkItem
from exceptions_queue.present import Present
from exceptions_queue.verbs.members import NotPossible
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused, not_there
from governance.api.told import told
from governance.models import User
from governance.rights import Right, require
from routes.models import Failure

FIELD = {
    "name": "hours", "source": "0.00", "working": "0.00", "target": "7.50", "failing": True, "corrected": False,
    "editable": True, "why_not": "",
}  # fmt: skip
MEMBER = {
    "failure": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f", "key": "HP-DE/636709355", "entity": "time_entry",
    "target": "NetSuite", "target_at": "2026-10-06T08:00:00Z", "target_in_words": "", "seen_until": 41,
    "fields": [FIELD],
}  # fmt: skip


class FieldShape(serializers.Serializer[Any]):
    """One field in three places. Hidden values are "•••"."""

    name = serializers.CharField()
    source = serializers.JSONField(allow_null=True, help_text="what the source says")  # type: ignore[assignment]  # a field here
    working = serializers.JSONField(allow_null=True, help_text="what would be sent, corrections in it")
    target = serializers.JSONField(allow_null=True, help_text="what the target has")
    failing = serializers.BooleanField()
    corrected = serializers.BooleanField(help_text="a correction of it is open")
    editable = serializers.BooleanField()
    why_not = serializers.CharField(allow_blank=True, help_text="why you cannot correct it here")


class MemberFieldsShape(serializers.Serializer[Any]):
    """A member, field by field: the failing ones first."""

    failure = serializers.UUIDField()
    key = serializers.CharField()
    entity = serializers.CharField(help_text="canonical entity")
    target = serializers.CharField(allow_blank=True, help_text="name of the connection that it goes to")
    target_at = serializers.DateTimeField(allow_null=True, help_text="when the target was found to have it")
    target_in_words = serializers.CharField(allow_blank=True)
    seen_until = serializers.IntegerField(help_text="for a correction: the newest one that you have seen")
    fields = FieldShape(many=True)  # type: ignore[assignment]  # a field here


class ValueBody(forms.Form):
    """A value that somebody thinks of."""

    field = forms.Text(max_length=80)
    value = forms.Text(max_length=1000, allow_blank=True, help_text="as a person types it; empty: no value")


class FollowShape(serializers.Serializer[Any]):
    """A field that changes with another one."""

    field = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


class OfferedShape(serializers.Serializer[Any]):
    """A value that there is."""

    value = serializers.CharField()
    in_words = serializers.CharField(allow_blank=True)


class CheckedShape(serializers.Serializer[Any]):
    """What a value would do."""

    fits = serializers.BooleanField(help_text="the field takes it")
    goes_on = serializers.BooleanField(help_text="the member would go on with it")
    in_words = serializers.CharField()
    follows = FollowShape(many=True)
    offered = OfferedShape(many=True, help_text="values that begin so, from tables and known records")


class MemberDoor(Door):
    """One member of a work item."""

    layer = "experience"

    @told(MemberFieldsShape, sample=MEMBER)
    def get(self, request: Request, number: int, failure: UUID) -> Response:
        """Show a member field by field: source, what would be sent, and what the target has as the hub last knows."""
        by = person(request)
        return Response(_shown(*_member(by, number, failure), by))


class PresentDoor(Door):
    """What a target has now."""

    layer = "experience"

    @told(MemberFieldsShape, form=forms.Form, repeats=False, sample=MEMBER, sent={})
    def post(self, request: Request, number: int, failure: UUID) -> Response:
        """Ask the target what it has of a member now, and show it beside the others. Nothing is written there."""
        by = person(request)
        item, row = _member(by, number, failure)
        require(by, Right.WORK_QUEUE, item.legal_entity_id)
        forms.read(request, forms.Form, {})
        return Response(_shown(item, row, by, verbs.ask_present(item, row, by=by)))


class ChecksDoor(Door):
    """Judging a value."""

    layer = "experience"

    @told(CheckedShape, sample=samples.CHECKED, form=ValueBody, repeats=False, sent={"field": "hours", "value": "7.50"})
    def post(self, request: Request, number: int, failure: UUID) -> Response:
        """Say what a right value of a field would do: whether it fits, what follows, how it goes on. Keeps nothing."""
        by = person(request)
        item, row = _member(by, number, failure)
        require(by, Right.EDIT_OVERLAY, item.legal_entity_id)
        _, values = forms.read(request, ValueBody, {})
        name, value = values["field"], values["value"]
        try:
            found = checking.check_value(item, row, by=by, name=name, value=value)
        except NotPossible as error:
            raise Refused(NOT_POSSIBLE, str(error)) from error
        offered = checking.offered(item, row, by=by, name=name, typed=value)
        return Response({
            "fits": found.fits, "goes_on": found.goes_on, "in_words": found.words,
            "follows": [{"field": each, "value": told_} for each, told_ in found.follows],
            "offered": [{"value": each.value, "in_words": each.words} for each in offered],
        })  # fmt: skip


def _member(by: User, number: int, failure: UUID) -> tuple[WorkItem, Failure]:
    item = item_of(by, number)
    row = item.failures().filter(pk=failure).first()
    if row is None:
        raise not_there("member", failure)
    return item, row


def _shown(item: WorkItem, row: Failure, by: User, present: Present | None = None) -> dict[str, Any]:
    form = business_form.of(item, row, by, present)
    if form is None:
        raise Refused(NOT_POSSIBLE, "No record is behind this, so it has no fields.")
    fields = [
        {"name": each.name, "source": each.source, "working": each.working, "target": each.target,
         "failing": each.failing, "corrected": each.correction is not None, "editable": each.editable,
         "why_not": each.why_not}
        for each in (*form.rows, *form.rest)
    ]  # fmt: skip
    return {
        "failure": row.pk, "key": form.record.key, "entity": form.entity.name, "target": form.target,
        "target_at": form.present.at, "target_in_words": form.present.words, "seen_until": form.seen_until,
        "fields": fields,
    }  # fmt: skip
