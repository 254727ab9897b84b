"""The forms above the lists of runs and transactions. What they narrow by is the FilterSets' of the API."""

from datetime import date, timedelta
from typing import Any

from django import forms

from canonical.entities import ENTITIES
from exceptions_queue import naming, words
from governance.models import User
from governance.rights import entities_visible_to
from routes.models import Route
from routes.models.movement import RecordState, RunState
from routes.states import State

Choices = list[tuple[str, str]]


class Narrowing(forms.Form):
    """What every list of what moves can be narrowed by: its route, company, state and days."""

    route = forms.ChoiceField(required=False)
    entity = forms.ChoiceField(required=False, label="Company")
    state = forms.ChoiceField(required=False)
    since = forms.DateField(required=False, label="From day", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To day", widget=forms.DateInput(attrs={"type": "date"}))
    states: Choices = []

    def __init__(self, asked: Any, user: User) -> None:
        super().__init__(asked)
        routes = Route.objects.visible_to(user).order_by("name").values_list("slug", "name")
        self._choose("route", "All routes", routes)
        self._choose("entity", "All", [(each.code, each.code) for each in entities_visible_to(user)])
        self._choose("state", "All states", [(value, label.capitalize()) for value, label in self.states])

    def _choose(self, name: str, everything: str, choices: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", everything), *choices]

    def clean(self) -> dict[str, Any]:
        """Refuse days that leave nothing."""
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day is before the first. Exchange them.")
        return given

    def asked(self) -> dict[str, Any]:
        """Return what was chosen, as the FilterSets take it."""
        given = self.cleaned_data
        found: dict[str, Any] = {"route": given["route"], "legal_entity": given["entity"]}
        found["state"] = [given["state"]] if given["state"] else []
        found["since"] = _beginning(given["since"])
        until = given["until"]
        found["until"] = _beginning(until + timedelta(days=1)) if until and until < date.max else ""  # that day is all
        return {name: value for name, value in found.items() if value}


def _beginning(day: date | None) -> str:
    return f"{day.isoformat()}T00:00:00Z" if day else ""


class RunNarrowing(Narrowing):
    """Narrows runs."""

    states = list(RunState.choices)


class TransactionNarrowing(Narrowing):
    """Narrows transactions."""

    key = forms.CharField(
        required=False, max_length=200, label="Key at the source, or the beginning of the key at the target"
    )
    states = list(State.choices)
    field_order = ["key"]

    def asked(self) -> dict[str, Any]:
        """Return what was chosen, as the FilterSets take it."""
        found = super().asked()
        if key := self.cleaned_data["key"].strip():
            found["key"] = key
        return found


class RecordNarrowing(Narrowing):
    """Narrows records, as they came."""

    key = forms.CharField(required=False, max_length=200, label="Key at the source")
    kind = forms.ChoiceField(required=False, label="What it is")
    connection = forms.ChoiceField(required=False, label="From")
    stream = forms.ChoiceField(required=False)
    states = list(RecordState.choices)
    field_order = ["key", "kind", "connection", "stream"]

    def __init__(self, asked: Any, user: User) -> None:
        super().__init__(asked, user)
        # One sees records of one's company that came by a route of another: what there is is asked of the model.
        self._choose("kind", "Everything", [(name, words.plain(name).capitalize()) for name in sorted(ENTITIES)])
        routes = Route.objects.visible_to(user).exclude(stream="").order_by()
        system = ("connection__slug", "connection__name", "connection__legal_entity")
        read = list(routes.values_list("stream", *system))
        sources = sorted({(name, slug) for _, slug, name, of in read if slug and naming.of_company(of, user)})
        self._choose("connection", "All systems", [(slug, name) for name, slug in sources])
        streams = sorted({stream for stream, *_ in read})
        self._choose("stream", "All streams", [(name, words.plain(name).capitalize()) for name in streams])

    def asked(self) -> dict[str, Any]:
        """Return what was chosen, as the FilterSets take it."""
        given = self.cleaned_data
        more = {"key": given["key"].strip(), "entity": given["kind"], "connection": given["connection"]}
        more["stream"] = given["stream"]
        return super().asked() | {name: value for name, value in more.items() if value}
