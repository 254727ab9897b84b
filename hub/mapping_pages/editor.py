"""Write a draft of a mapping as a table: a row for each field and rule, the sample beside each, kept under a lock."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from exceptions_queue.pages.door import context, page, person
from governance import taken
from governance.models import User, Version
from governance.models.version import State
from governance.rights import Right, require
from governance.row_numbers import number_in
from governance.versions import ChangedMeanwhile, WrongState
from hub.mapping_pages import samples
from hub.mapping_pages.found import Sides, mapping_of, newest, sides_of
from hub.mapping_pages.lacking_tables import places
from hub.mapping_pages.samples import NoSample, NotReadable
from hub.mapping_pages.shown import Known, field_rows, head_cells, rule_rows
from hub.mapping_pages.table_form import TableForm, told
from mappings import drafting
from mappings.covering import covered_one
from mappings.differences import Difference, differences
from mappings.field_table import FieldTable, content_of, table_of
from mappings.formula.problems import MappingErrors
from mappings.models import LookupTable, Mapping
from mappings.models.mapping import KIND
from mappings.row_trial import TableTrial, try_rows
from mappings.sides import source_side, target_side
from mappings.starting import from_start, from_target, required_at

HTMX_PARTS = "hub/mapping/rows.html"


@page
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the newest draft as a table, or what is in force to begin one with; keep what was typed."""
    mapping = mapping_of(request, pk)
    require(person(request), Right.EDIT_CONFIGURATION, mapping.legal_entity)
    last = newest(mapping)
    content = last.content if last else {}
    if request.method != "POST":
        form = TableForm.of(table_of(covered_one(content, by=person(request))), **_seen(last))
        form.head |= {"note": last.note if last and last.state == State.DRAFT else "", "sample": "", "pasted": ""}
        return _shown(request, mapping, form)
    form = TableForm.typed(request.POST, content.get("from", {}), content.get("to", {}))
    return _posted(request, mapping, form, None)


@page
def new_draft(request: HttpRequest) -> HttpResponse:
    """Write the first draft of a new mapping, between the two sides that the address names."""
    sides = sides_of(request)
    require(person(request), Right.EDIT_CONFIGURATION, sides.legal_entity)
    if request.method != "POST":
        return _shown(request, None, _begun(sides), sides)
    return _posted(request, None, TableForm.typed(request.POST, sides.source, sides.target), sides)


@page
@require_POST
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what becomes of the sample while somebody types; keeps nothing."""
    mapping = mapping_of(request, pk)
    last = newest(mapping)
    content = last.content if last else {}
    return _preview(request, mapping, TableForm.typed(request.POST, content.get("from", {}), content.get("to", {})))


@page
@require_POST
def new_preview(request: HttpRequest) -> HttpResponse:
    """Show what becomes of the sample while somebody writes a new mapping."""
    sides = sides_of(request)
    return _preview(request, None, TableForm.typed(request.POST, sides.source, sides.target), sides)


def _preview(
    request: HttpRequest, mapping: Mapping | None, form: TableForm, sides: Sides | None = None
) -> HttpResponse:
    table = form.read()
    form.errors = {}
    return render(request, "hub/mapping/preview.html", _given(request, mapping, form, table, sides))


def _posted(request: HttpRequest, mapping: Mapping | None, form: TableForm, sides: Sides | None) -> HttpResponse:
    what = request.POST.get("do", "keep")
    if what == "keep":
        return _keep(request, mapping, form, sides)
    form.do(what)
    return _shown(request, mapping, form, sides)


def _keep(request: HttpRequest, mapping: Mapping | None, form: TableForm, sides: Sides | None) -> HttpResponse:
    unfilled = form.set_aside()
    table, user = form.read(), person(request)
    if form.errors:
        form.place(table, _mistakes(mapping, table, user, sides))
        form.rows += unfilled
        return _shown(request, mapping, form, sides, status=422)
    try:
        version = _write(mapping, form, content_of(table), user, sides)
    except MappingErrors:
        form.place(table, _mistakes(mapping, table, user, sides))
        form.rows += unfilled
        return _shown(request, mapping, form, sides, status=422)
    except ChangedMeanwhile as error:
        last = newest(mapping) if mapping else None  # a new one that somebody has kept meanwhile has no form to compare
        stands = covered_one(last.content, by=user) if last else {}
        theirs = differences(stands, content_of(table), titles=_known(user).titles) if last else []
        form.head |= _seen(last)
        form.say("h", 0, "", str(error))
        return _shown(request, mapping, form, sides, status=409, theirs=theirs)
    except WrongState as error:
        form.say("h", 0, "", str(error))
        return _shown(request, mapping, form, sides, status=409)
    messages.success(request, f"Kept: {_called(version)}. It changes nothing until it is published.")
    row = Mapping.objects.get(key=version.object_key)
    return redirect("mappings:versions", pk=row.pk)


def _write(
    mapping: Mapping | None, form: TableForm, content: dict[str, Any], user: User, sides: Sides | None
) -> Version:
    note, seen = form.head["note"].strip(), form.head["seen"]
    if mapping is None:
        assert sides is not None
        if Version.objects.of(KIND, sides.key).exists():  # somebody else was quicker, or the address was typed
            raise WrongState(taken.words(Mapping.objects.filter(key=sides.key), "short name", by=user))
        return drafting.draft(
            key=sides.key, content=content, by=user, legal_entity=sides.legal_entity, note=note, newest_seen=0
        )
    number = form.head["draft"]
    if number:
        row = Version.objects.of("mapping", mapping.key).filter(number=number_in(number) or 0).first()
        if row is not None:
            return drafting.revise(row, content=content, by=user, note=note, content_seen=seen)
    last = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0
    return drafting.draft(
        key=mapping.key, content=content, by=user, legal_entity=mapping.legal_entity, note=note, newest_seen=last
    )


def _mistakes(mapping: Mapping | None, table: FieldTable, user: User, sides: Sides | None) -> Any:
    return _try(mapping, table, None, user, sides).mistakes


def _try(mapping: Mapping | None, table: FieldTable, sample: Any, user: User, sides: Sides | None) -> TableTrial:
    if mapping is None and sides is not None:
        return try_rows(None, table=table, sample=sample, by=user, legal_entity=sides.legal_entity)
    return try_rows(mapping, table=table, sample=sample, by=user)


def _seen(last: Version | None) -> dict[str, str]:
    """Return what a form remembers of the version that it was made from."""
    if last is not None and last.state == State.DRAFT:
        return {"draft": str(last.number), "seen": last.content_hash}
    return {"draft": "", "seen": str(last.number if last else 0)}


def _shown(
    request: HttpRequest, mapping: Mapping | None, form: TableForm, sides: Sides | None = None, *,
    status: int = 200, theirs: list[Difference] | None = None,
) -> HttpResponse:  # fmt: skip
    errors = dict(form.errors)
    table = form.read()
    form.errors = errors
    given = _given(request, mapping, form, table, sides)
    more = context("mappings", **given, theirs=theirs, general=form.errors.get(("h", 0, ""), []), wrong=bool(errors))
    template = HTMX_PARTS if request.headers.get("HX-Request") else "hub/mapping/draft.html"
    return render(request, template, more, status=status)


def _given(
    request: HttpRequest, mapping: Mapping | None, form: TableForm, table: FieldTable, sides: Sides | None
) -> dict[str, Any]:
    user = person(request)
    offered = samples.choices(mapping, user, form.source, form.target)
    chosen = form.head.get("sample") or offered[0].value
    company = mapping.legal_entity if mapping else sides.legal_entity if sides else None
    unsampled = unreadable = ""
    try:
        sample = samples.sample_of(
            mapping, chosen, form.head.get("pasted", ""), user, form.source, form.target, company
        )  # fmt: skip
    except NotReadable as error:
        sample, unreadable = None, str(error)
    except NoSample as error:
        sample, unsampled = None, str(error)
    trial = _try(mapping, table, sample, user, sides)
    known = _known(user)
    query = f"?{request.GET.urlencode()}" if mapping is None else ""
    at = [mapping.pk] if mapping else []
    return {
        "mapping": mapping,
        "sides": sides,
        "form": form,
        "head": head_cells(form),
        "fields": field_rows(form, table, known, trial),
        "rules": rule_rows(form, table, trial),
        "trial": trial,
        "mistakes": len(trial.mistakes),
        "general_mistakes": [told(problem) for place, problem in trial.mistakes if not place.what],
        "samples": offered,
        "chosen": chosen,
        "sampled": sample is not None,
        "unsampled": unsampled,
        "unreadable": unreadable,
        "lacking": places(content_of(table), user, company),
        "readable": source_side(form.source, [sample.record] if sample else ()),
        "fillable": target_side(form.target),
        "results": sorted({row.to for row in table.fields if row.to and not row.inside}),
        "action": (reverse("mappings:draft", args=at) if mapping else reverse("mappings:new-draft")) + query,
        "previewed": (reverse("mappings:preview", args=at) if mapping else reverse("mappings:new-preview")) + query,
    }


def _known(user: User) -> Known:
    return Known(list(LookupTable.objects.visible_to(user).order_by("title")))


def _begun(sides: Sides) -> TableForm:
    """Return the form of a new mapping: a shipped one to make one's own, else a row for each field of the target."""
    head = {"seen": "0", "draft": "", "sample": "", "pasted": "", "note": ""}
    if sides.start is not None:
        return TableForm.of(from_start(sides.start, sides.name), **head)
    form = TableForm.of(from_target(sides.name, sides.source, sides.target), **head)
    form.offer(required_at(sides.target))
    return form


def _called(version: Version) -> str:
    return f"version {version.number} ({version.get_state_display().lower()})"
