"""The admin's pages for a mapping: write a draft, try it on samples, compare, and take it through its versions."""

import difflib
from collections.abc import Callable, Collection
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from connectors.models import Connection
from governance import deed_page, versions
from governance.deed_page import Deed, ReasonForm, button
from governance.models import Version
from governance.models.version import State
from governance.rights import Right, allowed
from mappings import drafting, trial
from mappings.models import Mapping
from mappings.models.mapping import KIND
from mappings.row_admin import person
from mappings.samples import read_samples, samples_of, written
from mappings.written import read_text, text_of

TEMPLATE = "admin/mapping_deed.html"
CODE = {"rows": 30, "spellcheck": "false", "style": "font-family: monospace"}


class DraftForm(forms.Form):
    """A mapping as YAML, and what changed."""

    content = forms.CharField(label="Mapping (YAML)", strip=False, widget=forms.Textarea(attrs=CODE))
    note = forms.CharField(max_length=500, label="What changed, and why", required=False)


class TrialForm(forms.Form):
    """A mapping and the samples that it is tried on."""

    content = forms.CharField(label="Mapping (YAML)", strip=False, widget=forms.Textarea(attrs=CODE))
    samples = forms.CharField(
        label="Samples (JSON)", widget=forms.Textarea(attrs={**CODE, "rows": 12}), help_text="A list of records."
    )
    connection = forms.ModelChoiceField(
        queryset=Connection.objects.none(), required=False, help_text="Whose numbers cross-references give."
    )


class MappingActions:
    """Buttons on a mapping's page; each is there for those whom the verb lets do it, when it makes sense."""

    actions_detail = [
        "write_draft", "try_on_samples", "compare_versions", "submit_draft", "approve_draft", "send_draft_back",
        "publish_version",
    ]  # fmt: skip

    @button("Write a draft", "drafts", "edit_draft")
    def write_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Edit the newest draft, or begin one with what is in force."""
        mapping, newest = _mapping(request, object_id), _newest(_mapping(request, object_id))
        draft = newest if newest is not None and newest.state == State.DRAFT else None

        def act(form: forms.Form) -> str:
            content, note = read_text(form.cleaned_data["content"])[0], form.cleaned_data["note"]
            if draft is not None:
                return f"Kept: {drafting.revise(draft, content=content, by=person(request), note=note)}."
            made = drafting.draft(
                key=mapping.key, content=content, by=person(request), legal_entity=mapping.legal_entity, note=note
            )
            return f"Kept: {made}. It changes nothing until it is published."

        started = {"content": text_of(newest.content) if newest else "", "note": draft.note if draft else ""}
        form = DraftForm(deed_page.sent(request), initial=started)
        title = f"Edit {draft}" if draft else f"Write a draft of {mapping}"
        return deed_page.shown(request, Deed(title, "Keep the draft", form, act, _back(mapping)))

    @button("Try on samples", "trials", "edit_draft")
    def try_on_samples(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a mapping makes of samples; nothing is kept or sent."""
        mapping = _mapping(request, object_id)
        newest, user = _newest(mapping), person(request)
        started = {
            "content": text_of(newest.content) if newest else "", "samples": written(samples_of(mapping)),
        }  # fmt: skip
        form = TrialForm(deed_page.sent(request), initial=started)
        field = form.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Connection.objects.visible_to(user)
        about = "Nothing is kept and nothing is sent: this shows what would come of each sample."
        deed = Deed(f"Try {mapping} on samples", "Try", form, lambda _: "", _back(mapping), about, template=TEMPLATE)

        def act(typed: forms.Form) -> HttpResponse:
            data = typed.cleaned_data
            found = trial.try_out(
                mapping, content=read_text(data["content"])[0], samples=read_samples(data["samples"]), by=user,
                connection_id=data["connection"].pk if data["connection"] else None,
            )  # fmt: skip
            deed.shown["trials"] = [(written(row.before), written(row.after), row.problems) for row in found]
            return deed_page.page(request, deed)

        deed.act = act
        return deed_page.shown(request, deed)

    @button("Compare", "comparisons", "see_versions")
    def compare_versions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what the newest version changes in the published one."""
        mapping = _mapping(request, object_id)
        newest = _newest(mapping)
        given = {"title": f"Versions of {mapping}", "difference": _difference(mapping, newest), "back": _back(mapping)}
        rows = Version.objects.of(KIND, mapping.key)
        return render(request, "admin/mapping_versions.html", deed_page.site(request) | given | {"versions": rows})

    @button("Submit", "submissions", "submit_draft")
    def submit_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the draft to another person."""
        return _step(request, object_id, "Submit", versions.submit, (State.DRAFT,), argument="note")

    @button("Approve", "approvals", "approve_draft")
    def approve_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a second person's consent."""
        return _step(request, object_id, "Approve", versions.approve, (State.SUBMITTED,))

    @button("Send back", "returns", "send_draft_back")
    def send_draft_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make it a draft again, with a reason."""
        return _step(request, object_id, "Send back", versions.send_back, (State.SUBMITTED, State.APPROVED), needs=True)

    @button("Publish now", "publications", "publish_version")
    def publish_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put the approved version in force."""
        return _step(request, object_id, "Publish", versions.publish, (State.APPROVED,))

    def has_see_versions_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to everybody who sees the mapping."""
        return object_id is not None and Mapping.objects.visible_to(person(request)).filter(pk=object_id).exists()

    def has_edit_draft_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those who edit configuration there."""
        return _may(request, object_id, Right.EDIT_CONFIGURATION)

    def has_submit_draft_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a draft."""
        return _may(request, object_id, Right.EDIT_CONFIGURATION, (State.DRAFT,))

    def has_approve_draft_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a submitted version, to others than those who wrote it."""
        newest = _newest(Mapping.objects.filter(pk=object_id).first()) if object_id else None
        mine = newest is not None and f"person:{request.user.pk}" in newest.contributors
        return not mine and _may(request, object_id, Right.APPROVE_CONFIGURATION, (State.SUBMITTED,))

    def has_send_draft_back_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for what was submitted or approved."""
        return _may(request, object_id, Right.APPROVE_CONFIGURATION, (State.SUBMITTED, State.APPROVED))

    def has_publish_version_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for what was approved."""
        return _may(request, object_id, Right.PUBLISH_CONFIGURATION, (State.APPROVED,))


def _step(
    request: HttpRequest, object_id: str, words: str, verb: Callable[..., Version], states: Collection[str], *,
    argument: str = "reason", needs: bool = False,
) -> HttpResponse:  # fmt: skip
    """Show what a step of the newest version would put in force, or take it."""
    mapping = _mapping(request, object_id)
    newest = _newest(mapping)
    if newest is None or newest.state not in states:
        raise Http404("No version of this mapping can take this step now.")
    version = newest
    form = ReasonForm(deed_page.sent(request))
    form.fields["reason"].required = needs

    def act(typed: forms.Form) -> str:
        done = verb(version, by=person(request), **{argument: typed.cleaned_data["reason"]})
        return f"{str(done)[:1].upper()}{str(done)[1:]}."

    facts = [("Version", str(version)), ("What changed, and why", version.note or "–")]
    shown = {"difference": _difference(mapping, version)}
    deed = Deed(f"{words} {mapping}", words, form, act, _back(mapping), "", facts, shown=shown, template=TEMPLATE)
    return deed_page.shown(request, deed)


def _may(request: HttpRequest, object_id: str | None, right: Right, states: Collection[str] = ()) -> bool:
    mapping = Mapping.objects.filter(pk=object_id).select_related("legal_entity").first() if object_id else None
    if mapping is None or not allowed(person(request), right, mapping.legal_entity):
        return False
    newest = _newest(mapping) if states else None
    return not states or (newest is not None and newest.state in states)


def _mapping(request: HttpRequest, object_id: str) -> Mapping:
    visible = Mapping.objects.visible_to(person(request)).select_related("legal_entity")
    return get_object_or_404(visible, pk=object_id)


def _newest(mapping: Mapping | None) -> Version | None:
    return Version.objects.of(KIND, mapping.key).first() if mapping is not None else None


def _difference(mapping: Mapping, version: Version | None) -> str:
    """Return what a version changes in the published one, line by line; "" when nothing."""
    published = Version.objects.of(KIND, mapping.key).in_force().first()
    old: Any = text_of(published.content).splitlines() if published else []
    new: Any = text_of(version.content).splitlines() if version else []
    return "\n".join(difflib.unified_diff(old, new, "published", "this version", lineterm=""))


def _back(mapping: Mapping) -> str:
    return reverse("admin:mappings_mapping_change", args=[mapping.pk])
