"""How a new mapping begins: its two sides, and one that a connector ships or the fields of the target."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from connectors.models import Connection
from connectors.registry import registry
from exceptions_queue.pages.door import context, page, person
from governance import taken
from governance.models import User, Version
from governance.rights import Right, allowed_anywhere, require
from hub.company_field import CompanyField
from hub.mapping_pages.found import end_of, ends, side_of
from mappings.models import Mapping
from mappings.models.mapping import KEY, KIND
from mappings.starting import Start, free_key, start_of, starts

FROM_TARGET = ("", "The fields of the target")
NAMED = ("name", "key", "source", "target", "company", "start")


class NewForm(forms.Form):
    """What a new mapping stands between, what it begins with, and what it goes by."""

    source = forms.ChoiceField(label="From")
    target = forms.ChoiceField(label="To")
    start = forms.ChoiceField(
        label="Begin with", required=False,
        help_text="A mapping that came with a connector is copied: the draft is yours.",
    )  # fmt: skip
    name = forms.CharField(max_length=200, help_text="As people read it: Harvest time to time entries.")
    key = forms.RegexField(
        KEY, label="Short name", max_length=119, help_text="As routes and files name it: harvest.time_entries.",
        error_messages={"invalid": "Use small letters, digits, dot, hyphen and underscore."},
    )  # fmt: skip
    company = CompanyField()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        self.user = user
        follows = {"hx-get": reverse("mappings:new"), "hx-target": "#new-form", "hx-swap": "outerHTML",
                   "hx-include": "closest form", "hx-sync": "closest form:replace"}  # fmt: skip
        groups: list[Any] = [("", "Choose…"), *ends()]
        given = self.data if self.is_bound else self.initial
        source, target = (side_of(str(given.get(name) or "")) for name in ("source", "target"))
        for name, choices in (
            ("source", groups), ("target", groups), ("start", [FROM_TARGET, *_grouped(starts(source, target))]),
        ):  # fmt: skip
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
            field.widget.attrs |= follows
        company = self.fields["company"]
        assert isinstance(company, CompanyField)
        company.offer_to(user)
        for name, words in (("source", "what it reads"), ("target", "what it makes of it")):
            self.fields[name].required = not (self.is_bound and given.get("start"))
            self.fields[name].error_messages["required"] = f"Choose {words}, or a mapping to begin with."
        self.fields["start"].error_messages["invalid_choice"] = (
            "This one stands between other sides. Choose its two sides, or begin with the fields of the target."
        )

    def clean_key(self) -> str:
        """Refuse a name that is taken."""
        key = str(self.cleaned_data["key"])
        if Mapping.objects.filter(key=key).exists() or Version.objects.of(KIND, key).exists():
            raise forms.ValidationError(taken.words(Mapping.objects.filter(key=key), "short name", by=self.user))
        return key

    def clean(self) -> dict[str, Any]:
        """Take the sides of what it begins with; else ask for two, of which one is the hub's own record."""
        given = dict(self.cleaned_data)
        start = start_of(given.get("start") or "")
        if start is not None:
            return given | {"source": end_of(start.content["from"]), "target": end_of(start.content["to"])}
        sides = [side_of(given.get(name) or "") for name in ("source", "target")]
        if all(sides) and not any("entity" in (side or {}) for side in sides):
            self.add_error("target", "One of the two sides is a record of the hub. A route joins two mappings.")
        return given


@page
def new(request: HttpRequest) -> HttpResponse:
    """Ask what a new mapping stands between, and go on to its fields."""
    user = person(request)
    if not allowed_anywhere(user, Right.EDIT_CONFIGURATION):
        require(user, Right.EDIT_CONFIGURATION, None)
    if request.method == "POST":
        form = NewForm(request.POST, user=user)
        if form.is_valid():
            given = form.cleaned_data
            named = {"key": given["key"], "name": given["name"], "from": given["source"], "to": given["target"],
                     "company": given["company"], "start": given["start"]}  # fmt: skip
            return redirect(f"{reverse('mappings:new-draft')}?{urlencode(named)}")
        return _shown(request, user, form, status=422)
    return _shown(request, user, NewForm(initial=_asked(request), user=user), status=200)


def _asked(request: HttpRequest) -> dict[str, str]:
    """Return what the address, or a form that is being filled in, says so far, and what follows from it.

    Names that the hub suggested follow what is chosen; names that somebody typed stay.
    """
    asked = {name: request.GET.get(name, "")[:200] for name in NAMED}
    changed = request.headers.get("HX-Trigger-Name", "")
    start = start_of(asked["start"])
    if changed in ("source", "target") or start is None:
        sides = [side_of(asked[name]) for name in ("source", "target")]
        found = starts(*sides) if all(sides) else []
        start = start if start in found else found[0] if found and changed in ("source", "target") else None
    asked["start"] = start.key if start else ""
    if start is None:
        return asked
    asked |= {"source": end_of(start.content["from"]), "target": end_of(start.content["to"])}
    suggested = {each.name for each in starts()}
    if asked["name"] in suggested | {""}:
        asked["name"] = start.name
    if asked["key"].rstrip("0123456789").removesuffix("-") in {"", *(each.key for each in starts())}:
        asked["key"] = free_key(start.key)
    return asked


def _shown(request: HttpRequest, user: User, form: NewForm, *, status: int) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, "hub/mapping/new_form.html", context("mappings", form=form), status=status)
    more = context("mappings", form=form, offered=_offered(user))
    return render(request, "hub/mapping/new.html", more, status=status)


def _offered(user: User) -> list[Start]:
    """Return the shipped mappings of the systems that somebody's firm is connected to, which it does not have yet."""
    connected = set(Connection.objects.visible_to(user).values_list("connector", flat=True))
    there = set(Mapping.objects.filter(shipped=True).values_list("key", flat=True))
    there |= set(Mapping.objects.visible_to(user).values_list("key", flat=True))
    return [each for each in starts() if each.system in connected and each.key not in there]


def _grouped(found: list[Start]) -> list[Any]:
    """Return shipped mappings as groups of a list, by connector."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in found:
        known = registry.connectors.get(each.system)
        title = f"Shipped with {known.manifest.title if known else each.system}"
        groups.setdefault(title, []).append((each.key, each.words))
    return list(groups.items())
