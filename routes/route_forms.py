"""The forms of routes and their destinations: what can be chosen is offered, and what does not fit is said in words."""

import hashlib
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms import BaseInlineFormSet, ModelForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from canonical.entities import ENTITIES
from connectors.connection_form import SHORT_NAME
from connectors.models import Connection
from connectors.registry import registry
from governance.actor import By
from governance.inputs import CHOOSE
from governance.models import Version
from mappings.spoken import spoken
from routes import in_use, route_fields
from routes.models import Destination, Route
from routes.outbound import gone
from routes.route_fields import Choices, ConnectionSelect, NamesField, Unseen

TOLD = "_told"  # the name under which a page says what somebody was told before they delete
STREAMS = {"data-streams": ""}  # the page narrows it to the connection's


class Offers:
    """What the forms of a page offer, asked for once for all of them."""

    def __init__(self) -> None:
        self._connections: dict[str, list[Connection]] = {}
        self._streams: dict[tuple[int, ...], Choices] = {}
        self._mappings: dict[By | None, Choices] = {}

    def connections(self, offered: "models.QuerySet[Connection] | None") -> list[Connection]:
        """Return the connections that a form offers."""
        if offered is None:
            return []
        question = str(offered.query)
        if question not in self._connections:
            self._connections[question] = list(offered.defer("secrets"))
        return self._connections[question]

    def streams(self, connections: list[Connection]) -> Choices:
        """Return the streams that these connections' systems take."""
        key = tuple(each.pk for each in connections)
        if key not in self._streams:
            self._streams[key] = route_fields.streams(connections, writes=True)
        return self._streams[key]

    def mappings(self, by: "By | None") -> Choices:
        """Return the mappings that make something of canonical records, and that somebody may build on."""
        if by not in self._mappings:
            self._mappings[by] = route_fields.mappings("from", by)
        return self._mappings[by]


class ProblemsForm(ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Shows what the row finds wrong with itself, also where the form leaves the field out."""

    asker: "By | None" = None  # whose form it is, where somebody looks at it

    @property
    def _by(self) -> "By | None":
        return self.asker or self.instance.asked_by

    def _offer_mappings(self, choices: Choices) -> None:
        """Offer mappings; one that stands there and is not seen stays, unnamed and unchangeable."""
        present = str(self.initial.get("mapping") or "") if self.instance.pk else ""
        seen = not present or present in {name for name, _ in route_fields.flat(choices)}
        stands = Version.objects.of("mapping", present)
        if seen or stands.usable_by(self._by).exists() or not stands.exists():  # what is nothing any more hides nothing
            route_fields.offer(self.fields["mapping"], choices)
        elif self.asker is not None:
            self.fields["mapping"] = route_fields.UnseenName.instead(self.fields["mapping"])

    def _update_errors(self, errors: ValidationError) -> None:
        told = getattr(errors, "error_dict", {})
        for name in [name for name in told if name not in self.fields and name != NON_FIELD_ERRORS]:
            label = str(self._meta.model._meta.get_field(name).verbose_name)
            words = [f"{label.capitalize()}: {message}" for message in ValidationError(told.pop(name)).messages]
            told.setdefault(NON_FIELD_ERRORS, []).extend(ValidationError(words).error_list)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own hook, not in its stubs

    def _known(self, connections: list[Connection]) -> list[Connection]:
        """Return the connections that the form knows: those offered, or the row's own where that is not among them.

        That one is kept then, unnamed and unchangeable.
        """
        number, field = self.instance.connection_id, self.fields.get("connection")
        offered = number is None or number in {each.pk for each in connections}
        if offered or not isinstance(field, forms.ModelChoiceField):
            self._name_systems(connections)
            return connections
        own: Connection = self.instance.connection
        self.fields["connection"] = Unseen.instead(field, own)
        return [own]

    def _name_systems(self, connections: list[Connection]) -> None:
        """Let the list of connections say which system each is."""
        field = self.fields.get("connection")
        if not isinstance(field, forms.ModelChoiceField):
            return
        inside: Any = getattr(field.widget, "widget", field.widget)  # wrapped in links
        empty = None if field.empty_label is None else str(field.empty_label)
        named = ConnectionSelect(inside.attrs, connections, empty)
        if inside is field.widget:
            field.widget = named
        else:
            field.widget.widget, field.widget.choices = named, named.choices

    def _offered(self) -> "models.QuerySet[Connection] | None":
        field = self.fields.get("connection")
        return field.queryset if isinstance(field, forms.ModelChoiceField) else None


class RouteForm(ProblemsForm):
    """Says in words which sources a route may have."""

    canonical_entity = forms.ChoiceField(
        label="Becomes, in the hub's words",
        help_text="The kind of record that the mapping makes.",
        choices=[("", CHOOSE), *((name, name.replace("_", " ")) for name in ENTITIES)],
        widget=UnfoldAdminSelectWidget(),
    )

    class Meta:
        model = Route
        fields = (
            "name", "slug", "legal_entity", "connection", "stream", "upstream", "group_by", "canonical_entity",
            "mapping", "order", "compare_days", "shrink_limit_percent", "fixed_fields",
            "role_fields", "lane", "enabled",
        )  # fmt: skip
        labels: ClassVar = {
            "slug": "Short name", "legal_entity": "Company", "connection": "Reads from",
            "stream": "Kind of record there", "upstream": "Or takes what was posted by",
            "group_by": "Put together by", "mapping": "Mapping",
            "order": "A newer version", "compare_days": "Look for deleted records, days back",
            "shrink_limit_percent": "Ask before taking back more than, percent",
            "fixed_fields": "Fields that nobody corrects here",
            "role_fields": "Fields that only some roles correct", "enabled": "Switched on",
        }  # fmt: skip
        help_texts: ClassVar = {
            "slug": "How files and commands call it. Small letters, digits and hyphens.",
            "legal_entity": "Sees what fails before a record names its own company.",
            "connection": "Leave it and the next one empty when others send the records through the hub's API.",
            "stream": "What the connection's system offers to read.",
            "upstream": "Instead of a connection: what another route has posted, such as time for invoices.",
            "group_by": "A formula, only together with the one above: posted records of one group become one record.",
            "mapping": "Translates what is read. Only published mappings are offered.",
            "compare_days": "Every night the numbers of so many days are compared; 0: never.",
            "shrink_limit_percent": "A comparison that finds more than this share gone waits for a person.",
            "fixed_fields": "Of what it makes, with commas: bill rate, project code. They are put right at the source.",
            "role_fields": "Each field, a colon and its roles: bill rate: controller; role: finance, controller.",
            "lane": "Which workers do it.",
            "enabled": "Switched off, it reads nothing and takes nothing in.",
        }  # fmt: skip
        error_messages: ClassVar = {"slug": {"invalid": SHORT_NAME}}
        widgets: ClassVar = {"group_by": UnfoldAdminTextareaWidget(attrs={"rows": 2})}

    names_a_source = False  # one that could not be found, as a file does: then nothing is there too much

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connections = Offers().connections(self._offered())
        connections = self._known(connections)
        self._keep_upstream()
        if "stream" in self.fields:
            route_fields.offer(self.fields["stream"], route_fields.streams(connections, writes=False), **STREAMS)
            self._offer_mappings(route_fields.mappings("to", self._by))
            route_fields.offer(self.fields["lane"], route_fields.lanes())

    def _keep_upstream(self) -> None:
        """Keep what another route posts where the person may not see that one."""
        field, number = self.fields.get("upstream"), self.instance.upstream_id
        if number is None or not isinstance(field, forms.ModelChoiceField) or field.queryset is None:
            return
        if not field.queryset.filter(pk=number).exists():
            self.fields["upstream"] = Unseen.instead(field, self.instance.upstream)

    def clean(self) -> dict[str, Any]:
        """Refuse two sources, and settings that belong to a source that the route has not."""
        given = super().clean() or self.cleaned_data
        if given.get("connection") and given.get("upstream"):
            raise ValidationError("A route has one source: a connection's stream, or what another destination posted.")
        if given.get("connection") and not given.get("stream"):
            raise ValidationError({"stream": "Name the stream of the connection that the route reads."})
        alien = [name for name in ("stream", "mapping", "group_by") if given.get(name)]
        if not given.get("connection") and not given.get("upstream") and not self.names_a_source and alien:
            words = "A route without a connection takes canonical records through the API; leave this empty."
            raise ValidationError(dict.fromkeys(alien, words))
        return given


class DestinationForm(ProblemsForm):
    """A destination; its formulas are told which fields they may read."""

    delta_fields = NamesField(
        label="Fields of which the difference is posted",
        required=False,
        help_text="For “post the difference”: the fields of the target, one on each line, such as hours.",
    )

    class Meta:
        model = Destination
        fields = (
            "route", "name", "connection", "stream", "mapping", "condition", "condition_name",
            "key_formula", "approval_formula", "group", "correction", "delta_fields", "posting_date", "keeps_reference",
            "lane", "batch_size", "window", "enabled",
        )  # fmt: skip
        labels: ClassVar = {
            "connection": "Sends to", "stream": "Kind of record there", "condition": "Only when",
            "condition_name": "In words",
            "key_formula": "Key there",
            "approval_formula": "A second person approves when", "group": "Exactly one of the group",
            "correction": "A later version", "posting_date": "Day that decides the period",
            "keeps_reference": "Others refer to it", "batch_size": "Records in one go", "window": "Underway at once",
            "enabled": "Switched on",
        }  # fmt: skip
        help_texts: ClassVar = {
            "connection": "Where the records go.",
            "stream": "What that system takes from the hub.",
            "mapping": "Translates the hub's record into theirs. Only published mappings are offered.",
            "condition": "A formula on the hub's record; empty: always.",
            "condition_name": "What goes there, as runs and records show it: billable time. Empty: as it reads.",
            "key_formula": "Formula for the key under which the target knows it; empty: the record's own key.",
            "approval_formula": "Formula; a record for which it is true waits for a second person. Empty: never.",
            "group": "Destinations with the same word here form a group: exactly one is chosen for each record.",
            "correction": "What happens to what is posted when the source changes it.",
            "keeps_reference": "Keep the target's numbers, and let what waits for these records go on.",
            "batch_size": "At most, in one batch of work.",
            "window": "How many may be on the wire, and so in doubt, at once for each worker.",
            "enabled": "Switched off, what comes for it is kept and goes on in order later.",
            "lane": "Which workers send it.",
        }  # fmt: skip
        widgets: ClassVar = {
            name: UnfoldAdminTextareaWidget(attrs={"rows": 2})
            for name in ("condition", "key_formula", "approval_formula")
        }

    def __init__(self, *args: Any, offers: Offers | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offers = offers or Offers()
        connections = offers.connections(self._offered())
        connections = self._known(connections)
        name = self.instance.route.canonical_entity if self.instance.route_id else ""
        if "stream" in self.fields:
            route_fields.offer(self.fields["stream"], offers.streams(connections), **STREAMS)
            self._offer_mappings(offers.mappings(self._by))
            route_fields.offer(self.fields["lane"], route_fields.lanes())
        if "posting_date" in self.fields:
            route_fields.offer(self.fields["posting_date"], route_fields.days(name))
        if self.instance.condition and not self.instance.condition_name and "condition_name" in self.fields:
            self.fields["condition_name"].widget.attrs["placeholder"] = spoken(self.instance.condition)
        if name in ENTITIES and "condition" in self.fields:
            names = ", ".join(ENTITIES[name].by_name)
            self.fields["condition"].help_text = f"A formula on the hub's record; empty: always. It may read: {names}."

    def clean(self) -> dict[str, Any]:
        """Refuse a correction that the target's system does not know, and what does not belong to the chosen one."""
        given = super().clean() or self.cleaned_data
        connection, stream, correction = (given.get(name) for name in ("connection", "stream", "correction"))
        known = registry.connectors.get(connection.connector) if isinstance(connection, Connection) else None
        found = known.manifest.streams.get(str(stream)) if known else None
        if known and found and found.write and correction not in (None, "none", *found.write.correction):
            self.add_error("correction", _cannot(known.manifest.title, found.title, found.write.correction))
        asked = "delta_fields" in self.fields and "delta_fields" not in self.errors
        if correction == "delta" and asked and not given.get("delta_fields"):
            self.add_error("delta_fields", "Name the fields of which the difference is posted, such as hours.")
        for name in ("batch_size", "window"):
            if given.get(name) == 0:
                self.add_error(name, "This must be at least 1.")
        return given


def _cannot(system: str, stream: str, able: tuple[str, ...]) -> str:
    words = {"update": "change it in place", "reverse": "reverse it and post it again", "delta": "post the difference"}
    possible = [words[each] for each in able] + ["a person decides"]
    return f"{system} does not allow this for {stream}. Choose one of: {', '.join(possible)}."


class DestinationFormSet(BaseInlineFormSet):  # type: ignore[type-arg]  # generic for the checker only
    """Destinations, judged by the route as it is being saved and not as it was."""

    told = ""  # the mark of what was said before something is deleted, for the page to send back

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Let all forms share what they offer."""
        self.__dict__.setdefault("_offers", Offers())
        return {**super().get_form_kwargs(index), "offers": self.__dict__["_offers"]}

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]  # Django's own hook, not in its stubs
        form.instance.route = self.instance
        return form

    def validate_unique(self) -> None:
        """Refuse two destinations of one name, at the name of the second."""
        named: set[str] = set()
        twice = False
        for form in self.forms:
            name = str(getattr(form, "cleaned_data", {}).get("name") or "")
            if name in named and not self._should_delete_form(form):  # type: ignore[attr-defined]  # not in its stubs
                form.add_error("name", f"Another destination here is called “{name}” already. Choose another name.")
                twice = True
            named |= {name} - {""}
        if not twice:
            super().validate_unique()

    def clean(self) -> None:
        """Refuse to delete a destination that has records, and a group of which more than one is always chosen."""
        super().clean()
        leaving = [form.instance for form in self.initial_forms if self._should_delete_form(form)]  # type: ignore[attr-defined]  # not in its stubs
        if refused := in_use.kept(leaving):
            raise ValidationError(list(refused.values()))
        self._tell_who_hears(leaving)
        groups: dict[str, dict[str, Any]] = {}
        for form in self.forms:
            given = getattr(form, "cleaned_data", {})
            if not given.get("group") or not given.get("enabled") or self._should_delete_form(form):  # type: ignore[attr-defined]  # not in its stubs
                continue
            same = groups.setdefault(given["group"], {})
            condition = " ".join(str(given.get("condition") or "").split())
            other = same.setdefault(condition, form)
            if other is not form:
                form.add_error("condition", _both(given["group"], other.cleaned_data.get("name"), given.get("name")))

    def _tell_who_hears(self, leaving: list[Destination]) -> None:
        """Refuse to delete what subscriptions name, until somebody sends it again who has been told which."""
        form: Any = self.forms[0] if leaving else None
        by = form._by if form else None
        said = gone.warning([], [each.pk for each in leaving], by) if by is not None else ""
        if not said:
            return
        self.told = hashlib.sha256(f"{sorted(each.pk for each in leaving)} {said}".encode()).hexdigest()[:24]
        if self.data.get(TOLD) != self.told:
            names = " and ".join(f"“{each.name}”" for each in leaving)
            raise ValidationError(f"Nothing is deleted yet: {names} would go. {said} Save once more if you mean it.")


def _both(group: str, one: Any, other: Any) -> str:
    return (
        f"Exactly one destination of “{group}” is chosen for each record, but “{one}” and “{other}” have the same "
        "condition. Give each a condition that excludes the other, such as worked_on < DATE(2027, 4, 1)."
    )
