"""The admin's pages for a mapping: write a draft, try it on samples, compare; its versions' steps stand beside."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connectors.models import Connection
from governance import deed_page
from governance.actor import names
from governance.deed_page import Deed, button
from governance.models import Version
from governance.models.version import State
from governance.rights import Right
from mappings import drafting, trial
from mappings.models import Mapping
from mappings.models.mapping import KIND
from mappings.row_admin import person
from mappings.samples import read_samples, samples_of, written
from mappings.version_admin import TEMPLATE, VersionActions, back_to, changes_of, difference, mapping_of, may, newest
from mappings.written import read_text, text_of

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


class MappingActions(VersionActions):
    """Buttons on a mapping's page; each is there for those whom the verb lets do it, when it makes sense."""

    actions_detail = [
        "open_table", "write_draft", "try_on_samples", "compare_versions", "submit_draft", "approve_draft",
        "send_draft_back",
        "publish_version", {"title": "More", "items": ["withdraw_version", "roll_back", "retire_version"]},
    ]  # fmt: skip

    @button("Fields, rules and versions", "fields", "see_versions")
    def open_table(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the page on which a mapping is a table of fields with a sample's values beside it."""
        return redirect("mappings:mapping", pk=mapping_of(request, object_id).pk)

    @button("Write a draft as YAML", "drafts", "edit_draft")
    def write_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Edit the newest draft, or begin one with what is in force."""
        mapping = mapping_of(request, object_id)
        last = newest(mapping)
        draft = last if last is not None and last.state == State.DRAFT else None

        def act(form: forms.Form) -> str:
            content, note = read_text(form.cleaned_data["content"])[0], form.cleaned_data["note"]
            if draft is not None:
                return f"Kept: {drafting.revise(draft, content=content, by=person(request), note=note)}."
            made = drafting.draft(
                key=mapping.key, content=content, by=person(request), legal_entity=mapping.legal_entity, note=note
            )
            return f"Kept: {made}. It changes nothing until it is published."

        started = {"content": text_of(last.content) if last else "", "note": draft.note if draft else ""}
        form = DraftForm(deed_page.sent(request), initial=started)
        title = f"Edit {draft}" if draft else f"Write a draft of {mapping}"
        return deed_page.shown(request, Deed(title, "Keep the draft", form, act, back_to(mapping)))

    @button("Try on samples", "trials", "edit_draft")
    def try_on_samples(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a mapping makes of samples; nothing is kept or sent."""
        mapping = mapping_of(request, object_id)
        last, user = newest(mapping), person(request)
        started = {
            "content": text_of(last.content) if last else "", "samples": written(samples_of(mapping)),
        }  # fmt: skip
        form = TrialForm(deed_page.sent(request), initial=started)
        field = form.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Connection.objects.visible_to(user)
        about = "Nothing is kept and nothing is sent: this shows what would come of each sample."
        deed = Deed(f"Try {mapping} on samples", "Try", form, lambda _: "", back_to(mapping), about, template=TEMPLATE)

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
        mapping = mapping_of(request, object_id)
        rows = list(Version.objects.of(KIND, mapping.key))
        called = names([reference for row in rows for reference in (row.author, row.approved_by) if reference])
        given = {
            "title": f"Versions of {mapping}",
            "versions": [(row, called[row.author], called.get(row.approved_by or "", "")) for row in rows],
            "difference": difference(mapping, rows[0] if rows else None),
            "changes": changes_of(mapping, rows[0] if rows else None),
            "back": back_to(mapping),
            "rolls_back": self.has_roll_back_permission(request, object_id),
        }
        return render(request, "admin/mapping_versions.html", deed_page.site(request) | given)

    def has_see_versions_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to everybody who sees the mapping."""
        return object_id is not None and Mapping.objects.visible_to(person(request)).filter(pk=object_id).exists()

    def has_edit_draft_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those who edit configuration there."""
        return may(request, object_id, Right.EDIT_CONFIGURATION)
