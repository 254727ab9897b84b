"""The list of mappings, and one mapping as people read it."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from exceptions_queue.pages.door import context, page, person
from governance.models import Version
from governance.models.version import State
from governance.rights import NotAllowed, Right, allowed, allowed_anywhere
from hub.mapping_pages import samples
from hub.mapping_pages.found import mapping_of, version_of
from hub.mapping_pages.lacking_tables import places
from hub.mapping_pages.samples import NoSample
from hub.mapping_pages.shown import Known, field_rows, rule_rows
from hub.mapping_pages.table_form import TableForm
from mappings.covering import covered_one
from mappings.differences import origin
from mappings.field_table import table_of
from mappings.models import LookupTable, Mapping
from mappings.models.mapping import KIND
from mappings.row_trial import TableTrial, Tried, try_rows
from routes.models import Destination, Route

ON_ITS_WAY = (State.DRAFT, State.SUBMITTED, State.APPROVED)


@dataclass(frozen=True, slots=True)
class Line:
    """One mapping of the list."""

    mapping: Mapping
    in_force: int | None  # number of the version
    coming: Version | None  # the newest that is not in force yet


@page
def mappings(request: HttpRequest) -> HttpResponse:
    """List the mappings with what is in force and what is coming."""
    user = person(request)
    found = list(Mapping.objects.visible_to(user).select_related("legal_entity").order_by("title"))
    states = [State.PUBLISHED, *ON_ITS_WAY]
    versions = Version.objects.filter(kind=KIND, object_key__in=[each.key for each in found], state__in=states)
    in_force: dict[str, int] = {}
    coming: dict[str, Version] = {}
    for version in versions.defer("content").order_by("number"):
        if version.state == State.PUBLISHED:
            in_force[version.object_key] = version.number
        else:
            coming[version.object_key] = version
    lines = [Line(each, in_force.get(each.key), coming.get(each.key)) for each in found]
    edits = allowed_anywhere(user, Right.EDIT_CONFIGURATION)
    return render(request, "hub/mapping/mappings.html", context("mappings", lines=lines, edits=edits))


@page
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a version of a mapping, the one in force by itself: each field, where it comes from, and a sample."""
    row, user = mapping_of(request, pk), person(request)
    versions = Version.objects.of(KIND, row.key)
    number = request.GET.get("version", "")
    if number and not (number.isascii() and number.isdigit() and len(number) < 9):
        raise Http404("There is no such version.")
    version = version_of(row, int(number)) if number else versions.in_force().first() or versions.first()
    table = table_of(covered_one(version.content, by=user)) if version else table_of({})
    known = Known(list(LookupTable.objects.visible_to(user).order_by("title")))
    chosen, unsampled, trial = "", "", TableTrial([Tried() for _ in table.fields], [Tried() for _ in table.rules])
    offered: list[samples.Choice] = []
    tries = any(
        allowed(user, each, row.legal_entity) for each in (Right.EDIT_CONFIGURATION, Right.APPROVE_CONFIGURATION)
    )
    if tries:
        offered = [each for each in samples.choices(row, user, table.source, table.target)
                   if each.value != samples.PASTED]  # fmt: skip
        chosen = request.GET.get("sample", "") or (offered[0].value if offered else "")
        try:
            sample = samples.sample_of(row, chosen, "", user, table.source, table.target)
            trial = try_rows(row, table=table, sample=sample, by=user)
        except (NoSample, NotAllowed) as error:
            unsampled = str(error)
    form = TableForm.of(table)
    shown = field_rows(form, table, known, trial)
    more = context(
        "mappings", mapping=row, version=version, table=table, tab="fields",
        fields=list(zip(shown, [origin(each, known.titles) for each in table.fields], strict=True)),
        rules=list(zip(rule_rows(form, table, trial), table.rules, strict=True)),
        trial=trial, samples=offered, chosen=chosen, unsampled=unsampled,
        used=used_by(row, user), lacking=places(version.content, user, row.legal_entity) if version else [],
        **steps_of(row, user),
    )  # fmt: skip
    return render(request, "hub/mapping/mapping.html", more)


def steps_of(row: Mapping, user: Any) -> dict[str, Any]:
    """Return what the head of a mapping's pages offers to somebody."""
    return {"edits": allowed(user, Right.EDIT_CONFIGURATION, row.legal_entity)}


def used_by(row: Mapping, user: Any) -> list[tuple[str, str]]:
    """Return the routes and destinations that use a mapping, which somebody may see: name, and what for."""
    routes = Route.objects.visible_to(user).filter(mapping=row.key).order_by("name")
    reached = Destination.objects.visible_to(user).filter(mapping=row.key).select_related("route")
    return [
        *((route.name, "what it reads") for route in routes),
        *((each.route.name, f"what it writes to {each.name}") for each in reached.order_by("route__name", "name")),
    ]
