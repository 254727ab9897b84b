"""A mapping as YAML, for those who know it: kept by the same verbs and the same lock as the table."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from exceptions_queue.pages.door import context, page, person
from governance.models.version import State
from governance.rights import NotAllowed, Right, allowed
from governance.row_numbers import number_in
from governance.versions import WrongState
from hub.mapping_pages.found import mapping_of, newest
from hub.mapping_pages.pages import steps_of
from mappings import drafting
from mappings.covering import covered_one
from mappings.formula.problems import MappingErrors
from mappings.written import read_text, text_of

LARGEST = 400_000  # characters


class TextForm(forms.Form):
    """A mapping as YAML, what changed, and what the person has seen."""

    content = forms.CharField(
        label="Mapping (YAML)", strip=False, max_length=LARGEST,
        widget=forms.Textarea(attrs={"rows": 30, "spellcheck": "false", "class": "code"}),
    )  # fmt: skip
    note = forms.CharField(max_length=500, label="What changed, and why", required=False)
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)


@page
def technical(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the newest version as YAML, or keep what was written as a draft."""
    row, user = mapping_of(request, pk), person(request)
    last = newest(row)
    seen = last.content_hash if last and last.state == State.DRAFT else str(last.number if last else 0)
    started = {"content": text_of(covered_one(last.content, by=user)) if last else "", "note": "", "seen": seen}
    if last and last.state == State.DRAFT:
        started["note"] = last.note
    form = TextForm(request.POST if request.method == "POST" else None, initial=started, label_suffix="")
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                content = read_text(given["content"].replace("\r\n", "\n"))[0]
                if last is not None and last.state == State.DRAFT:
                    made = drafting.revise(
                        last, content=content, by=user, note=given["note"], content_seen=given["seen"]
                    )
                else:
                    made = drafting.draft(
                        key=row.key, content=content, by=user, legal_entity=row.legal_entity, note=given["note"],
                        newest_seen=number_in(given["seen"]) or 0,
                    )  # fmt: skip
            except MappingErrors as error:
                form.add_error("content", str(error).splitlines())
            except WrongState as error:
                form.add_error(None, str(error))
                status = 409
            except NotAllowed as error:
                form.add_error(None, str(error))
                status = 403
            else:
                messages.success(
                    request, f"Kept: version {made.number} (draft). It changes nothing until it is published."
                )
                return redirect("mappings:versions", pk=row.pk)
    more = context("mappings", mapping=row, tab="technical", form=form, version=last, **steps_of(row, user))
    more["writes"] = allowed(user, Right.EDIT_CONFIGURATION, row.legal_entity)
    return render(request, "hub/mapping/technical.html", more, status=status)
