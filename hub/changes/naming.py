"""Names in drafts: which thing a draft is of stays, and what it refers to is seen by who writes it."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django import forms

from connectors.models import Connection
from governance.actor import By
from governance.models import Version
from hub.configuration.form import Data
from mappings.reaching import unseen_in
from routes.models import Route

NO_OTHER_NAME = (
    "A draft keeps the short name, the route and the company that say which thing it is of. Make a new one instead."
)

CHOOSE_ANOTHER = (
    "The name {} cannot be used: something bears it already. Choose another, and what stands below becomes a draft of "
    "that name."
)

UNKNOWN = "There is no {} {} that you may see. Correct the name, or make it first."
FORMULAS = ("condition", "key_formula", "approval_formula", "group_by")

STAYS = "It stays as it is in a draft, since it says which thing the draft is of. For another one make a new thing."


class KeepsItsName(forms.BaseModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A form that refuses to change which thing a draft is of."""

    named_by: ClassVar[str]

    def clean(self) -> dict[str, Any]:
        """Refuse another name beside its field."""
        given = super().clean() or self.cleaned_data
        if self.named_by in self.changed_data and self.named_by in given:
            self.add_error(self.named_by, NO_OTHER_NAME)
        return given


class TakesAnotherName(forms.BaseModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A form of a draft whose name another company's thing bears by now: it is kept under another one."""

    named_by: ClassVar[str]

    def clean(self) -> dict[str, Any]:
        """Refuse the name that is taken beside its field."""
        given = super().clean() or self.cleaned_data
        if self.named_by not in self.changed_data:
            self.add_error(self.named_by, CHOOSE_ANOTHER.format(given.get(self.named_by, "")))
        return given


class Refused(forms.BaseModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A form that says at its head why what was typed cannot be kept, and holds it."""

    refused: ClassVar[str] = ""

    def clean(self) -> dict[str, Any]:
        """Say it."""
        given = super().clean() or self.cleaned_data
        self.add_error(None, self.refused.splitlines())
        return given


def unseen(content: Data, by: By, stand: Iterable[Data]) -> dict[tuple[str, ...], str]:
    """Return what is wrong where a route's document names connections, routes and mappings that somebody does not see.

    What one of the documents that `stand` has at the same place already may stay there.
    """
    places = _Places(content, list(stand))
    wrong: dict[tuple[str, ...], str] = {}
    for kind, model in (("connection", Connection), ("route", Route)):
        named = places.new(kind)
        there = set(model._default_manager.filter(slug__in=list(named.values())).values_list("slug", flat=True))
        seen = model._default_manager.all().visible_to(by).filter(slug__in=there).values_list("slug", flat=True)
        drafts = Version.objects.readable_by(by).filter(kind=kind, object_key__in=set(named.values()) - there)
        known = {*seen, *drafts.values_list("object_key", flat=True)}
        wrong |= {place: UNKNOWN.format(kind, name[:80]) for place, name in named.items() if name not in known}
    named = places.new("mapping")
    usable = Version.objects.filter(kind="mapping", object_key__in=list(named.values())).usable_by(by)
    known = set(usable.values_list("object_key", flat=True)) if named else set()
    wrong |= {place: UNKNOWN.format("mapping", name[:80]) for place, name in named.items() if name not in known}
    for name in FORMULAS:
        for place, text in places.new(name).items():
            if found := unseen_in(text, by=by):
                wrong[place] = " ".join(found)
    return wrong


class _Places:
    """The places of a route's document at which a name of some kind stands."""

    def __init__(self, content: Data, stand: list[Data]) -> None:
        self._content, self._stand = content, stand

    def new(self, kind: str) -> dict[tuple[str, ...], str]:
        """Return what stands at the places of a kind and is not there already, by place."""
        if kind == "route" and any(each.get("upstream") == self._content.get("upstream") for each in self._stand):
            return {}  # it takes up from the same destination
        stood = [] if kind == "route" else [dict(self._all(each, kind)) for each in self._stand]
        found = {}
        for number, (place, name) in enumerate(self._all(self._content, kind)):
            if name and not any(each.get(place) == name for each in stood):
                found[self._written(place, number)] = name
        return found

    def _all(self, content: Data, kind: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield places, those of a destination by its name, and what stands there."""
        if kind == "route":
            yield ("upstream", "route"), (content.get("upstream") or {}).get("route") or ""
            return
        yield (kind,), content.get(kind) or ""
        for each in content.get("destinations", []):
            yield ("destinations", str(each.get("name")), kind), each.get(kind) or ""

    def _written(self, place: tuple[str, ...], number: int) -> tuple[str, ...]:
        """Return a place as the document has it: destinations by their numbers, the first place is the route's own."""
        return (place[0], str(number - 1), place[2]) if len(place) == 3 else place
