"""Process API: the life of a mapping's versions, by governance's verbs: draft, submit, approve, publish."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.encoding import escape_uri_path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance import versions
from governance.actor import names
from governance.api import etags, forms, paging, parameters
from governance.api.door import Door, person
from governance.api.forms import MustReasonBody, ReasonBody
from governance.api.refusals import INVALID_BODY, FieldError, Refused, not_there
from governance.api.told import MATCH, MATCH_SEEN, told
from governance.models import User, Version
from governance.models.version import State
from governance.rights import Right, require
from governance.still_there import held
from mappings import drafting
from mappings.api.mappings import CONTENT, mapping_of, told_by_place
from mappings.covering import covered
from mappings.filters import VersionFilter
from mappings.models.mapping import KIND

LARGEST = 2**31 - 1  # number of a version
DRAFT = {"content": CONTENT, "note": "hours are rounded"}
VERSION = {
    "number": 4, "state": "draft", "note": "hours are rounded", "author": "Ingrid Solheim",
    "created_at": "2026-10-05T16:30:00Z", "submitted_at": None, "approved_by": "", "approved_at": None,
    "publish_at": None, "published_at": None, "retired_at": None, "content": CONTENT,
}  # fmt: skip


class VersionShape(serializers.Serializer[Any]):
    """One version of a mapping. Its ETag is for If-Match."""

    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=State.choices)
    note = serializers.CharField(allow_blank=True)
    author = serializers.CharField()
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    approved_by = serializers.CharField(allow_blank=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    publish_at = serializers.DateTimeField(allow_null=True, help_text="when it is published by itself")
    published_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)
    content = serializers.DictField(child=serializers.JSONField(allow_null=True))


class DraftBody(forms.Form):
    """A mapping, as in the guide to formulas, and what changed."""

    content = forms.Anything()
    note = forms.Text(required=False, default="", max_length=500, allow_blank=True)


class NoteBody(forms.Form):
    """What changed, and why."""

    note = forms.Text(required=False, max_length=500, allow_blank=True)


class PublicationBody(ReasonBody):
    """When, and why."""

    at = forms.Moment(
        required=False, allow_null=True, default=None, help_text="left out: now; one that has passed is refused"
    )

    def validate_at(self, value: datetime | None) -> datetime | None:
        """Refuse a year that no clock will show."""
        if value is not None and not 2000 <= value.year <= 9000:
            raise serializers.ValidationError("This is no time at which anything is published.")
        return value


class VersionsDoor(Door):
    """The versions of a mapping."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*VersionFilter.base_filters, *paging.NAMES) if request.method != "POST" else ()

    @told(VersionShape, filters=VersionFilter, paged=True, sample={"items": [VERSION], "next": None})
    def get(self, request: Request, key: str) -> Response:
        """List the versions of a mapping, the newest first."""
        by = person(request)
        mapping = mapping_of(by, key)
        rows = parameters.filtered(request, VersionFilter, Version.objects.of(KIND, mapping.key))
        return paging.page(request, rows, ["-number"], lambda found: _all_shown(found, by))

    @told(VersionShape, status=201, form=DraftBody, tagged=True, sample=VERSION, sent=DRAFT)
    def post(self, request: Request, key: str) -> Any:
        """Write a draft, the next version. It changes nothing until it is published."""
        by = person(request)
        mapping = mapping_of(by, key)

        def act(values: dict[str, Any]) -> Response:
            with told_by_place():
                made = drafting.draft(
                    key=mapping.key, content=values["content"], by=by, legal_entity=mapping.legal_entity,
                    note=values["note"],
                )  # fmt: skip
            place = f"{escape_uri_path(request.path)}/{made.number}"
            return _answer(made, by, status=201, headers={"Location": place})

        return self.once(request, DraftBody, act)


class VersionDoor(Door):
    """One version of a mapping."""

    layer = "process"

    @told(VersionShape, tagged=True, sample=VERSION)
    def get(self, request: Request, key: str, number: int) -> Response:
        """Show a version, with the ETag for changing it."""
        by = person(request)
        return _answer(version_of(by, key, number), by)

    @told(VersionShape, form=DraftBody, edits=True, sample=VERSION, sent=DRAFT)
    def put(self, request: Request, key: str, number: int) -> Any:
        """Replace a draft's content. Needs If-Match with the ETag that was read."""
        by = person(request)
        row = version_of(by, key, number)

        def act(values: dict[str, Any]) -> Response:
            etags.require(request, _shown(held(Version.objects.all(), row), by))
            with told_by_place():
                return _answer(drafting.revise(row, content=values["content"], by=by, note=values["note"]), by)

        return self.once(request, DraftBody, act)


@dataclass(frozen=True, slots=True)
class Step:
    """How the API asks for one step of a version."""

    name: str
    body: type[forms.Form]
    verb: Callable[..., Version | None]
    words: str

    @property
    def agrees(self) -> bool:
        """Whether somebody agrees to what they have read."""
        return self.name == "approvals"


STEPS = (
    Step("submissions", NoteBody, versions.submit, "Send a draft to another person for approval."),
    Step("approvals", ReasonBody, versions.approve, "Give the second person's consent. Needs If-Match."),
    Step("returns", MustReasonBody, versions.send_back, "Say no: it is a draft again, with the reason."),
    Step("withdrawals", ReasonBody, versions.withdraw, "Take back what was submitted, to go on editing it."),
    Step("publications", PublicationBody, versions.publish, "Put an approved version in force, now or at a time."),
    Step("rollbacks", MustReasonBody, versions.roll_back, "Bring a retired version back into force, as a new version."),
    Step(
        "retirements", MustReasonBody, versions.retire, "Take the published version out of force without a successor."
    ),
    Step("discards", ReasonBody, drafting.discard, "Throw a draft away. The answer shows it for the last time."),
)


class StepDoor(Door):
    """One step of a version."""

    layer = "process"
    step: Step

    def answer(self, request: Request, key: str, number: int) -> Any:
        """Take the step."""
        by = person(request)
        row = version_of(by, key, number)

        def act(values: dict[str, Any]) -> Response:
            if self.step.agrees:
                require(by, Right.APPROVE_CONFIGURATION, row.legal_entity)
            check = etags.require_read if self.step.agrees else etags.require_if_given
            last = _shown(held(Version.objects.all(), row), by)
            check(request, last)
            refuse_past(values)
            done = self.step.verb(row, by=by, **values)
            return _answer(done, by) if done is not None else Response(last)

        return self.once(request, self.step.body, act)


def door_of(step: Step) -> type[StepDoor]:
    """Return the view of one step, with its own body and words in the document."""

    def post(self: StepDoor, request: Request, key: str, number: int) -> Any:
        return self.answer(request, key, number)

    post.__doc__ = step.words
    match = MATCH if step.agrees else MATCH_SEEN
    view = told(VersionShape, form=step.body, tagged=True, sample=VERSION, sent=forms.sample(step.body), more=[match])(
        post
    )
    return type(f"{step.name.title()}Door", (StepDoor,), {"post": view, "step": step})


def refuse_past(values: Mapping[str, Any]) -> None:
    """Raise Refused (422) for a time of publication that has passed: whoever meant now leaves it out."""
    if values.get("at") is not None and values["at"] <= timezone.now():
        words = "This moment has passed. Give a later one, or leave it out to publish now."
        wrong = FieldError("/at", words, "a later time, or nothing")
        raise Refused(INVALID_BODY, f"/at: {words} Nothing was done.", errors=[wrong])


def version_of(by: User, key: str, number: int) -> Version:
    """Return a version of a mapping that somebody may see. Raises Refused (404)."""
    mapping = mapping_of(by, key)
    found = Version.objects.of(KIND, mapping.key).filter(number=number).first() if number <= LARGEST else None
    if found is None:
        raise not_there("version", number)
    return found


def _answer(row: Version, by: User, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    shown = _shown(row, by)
    return Response(shown, status=status, headers={"ETag": etags.etag(shown), **(headers or {})})


def _shown(row: Version, by: User) -> dict[str, Any]:
    return _all_shown([row], by)[0]


def _all_shown(rows: Sequence[Version], by: User) -> list[dict[str, Any]]:
    contents = covered([row.content for row in rows], by=by)
    return [_one_shown(row, content) for row, content in zip(rows, contents, strict=True)]


def _one_shown(row: Version, content: dict[str, Any]) -> dict[str, Any]:
    called = names([each for each in (row.author, row.approved_by) if each])
    plain = {str(name): getattr(row, str(name)) for name in VersionShape().fields} | {"content": content}
    people = {"author": called[row.author], "approved_by": called.get(row.approved_by or "", "")}
    return dict(VersionShape(plain | people).data)
