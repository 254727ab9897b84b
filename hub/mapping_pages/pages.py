"""The list of mappings, one mapping as people read it, and how a new one begins."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from exceptions_queue.pages.door import context, page, person
from governance.models import LegalEntity, Version
from governance.models.version import State
from governance.rights import NotAllowed, Right, allowed, allowed_anywhere, require
from hub.mapping_pages import samples
from hub.mapping_pages.found import KEY, ends, mapping_of, side_of, version_of
from hub.mapping_pages.samples import NoSample
from hub.mapping_pages.shown import Known, field_rows, rule_rows
from hub.mapping_pages.table_form import TableForm
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
    table = table_of(version.content) if version else table_of({})
    known = Known(list(LookupTable.objects.visible_to(user).order_by("title")))
    chosen, unsampled, trial = "", "", TableTrial([Tried() for _ in table.fields], [Tried() for _ in table.rules])
    offered: list[samples.Choice] = []
    tries = any(
        allowed(user, each, row.legal_entity) for each in (Right.EDIT_CONFIGURATION, Right.APPROVE_CONFIGURATION)
    )
    if tries:
        offered = [each for each in samples.choices(row, user) if each.value != samples.PASTED]
        chosen = request.GET.get("sample", "") or (offered[0].value if offered else "")
        try:
            trial = try_rows(row, table=table, sample=samples.sample_of(row, chosen, "", user), by=user)
        except (NoSample, NotAllowed) as error:
            unsampled = str(error)
    form = TableForm.of(table)
    shown = field_rows(form, table, known, trial)
    more = context(
        "mappings", mapping=row, version=version, table=table, tab="fields",
        fields=list(zip(shown, [origin(each, known.titles) for each in table.fields], strict=True)),
        rules=list(zip(rule_rows(form, table, trial), table.rules, strict=True)),
        trial=trial, samples=offered, chosen=chosen, unsampled=unsampled,
        used=used_by(row, user), **steps_of(row, user),
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


class NewForm(forms.Form):
    """What a new mapping goes by, and its two sides."""

    name = forms.CharField(max_length=200, help_text="As people read it: Harvest time to time entries.")
    key = forms.RegexField(
        KEY, label="Short name", max_length=119, help_text="As routes and files name it: harvest.time_entries.",
        error_messages={"invalid": "Use small letters, digits, dot, hyphen and underscore."},
    )  # fmt: skip
    source = forms.ChoiceField(label="From")
    target = forms.ChoiceField(label="To")
    company = forms.ChoiceField(required=False, label="Legal entity", help_text="Empty: it serves all of them.")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        groups: list[Any] = [("", "Choose…"), *ends()]
        places = LegalEntity.objects.visible_to(user, Right.EDIT_CONFIGURATION).order_by("code")
        for name, choices in (
            ("source", groups), ("target", groups), ("company", [("", "All"), *((p.code, str(p)) for p in places)]),
        ):  # fmt: skip
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean_key(self) -> str:
        """Refuse a name that is taken."""
        key = str(self.cleaned_data["key"])
        if Mapping.objects.filter(key=key).exists() or Version.objects.of(KIND, key).exists():
            raise forms.ValidationError("There is a mapping with this short name already. Choose another one.")
        return key

    def clean(self) -> dict[str, Any]:
        """Refuse two vendors' streams: one side is always the hub's own record."""
        given = dict(self.cleaned_data)
        sides = [side_of(given.get(name, "")) for name in ("source", "target")]
        if all(sides) and not any("entity" in (side or {}) for side in sides):
            self.add_error("target", "One of the two sides is a record of the hub. A route joins two mappings.")
        return given


@page
def new(request: HttpRequest) -> HttpResponse:
    """Ask what a new mapping stands between, and go on to its fields."""
    user = person(request)
    if not allowed_anywhere(user, Right.EDIT_CONFIGURATION):
        require(user, Right.EDIT_CONFIGURATION, None)
    form = NewForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        named = {"key": given["key"], "name": given["name"], "from": given["source"], "to": given["target"]}
        return redirect(f"{reverse('mappings:new-draft')}?{urlencode(named | {'company': given['company']})}")
    status = 422 if request.method == "POST" else 200
    return render(request, "hub/mapping/new.html", context("mappings", form=form), status=status)
