"""Cross-references: which id in one system is which record of ours; found by either, added and put right by people."""

import hashlib
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from canonical.entities import ENTITIES
from connectors.models import Connection
from exceptions_queue import naming
from exceptions_queue.pages.door import context, page, person
from governance.deed_page import ReasonForm
from governance.models import LegalEntity, User
from governance.rights import NotAllowed, Right, allowed_anywhere, require
from governance.seen import SEEN, carry
from mappings import cross_references, discreet
from mappings.models import CrossReference
from mappings.row_form import words_of

SIZE = 50


class ReferenceForm(forms.Form):
    """One record of ours and its id at a connection."""

    entity = forms.ChoiceField(label="Kind of record", choices=[(each, words_of(each)) for each in ENTITIES])
    connection = forms.ModelChoiceField(queryset=Connection.objects.none(), to_field_name="slug", empty_label="Choose…")
    company = forms.ModelChoiceField(
        queryset=LegalEntity.objects.none(), to_field_name="code", label="Company", empty_label="Choose…"
    )
    key = forms.CharField(max_length=200, label="Our key")
    external_id = forms.CharField(max_length=200, label="Id there")
    reference = forms.CharField(
        max_length=200,
        required=False,
        label="Number there",
        help_text="What people see there, such as a document number.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        self.fields[SEEN] = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)  # of what is there
        for name, found in (
            ("connection", Connection.objects.visible_to(user).defer("secrets").order_by("name")),
            ("company", LegalEntity.objects.visible_to(user, Right.EDIT_TABLES).order_by("code")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = found


@page
def references(request: HttpRequest) -> HttpResponse:
    """List cross-references, narrowed by kind, connection and either id. A page by key."""
    user = person(request)
    chosen = {
        name: request.GET.get(name, "").strip().replace("\0", "") for name in ("entity", "connection", "key", "id")
    }
    connections = list(Connection.objects.visible_to(user).defer("secrets").order_by("name"))
    found = CrossReference.objects.visible_to(user).select_related("legal_entity")
    if chosen["entity"]:
        found = found.filter(entity=chosen["entity"])
    if chosen["connection"]:
        found = found.filter(connection_id__in=[each.pk for each in connections if each.slug == chosen["connection"]])
    if chosen["key"]:
        found = discreet.references_with(found, "canonical_key", chosen["key"], user)
    if chosen["id"]:
        found = discreet.references_with(found, "external_id", chosen["id"], user)
    after = request.GET.get("after", "")
    if after:
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise Http404("There is no such page of the list.")
        found = found.filter(pk__lt=int(after))
    rows = list(found.order_by("-pk")[: SIZE + 1])
    there = Connection.objects.only("name", "legal_entity").in_bulk({row.connection_id for row in rows})
    named = {pk: naming.name_of(each, user) for pk, each in there.items()}
    slugs = {each.pk: each.slug for each in connections}  # of those that the form offers
    more = context(
        "tables",
        rows=[
            (row, named.get(row.connection_id, "a former connection"), slugs.get(row.connection_id, ""))
            for row in discreet.references_shown(rows[:SIZE], user)
        ],
        chosen=chosen, connections=connections, entities=[(each, words_of(each)) for each in ENTITIES],
        after=rows[SIZE - 1].pk if len(rows) > SIZE else "", adds=allowed_anywhere(user, Right.EDIT_TABLES),
    )  # fmt: skip
    return render(request, "hub/table/references.html", more)


class AnotherStands(ValueError):  # reads as what happened
    """Another id stands where one is to be put, and the page has not shown it."""

    def __init__(self, words: str, mark: str) -> None:
        super().__init__(words)
        self.mark = mark


def _mark(row: CrossReference) -> str:
    """Return what is another text once another id, number or company stands there."""
    told = f"{row.external_id}\n{row.reference}\n{row.legal_entity_id or ''}"
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _refuse_unseen(form: ReferenceForm, new: cross_references.NewReference, user: User) -> None:
    """Raise AnotherStands where the form has not seen what it would put another id in the place of."""
    there = cross_references.standing(new)
    said = (new.external_id, new.reference, new.legal_entity_id)
    if there is None or (there.external_id, there.reference, there.legal_entity_id) == said:
        return
    require(user, Right.EDIT_TABLES, there.legal_entity)  # it may be another company's than the one that was typed
    mark = _mark(there)
    if form.cleaned_data[SEEN] != mark:
        [shown] = discreet.references_shown([there], user)
        named = f"{shown.external_id} ({shown.reference})" if shown.reference else shown.external_id
        owner = f", of {there.legal_entity}" if there.legal_entity_id != new.legal_entity_id else ""
        raise AnotherStands(
            f"{shown.canonical_key} is {named} there now{owner}. Send it once more to put {new.external_id} in its "
            "place.",
            mark,
        )


@page
def reference(request: HttpRequest) -> HttpResponse:
    """Add a cross-reference, or put another id in the place of one."""
    user = person(request)
    if not allowed_anywhere(user, Right.EDIT_TABLES):
        require(user, Right.EDIT_TABLES, None)
    names = ("entity", "connection", "company", "key", "external_id", "reference")
    form = ReferenceForm(
        request.POST if request.method == "POST" else None, user=user,
        initial={name: request.GET.get(name, "") for name in names},
    )  # fmt: skip
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            new = cross_references.NewReference(
                given["connection"].pk, given["entity"], given["key"], given["external_id"], given["company"].pk,
                given["reference"],
            )  # fmt: skip
            try:
                with transaction.atomic():
                    _refuse_unseen(form, new, user)
                    changed = cross_references.upsert([new], by=user)
            except cross_references.ReferenceConflict as error:
                form.add_error("external_id", str(error))
            except NotAllowed as error:
                form.add_error(None, str(error))
                status = 403
            except AnotherStands as error:
                form.add_error("external_id", str(error))
                carry(form, error.mark)
            else:
                said = "Kept. What waits for it goes on." if changed else "It stood there like this already."
                messages.success(request, said)
                return redirect(f"{reverse('tables:references')}?entity={new.entity}")
    return render(request, "hub/table/reference.html", context("tables", form=form), status=status)


@page
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a cross-reference out, as the page has shown it."""
    user = person(request)
    row = get_object_or_404(CrossReference.objects.visible_to(user).select_related("legal_entity"), pk=pk)
    require(user, Right.EDIT_TABLES, row.legal_entity)
    form = ReasonForm(request.POST if request.method == "POST" else None, label_suffix="")
    status = 422 if request.method == "POST" else 200
    if form.is_bound and form.is_valid():
        seen = request.POST.get(SEEN, "") == _mark(row)
        place = cross_references.NewReference(
            row.connection_id, row.entity, row.canonical_key, row.external_id, None, row.reference
        )
        try:
            if not seen:
                raise cross_references.ReferenceGone("Something else stands there by now. Look at it, then decide.")
            cross_references.unlink(place, by=user, reason=form.cleaned_data["reason"])
        except ValueError as error:
            form.add_error(None, str(error))
            status = 409
        else:
            messages.success(request, "Taken out. What needs it from now on waits until the id is known anew.")
            return redirect(f"{reverse('tables:references')}?entity={row.entity}")
    [shown] = discreet.references_shown([row], user)
    at = Connection.objects.visible_to(user).filter(pk=row.connection_id).values_list("name", flat=True).first()
    more = context("tables", form=form, row=shown, kind=words_of(row.entity), at=at or "a former connection",
                   mark=_mark(row))  # fmt: skip
    return render(request, "hub/table/reference_removal.html", more, status=status)
