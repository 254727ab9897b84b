"""The administration's forms of things that have drafts: what is typed there can be kept as a draft.

The form itself says what would stand in the rows: it is saved by all its own checks in a transaction that is rolled
back, and the document of what then stood there is the draft. In the same way a draft is opened for editing: it is put
into the rows, the form is shown of them, and all of it is rolled back.
"""

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.messages.storage import default_storage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape

from connectors.admin import ConnectionAdmin
from connectors.connection_form import PREFIX
from connectors.health import Health
from connectors.models import Connection
from exceptions_queue import guarded
from governance import second_person
from governance.actor import as_actor
from governance.calendar_admin import BusinessCalendarAdmin
from governance.models import User, Version
from governance.scoped_admin import ScopedAdmin
from governance.second_person import NeedsSecondPerson
from governance.versions import ChangedMeanwhile, WrongState
from hub.changes import drafting, keeping, meanwhile, putting, things
from hub.changes.buttons import SubmitButton
from hub.changes.fitting import fitted
from hub.changes.found import version_or_thrown_away
from hub.changes.naming import CHOOSE_ANOTHER, STAYS, KeepsItsName, Refused, TakesAnotherName
from hub.configuration.form import Data

ANOTHER = "It is kept as a new draft with the short name {}. The one of the name that is taken stays until thrown away."


@dataclass(slots=True)
class Trial:
    """What came of saving a form, which is undone: the page to show, or the document and the secrets typed."""

    answer: HttpResponse
    content: Data | None = None  # None: the form was refused
    secrets: dict[str, Any] = field(default_factory=dict)


class Drafted(ScopedAdmin):
    """The form of a thing that has drafts. Where a second person is asked for, saving makes one."""

    drafted: ClassVar[str]  # kind of the versions
    named_by: ClassVar[str] = "slug"  # the field that says which thing it is of
    change_form_before_template = "admin/drafts.html"

    def name_of(self, obj: Any) -> str:
        """Return the name of a row's thing."""
        return str(obj.slug)

    def states_of(self, obj: Any) -> str:
        """Return the address of the page of its states."""
        return reverse("changes:states", args=[self.drafted, self.name_of(obj)])

    def own_page_of(self, obj: Any) -> str:
        """Return the address of the page that says how a thing is doing; "" where there is none."""
        return ""

    def note_of(self, request: HttpRequest) -> str | None:
        """Return what the form says for the one who approves; None where it asks nothing or nothing is said."""
        return None

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form; for a draft of a thing it refuses another name beside its field."""
        form = super().get_form(request, obj, change, **kwargs)
        told = request.__dict__
        if version_in(request):
            form = type(form.__name__, (form,), {"marked_elsewhere": True})
        if "_keeps_its_name" in told:
            kind = TakesAnotherName if "_takes_another" in told else KeepsItsName
            form = type(form.__name__, (kind, form), {"named_by": self.named_by})
        if "_refused" in told:
            form = type(form.__name__, (Refused, form), {"refused": told["_refused"]})
        if "_takes_another" in told and self.named_by in form.base_fields:
            form.base_fields[self.named_by].help_text = CHOOSE_ANOTHER.format(told["_version"].object_key)
        elif (version_in(request) or request.__dict__.get("_asked_by")) and self.named_by in form.base_fields:
            form.base_fields[self.named_by].help_text = STAYS
        return form

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show or take the form; keep what is typed as a draft when that is asked for, or nothing else is possible."""
        row = self.get_object(request, object_id) if object_id else None
        given = {**(extra_context or {}), **self._offered(request, row)}

        def act() -> HttpResponse:
            return super(Drafted, self).changeform_view(request, object_id, form_url, given)

        if request.method != "POST" or not self._may_change(request, row):
            return act()
        if SubmitButton.action_name in request.POST:
            return self.kept(request, row, act)
        try:
            return act()
        except NeedsSecondPerson:
            return self.kept(request, row, act)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete, or ask first; where a second person is asked for, make it a draft to take the thing out."""

        def act() -> HttpResponse:
            return super(Drafted, self).delete_view(request, object_id, extra_context)

        try:
            return act()
        except NeedsSecondPerson:
            return self.kept(request, self.get_object(request, object_id), act)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the list; several at once are deleted only where no second person is asked for."""
        try:
            return super().changelist_view(request, *args, **kwargs)
        except NeedsSecondPerson as refused:
            return render(request, "403.html", {"message": f"{refused} Delete them one by one."}, status=403)

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer to keep what is typed as a draft to those who may change it."""
        words = "Keep the draft" if version_in(request) else "Save as a draft"
        return [SubmitButton(words)] if self.has_change_permission(request) else []

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer no deeds with a row that is only shown as a draft has it."""
        return [] if version_in(request) else super().get_actions_detail(request, object_id)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rows edited together with it, and keep the state that came of it."""
        super().save_related(request, form, formsets, change)
        request.__dict__["_saved"] = form.instance
        keeping.soon(self.drafted, self.name_of(form.instance), by=as_actor(request.user))

    def kept(self, request: HttpRequest, row: Any, act: Callable[[], HttpResponse]) -> HttpResponse:
        """Keep what a form would save as a draft, and lead to it; the form again where it is refused."""
        name = self.name_of(row) if row is not None else ""
        if name:
            request.__dict__["_keeps_its_name"] = True
        kept = row.kept_secrets() if isinstance(row, Connection) else {}
        trial = self._tried(request, name, kept, act)
        if trial.content is None:
            return trial.answer
        name = name or request.__dict__["_name"]
        assert isinstance(request.user, User)
        try:
            made = drafting.draft(
                self.drafted, name, trial.content, by=request.user, secrets=trial.secrets,
                note=self.note_of(request) or "",
            )  # fmt: skip
        except WrongState as refused:
            return self._typed_again(request, refused, act, redirect(request.path))
        messages.success(
            request, "It is kept as a draft, and nothing is changed yet. Send it for approval when it is done."
        )
        return redirect("changes:change", made.pk)

    def edited(self, request: HttpRequest, version: Version) -> HttpResponse:
        """Show a draft in the form, or keep what is typed there as the draft's."""
        request.__dict__ |= {"_version": version, "_keeps_its_name": True}
        if foreign := things.is_foreign(version):
            request.__dict__["_takes_another"] = True
        current = meanwhile.shown(version)
        seen = request.POST.get(meanwhile.SEEN, "") if request.method == "POST" else current
        request.__dict__["draft_seen"] = seen
        opened = version if seen == current else meanwhile.as_seen(version, seen)

        def act() -> HttpResponse:
            request.__dict__["_wrong"] = putting.put_to_edit(opened, reader=as_actor(request.user))
            row = self.row_of(version)
            if request.method == "POST":
                together = self.get_formsets_with_inlines(request, row)
                request.POST = fitted(request, row, together)  # type: ignore[assignment]  # a copy
            return self.form_of(request, row)

        where = ("changes:changes",) if things.is_thrown_away(version) else ("changes:change", version.pk)
        try:
            row = None if foreign else self.row_of(version, missing=True)
            kept = row.kept_secrets() if isinstance(row, Connection) else {}
            trial = self._tried(request, "" if foreign else version.object_key, kept, act)
            if trial.content is None:
                return trial.answer
            if seen != current:
                return self._met(request, version, seen, trial)
            assert isinstance(request.user, User)
            what: dict[str, Any] = {"by": request.user, "secrets": trial.secrets, "note": self.note_of(request)}
            if foreign:
                name, what["note"] = request.__dict__["_name"], what["note"] or version.note
                done = drafting.draft(self.drafted, name, trial.content, **what)
            else:
                done = drafting.put_on_top(version, trial.content, seen=current, **what)
        except ChangedMeanwhile:
            return self.edited(request, version_or_thrown_away(request, version.pk))
        except WrongState as refused:
            return self._typed_again(request, refused, act, redirect(*where))
        messages.success(request, ANOTHER.format(done.object_key) if foreign else "The draft is kept.")
        return redirect("changes:change", done.pk)

    def _typed_again(
        self, request: HttpRequest, refused: WrongState, act: Callable[[], HttpResponse], there: HttpResponse
    ) -> HttpResponse:
        """Show the form with all that was typed, and why it is not kept; lead on where there is no form to show."""
        if request.method == "POST" and not isinstance(refused, drafting.NothingChanged):
            request.__dict__["_refused"] = str(refused)
            with suppress(WrongState):
                trial = self._tried(request, "", {}, act)
                if trial.content is None:
                    trial.answer.status_code = 409
                    return trial.answer
        messages.warning(request, str(refused))
        return there

    def _met(self, request: HttpRequest, version: Version, seen: str, trial: Trial) -> HttpResponse:
        """Show the form again, with what was typed on top of what others have made of the draft meanwhile."""
        mine = trial.content or {}
        typed = [name for name in trial.secrets if request.POST.get(PREFIX + name)]
        request.__dict__["_typed_secrets"] = typed
        met = meanwhile.met(version, seen, mine, things.secrets_said(version, typed))
        request.__dict__ |= {
            "draft_met": met,
            "draft_seen": meanwhile.shown(version),
            "_typed_note": self.note_of(request),
        }
        request.method = "GET"  # the form is shown of the rows

        def show(content: Data) -> HttpResponse:
            both = copy(version)
            both.content = content

            def act() -> HttpResponse:
                request.__dict__["_wrong"] = putting.put_to_edit(both, reader=as_actor(request.user))
                return self.form_of(request, self.row_of(both))

            return self._tried(request, version.object_key, {}, act).answer

        try:
            answer = show(meanwhile.together(version, seen, mine))
        except putting.NotPossible:  # the two do not go together: only what was typed does
            answer = show(mine)
        answer.status_code = 409
        return answer

    def form_of(self, request: HttpRequest, row: Any) -> HttpResponse:
        """Return the form of a row, past the question whether to keep a draft of it."""
        return super().changeform_view(request, str(row.pk), "", self._offered(request, row))

    def row_of(self, version: Version, *, missing: bool = False) -> Any:
        """Return the row of a version's thing; where it is `missing` none."""
        found = self.model._default_manager.filter(slug=version.object_key)
        return found.first() if missing else found.get()

    def _tried(self, request: HttpRequest, name: str, kept: dict[str, Any], act: Callable[[], HttpResponse]) -> Trial:
        """Save a form and undo it, with what it says of itself; return what it would have brought."""
        said, request._messages = request._messages, default_storage(request)  # type: ignore[attr-defined]  # Django's own
        with second_person.agreed(), transaction.atomic():
            answer = act()
            if hasattr(answer, "render") and callable(answer.render):
                answer.render()
            trial = Trial(answer)
            if answer.status_code == 302 and request.method == "POST":
                request._messages = said  # type: ignore[attr-defined]
                saved = request.__dict__.get("_saved")
                named = self.name_of(saved) if saved is not None else name
                trial.content = things.document(self.drafted, name or named)
                request.__dict__["_name"] = named
                if isinstance(saved, Connection):
                    trial.secrets = {
                        n: each
                        for n, each in saved.kept_secrets().items()
                        if kept.get(n) != each or request.POST.get(PREFIX + n)  # the same one, for another address
                    }
            transaction.set_rollback(True)
        return trial

    def _may_change(self, request: HttpRequest, row: Any) -> bool:
        return self.has_change_permission(request, row) if row is not None else self.has_add_permission(request)

    def _offered(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the form's page offers: to save, only where that needs nobody else."""
        given: dict[str, Any] = {"actions_submit_line": self.get_actions_submit_line(request, None)}
        version, asked, gone = version_in(request), None, False
        if row is not None and version is None:
            if self._may_change(request, row):  # who only reads it saves nothing
                asked = second_person.asks_for(request.user, row.companies_concerned())
            request.__dict__["_asked_by"] = asked
            of_it = Version.objects.of(self.drafted, self.name_of(row)).readable_by(request.user)
            given["drafts"] = of_it.filter(state__in=things.OPEN)
            if any(things.may_read(request.user, company) for company in row.companies_concerned()[:1]):
                given["states"] = self.states_of(row)
            given["own_page"] = self.own_page_of(row)
        if asked or version:
            given |= dict.fromkeys(("show_save", "show_save_and_continue", "show_save_and_add_another"), False)
        if version:
            given["draft_problems"] = list(dict.fromkeys(str(each) for each in request.__dict__.get("_wrong", ())))
            gone = things.is_thrown_away(version)
            given |= {"show_delete": False, "title": f"Draft of {things.title(version)}"}
        return given | {"asked_by": asked, "draft_version": None if gone else version}


class DraftedConnection(Drafted, ConnectionAdmin):
    """Connections. Secrets that are typed for a draft are kept beside it, encrypted."""

    drafted = "connection"

    def own_page_of(self, obj: Any) -> str:
        """Return the address of the connection's page."""
        return reverse("hub:connection", args=[obj.slug])

    def health_of(self, row: Connection) -> Health:
        """Return how a connection is, as its page says it."""
        return guarded.healths([row])[row.pk]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the connection's connector, with what is wrong with a draft beside its questions."""
        form = super().get_form(request, obj, change, **kwargs)
        form.typed_before = request.__dict__.get("_typed_secrets", ())
        asked = {str(field.label): field for name, field in form.base_fields.items() if name.startswith(PREFIX)}
        for each in request.__dict__.get("_wrong", ()):
            title, _, words = str(each).partition(": ")
            if title in asked:
                asked[title].help_text = f"{escape(words)} {asked[title].help_text}".strip()
        return form


class DraftedCalendar(Drafted, BusinessCalendarAdmin):
    """Calendars, named by their company."""

    drafted = "calendar"
    named_by = "legal_entity"

    def name_of(self, obj: Any) -> str:
        """Return the code of its company."""
        return str(obj.legal_entity.code)

    def row_of(self, version: Version, *, missing: bool = False) -> Any:
        """Return the calendar of a version's company."""
        found = self.model._default_manager.filter(legal_entity__code=version.object_key)
        return found.first() if missing else found.get()


def version_in(request: HttpRequest) -> Version | None:
    """Return the draft that is being edited, if one is."""
    return request.__dict__.get("_version")
