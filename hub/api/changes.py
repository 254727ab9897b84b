"""System API: drafts of configuration, for those who change it and those who agree to that.

One pair of addresses for all kinds of things, and one for each step. The document is that of the kind.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

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
from governance.models import State, User, Version
from governance.models.version import PUT_INTO_ROWS
from governance.rights import Right, require
from hub.api import documents
from hub.api.configuration import ROUTE
from hub.changes import drafting, publishing, putting, things
from hub.changes.titles import Titles
from hub.configuration import form
from hub.configuration.alone import lock
from hub.configuration.form import Data
from mappings.api.versions import PublicationBody, refuse_past
from mappings.filters import VersionFilter

KINDS = [(name, kind.one) for name, kind in things.OF_KIND.items()]
DRAFT = {"kind": "route", "document": ROUTE, "note": "deletions are looked for"}
CHANGE = {
    "id": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f", "kind": "route", "name": "time-to-erp", "number": 4, "state": "draft",
    "legal_entity": "HP-DE", "note": "deletions are looked for", "author": "Ingrid Solheim",
    "created_at": "2026-10-05T16:30:00Z", "submitted_at": None, "approved_by": "", "approved_at": None,
    "publish_at": None, "published_at": None, "retired_at": None, "document": ROUTE,
}  # fmt: skip
JUDGED = {"differences": ["compare days: 0 → 30"], "secrets": [], "overtaken": False, "problems": []}


class ChangeShape(serializers.Serializer[Any]):
    """A version of a connection, route, schedule or calendar, as it is listed."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    name = serializers.CharField(help_text="which one: a short name, or a company's code for a calendar")
    number = serializers.IntegerField(help_text="1, 2, 3 … of this thing")
    state = serializers.ChoiceField(choices=State.choices)
    legal_entity = serializers.CharField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    author = serializers.CharField()
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    approved_by = serializers.CharField(allow_blank=True, help_text="empty: nobody yet, or nobody was asked for")
    approved_at = serializers.DateTimeField(allow_null=True)
    publish_at = serializers.DateTimeField(allow_null=True, help_text="when it is put in force by itself")
    published_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)
    document = serializers.DictField(
        child=serializers.JSONField(allow_null=True), help_text="as its kind has it; empty: the thing is taken out"
    )


class JudgedShape(ChangeShape):
    """The same with what it would change. Its ETag, for If-Match, is that of the draft alone."""

    differences = serializers.ListField(
        child=serializers.CharField(),
        help_text="in words, from what is in force; of a past version from what was before",
    )
    secrets = serializers.ListField(child=serializers.CharField(), help_text="names of secrets sent with the draft")
    overtaken = serializers.BooleanField(help_text="whether something else is in force since it was written")
    problems = serializers.ListField(child=serializers.CharField(), help_text="what keeps it from being put in force")


class ChangeBody(forms.Form):
    """What a thing is to be."""

    kind = serializers.ChoiceField(choices=KINDS)
    document = forms.Anything(
        required=False, default=None, allow_null=True, help_text="null or left out: the named thing is taken out"
    )
    name = forms.Text(
        required=False, default="", allow_blank=True, max_length=200, help_text="which one is taken out"
    )  # fmt: skip
    note = forms.Text(required=False, default="", max_length=500, allow_blank=True)


class DocumentBody(forms.Form):
    """Another document for a draft."""

    document = forms.Anything()


class ChangeNoteBody(forms.Form):
    """What changed, and why."""

    note = forms.Text(required=False, default="", max_length=500, allow_blank=True)


class NoBody(forms.Form):
    """Nothing."""


class ChangesDoor(Door):
    """Changes of configuration."""

    layer = "system"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*VersionFilter.base_filters, *paging.NAMES) if request.method != "POST" else ()

    @told(ChangeShape, filters=VersionFilter, paged=True, sample={"items": [CHANGE], "next": None})
    def get(self, request: Request) -> Response:
        """List changes of connections, routes, schedules and calendars, the newest first."""
        visible = Version.objects.readable_by(person(request)).filter(kind__in=PUT_INTO_ROWS)
        rows = parameters.filtered(request, VersionFilter, visible.select_related("legal_entity"))
        return paging.page(request, rows, ["-id"], lambda found: _listed(found, person(request)))

    @told(JudgedShape, status=201, form=ChangeBody, tagged=True, sample=CHANGE | JUDGED, sent=DRAFT)
    def post(self, request: Request) -> Any:
        """Write a draft. It changes nothing until it is put in force."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            lock()  # before any row, as in steps
            stand = _standing(values["kind"], values["document"], by)
            name, content, secrets = _read(values["kind"], values["document"], by, values["name"], stand)
            kind, note = values["kind"], values["note"]
            made = _kept(lambda: drafting.draft(kind, name, content, by=by, note=note, secrets=secrets))
            return _answer(made, by, status=201, headers={"Location": f"{request.path}/{made.pk}"})

        return self.once(request, ChangeBody, act)


class ChangeDoor(Door):
    """One change."""

    layer = "system"

    @told(JudgedShape, tagged=True, sample=CHANGE | JUDGED)
    def get(self, request: Request, pk: UUID) -> Response:
        """Show a change: its document, what it would change, and what keeps it from that."""
        by = person(request)
        return _answer(version_of(by, pk), by)

    @told(JudgedShape, form=DocumentBody, edits=True, sample=CHANGE | JUDGED, sent={"document": ROUTE})
    def put(self, request: Request, pk: UUID) -> Any:
        """Put another document in a draft. Needs If-Match."""
        by = person(request)
        row = version_of(by, pk)
        require(by, Right.EDIT_CONFIGURATION, row.legal_entity)

        def act(values: dict[str, Any]) -> Response:
            lock()  # before any row, as in steps
            locked = _locked(row)
            etags.require(request, _shown(locked), locked.seal, told=lambda: _covered(locked, by))
            stand = [row.content, things.here_for(row)]
            name, content, secrets = _read(row.kind, values["document"], by, stand=stand)
            if name != row.object_key:
                raise _wrong("/document", f"This is a draft of {row.object_key}. Another name is another thing.")
            return _answer(_kept(lambda: drafting.revise(row, content, by=by, secrets=secrets)), by)

        return self.once(request, DocumentBody, act)


@dataclass(frozen=True, slots=True)
class Step:
    """How the API asks for one step of a change."""

    name: str
    body: type[forms.Form]
    verb: Callable[..., Version | None]
    words: str

    @property
    def agrees(self) -> bool:
        """Whether somebody agrees to what they have read."""
        return self.name == "approvals"


def _publish(version: Version, *, by: User, reason: str = "", at: datetime | None = None) -> Version:
    alone = version.state in (State.DRAFT, State.SUBMITTED)
    return (publishing.publish_alone if alone else publishing.publish)(version, by=by, reason=reason, at=at)


STEPS = (
    Step("submissions", ChangeNoteBody, drafting.submit, "Send a draft to another person for approval."),
    Step("approvals", ReasonBody, publishing.approve, "Give the second person's consent. Needs If-Match."),
    Step("returns", MustReasonBody, versions.send_back, "Say no: it is a draft again, with the reason."),
    Step("withdrawals", ReasonBody, versions.withdraw, "Take back what was sent in, to go on editing it."),
    Step("take-ups", NoBody, drafting.take_up, "Compare a draft with what is in force by now, as it stands."),
    Step(
        "publications",
        PublicationBody,
        _publish,
        "Put in force what is approved, or a draft where that needs nobody; now or at a time.",
    ),
    Step("rollbacks", MustReasonBody, drafting.go_back, "Make a state that was in force a draft again."),
    Step("discards", ReasonBody, versions.discard, "Throw a draft away. The answer shows it for the last time."),
)


class StepDoor(Door):
    """One step of a change."""

    layer = "system"
    step: Step

    def answer(self, request: Request, pk: UUID) -> Any:
        """Take the step."""
        by = person(request)
        row = version_of(by, pk)

        def act(values: dict[str, Any]) -> Response:
            lock()  # before any row, as publishing does
            locked = _locked(row)
            if self.step.agrees:
                require(by, Right.APPROVE_CONFIGURATION, row.legal_entity)
            check = etags.require_read if self.step.agrees else etags.require_if_given
            check(request, _shown(locked), locked.seal, told=lambda: _covered(locked, by))
            refuse_past(values)
            last = _judged(row, by) if self.step.verb is versions.discard else {}
            done = self.step.verb(row, by=by, **values)
            return _answer(done, by) if done is not None else Response(last)

        return self.once(request, self.step.body, act)


def door_of(step: Step) -> type[StepDoor]:
    """Return the view of one step, with its own body and words in the document."""

    def post(self: StepDoor, request: Request, pk: UUID) -> Any:
        return self.answer(request, pk)

    post.__doc__ = step.words
    match = MATCH if step.agrees else MATCH_SEEN
    view = told(
        JudgedShape, form=step.body, tagged=True, sample=CHANGE | JUDGED, sent=forms.sample(step.body), more=[match]
    )(post)
    return type(f"{step.name.title().replace('-', '')}Door", (StepDoor,), {"post": view, "step": step})


def _read(
    kind: str, value: Any, by: User, name: str = "", stand: Iterable[Data] = ()
) -> tuple[str, Data, dict[str, Any]]:
    """Return name, document and secrets of what was sent. Raises Refused (404, 422) with every mistake.

    Names of other companies' things, which the caller is not told, are taken from what `stand`s.
    """
    of_kind = things.OF_KIND[kind]
    if value is None:
        here = documents.told(of_kind, by).get(name)
        if here is None:
            raise _wrong("/name", f"There is no {of_kind.one} {name[:80]}. Name one that is there, or send a document.")
        return name, {}, {}
    try:
        document = documents.read(of_kind, documents.taken_back(of_kind, value, stand), by)
    except Refused as error:
        errors = [
            FieldError("/document" + each.pointer, each.detail, each.accepted)
            for each in error.errors
            if isinstance(each, FieldError)
        ]
        raise Refused(INVALID_BODY, error.detail, errors=errors) from None
    if documents.owner_of(of_kind, document.value, by) is None:
        place = "route" if kind == "schedule" else "legal_entity"
        raise _wrong(f"/document/{place}", f"There is no {place.replace('_', ' ')} of this name for you.")
    here = things.document(kind, document.name)
    if here and document.name not in documents.told(of_kind, by):
        raise _wrong("/document", "This name cannot be used. Choose another one.")
    return document.name, form.canonical(of_kind.folder, document.value), dict(document.secrets)


def _standing(kind: str, value: Any, by: User) -> list[Data]:
    """Return the document in force under the name of what was sent, where the caller sees it."""
    of_kind = things.OF_KIND[kind]
    name = of_kind.name_of(value) if isinstance(value, dict) else None
    found = documents.told(of_kind, by).get(str(name)) if name else None
    return [found] if found else []


def _kept(verb: Callable[[], Version]) -> Version:
    """Return the draft that a verb keeps. Raises Refused (422) at the places of a document that no draft may hold."""
    try:
        return verb()
    except drafting.NotKept as wrong:
        errors = [
            FieldError("/" + "/".join(("document", *place)), words, "see the guide to the API")
            for place, words in wrong.mistakes.items()
        ]
        raise Refused(INVALID_BODY, str(wrong), errors=errors) from None


def _wrong(pointer: str, words: str) -> Refused:
    return Refused(INVALID_BODY, words, errors=[FieldError(pointer, words, "see the guide to the API")])


def version_of(by: User, pk: UUID) -> Version:
    """Return a version of what stands in rows. Raises Refused (404) for one that they may not read, there or not."""
    rows = Version.objects.readable_by(by).filter(kind__in=PUT_INTO_ROWS)
    found = rows.select_related("legal_entity", "based_on", "proposed_secrets").filter(pk=pk).first()
    if found is None:
        raise not_there("change", pk)
    return found


def _locked(row: Version) -> Version:
    """Return a version as it is now. Raises Refused (404) for one that was thrown away meanwhile."""
    rows = Version.objects.select_for_update(of=("self",)).select_related("legal_entity")
    found = rows.filter(pk=row.pk).first()
    if found is None:
        raise not_there("change", row.pk)
    return found


def _answer(row: Version, by: User, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        _judged(row, by), status=status, headers={"ETag": etags.etag(_shown(row), row.seal), **(headers or {})}
    )


def _judged(row: Version, by: User) -> dict[str, Any]:
    is_open, here = row.state in things.OPEN, things.here_for(row)
    before = here if is_open else things.base_for(row)
    return _covered(row, by) | {
        "differences": things.said(row.kind, before, row.content, Titles(by)),
        "secrets": sorted(putting.secrets_of(row)),
        "overtaken": is_open and publishing.is_overtaken(row, here),
        "problems": putting.problems(row, by=by) if is_open else [],
    }  # fmt: skip


def _covered(row: Version, by: User) -> dict[str, Any]:
    """Return a change as somebody may read it; its tag is of all of it."""
    return _shown(row) | {"document": documents.Shown(things.OF_KIND[row.kind], by).of(row.content)}


def _listed(rows: list[Version], by: User) -> list[dict[str, Any]]:
    called = names([each for row in rows for each in (row.author, row.approved_by) if each])
    shown = {kind: documents.Shown(each, by) for kind, each in things.OF_KIND.items()}
    return [_shown(row, called) | {"document": shown[row.kind].of(row.content)} for row in rows]


def _shown(row: Version, called: dict[str, str] | None = None) -> dict[str, Any]:
    called = called if called is not None else names([each for each in (row.author, row.approved_by) if each])
    own = ("id", "kind", "number", "state", "note", "created_at", "submitted_at", "approved_at", "publish_at",
           "published_at", "retired_at")  # fmt: skip
    plain = {name: getattr(row, name) for name in own} | {
        "name": row.object_key, "document": row.content, "author": called[row.author],
        "legal_entity": row.legal_entity.code if row.legal_entity else None,
        "approved_by": called.get(things.second_person_of(row), ""),
    }  # fmt: skip
    return dict(ChangeShape(plain).data)
