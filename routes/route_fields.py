"""What the forms of routes offer to choose from: streams, mappings, lanes and fields, in words.

A form lets through what it does not offer: the row itself says what does not fit, and names what would.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from canonical.entities import ENTITIES
from canonical.entity import Kind
from connectors.models import Connection
from connectors.registry import registry
from governance.actor import By
from governance.models import Version

Choices = list[tuple[str, Any]]
LANES = {
    "posting": "what is posted in other systems", "master": "customers, projects and people",
    "analytics": "figures; never delays the others", "intake": "what is read",
}  # fmt: skip


UNSEEN = "What stands here is of another company and stays: only somebody who sees that one chooses another."

NOT_NAMED = "one of another company"


class Offered(UnfoldAdminSelectWidget):  # type: ignore[misc]  # unfold carries no types
    """A list to choose from that shows what was there or was typed, although it is not offered any more."""

    choices: Any

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> Any:
        """Add the value that is not offered."""
        kept = self.choices
        known = {str(each) for each, _ in flat(kept)}
        strange = [each for each in value if each and str(each) not in known]
        self.choices = [*kept, *((each, f"{str(each)[:80]} (not offered)") for each in strange)]
        try:
            return super().optgroups(name, value, attrs)
        finally:
            self.choices = kept


class ConnectionSelect(UnfoldAdminSelectWidget):  # type: ignore[misc]  # unfold carries no types
    """Connections, each with its system, so that the page can offer the streams of that one."""

    def __init__(self, attrs: Any, connections: Iterable[Connection], empty: str | None) -> None:
        self.systems = {str(each.pk): system_of(each) for each in connections}
        names = [(each.pk, str(each)) for each in connections]
        super().__init__(attrs, choices=[("", empty), *names] if empty is not None else names)

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Put the system's name beside the option."""
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.systems:
            option["attrs"]["data-system"] = self.systems[str(value)]
        return option


class Unseen(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the checker only
    """A row that is there already and that the person may not see: it stays, unnamed."""

    @classmethod
    def instead(cls, field: forms.ModelChoiceField, row: Model) -> "Unseen":  # type: ignore[type-arg]  # as above
        """Return the field of that row, in the place of one that offers what may be seen."""
        shown: Any = getattr(field.widget, "widget", field.widget)  # wrapped in links
        attrs = {name: shown.attrs[name] for name in ("aria-label",) if name in shown.attrs}
        return cls(
            type(row)._default_manager.filter(pk=row.pk), label=field.label, help_text=f"{field.help_text} {UNSEEN}",
            required=field.required, empty_label=None, disabled=True, widget=UnfoldAdminSelectWidget(attrs),
        )  # fmt: skip

    def label_from_instance(self, obj: Any) -> str:
        """Name nothing of it."""
        return NOT_NAMED


class UnseenName(forms.CharField):
    """The name of something that stands there and that the person may not see: it stays, untold."""

    @classmethod
    def instead(cls, field: forms.Field) -> "UnseenName":
        """Return the field of that name, in the place of one that offers what may be seen."""
        attrs = {name: field.widget.attrs[name] for name in ("aria-label",) if name in field.widget.attrs}
        return cls(
            label=field.label, help_text=f"{field.help_text} {UNSEEN}", required=field.required, disabled=True,
            widget=UnfoldAdminSelectWidget(attrs, choices=[("", NOT_NAMED)]),
        )  # fmt: skip

    def prepare_value(self, value: Any) -> Any:
        """Show nothing of it."""
        return ""


class NamesField(forms.CharField):
    """A list of names, one on each line or with commas between."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines."""
        return "\n".join(str(each) for each in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the names; also of a list as files write it."""
        if isinstance(value, list):
            return value
        text = str(super().to_python(value) or "")
        if text.startswith("["):
            try:
                return msgspec.json.decode(text, type=list[str])
            except msgspec.DecodeError:
                raise ValidationError("Write the names of the fields, one on each line, such as hours.") from None
        return [name.strip() for line in text.splitlines() for name in line.split(",") if name.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lists, not how they are written."""
        try:
            return bool(self.to_python(data) != (initial or []))
        except ValidationError:
            return True


def system_of(connection: Connection) -> str:
    """Return the name of a connection's system."""
    known = registry.connectors.get(connection.connector)
    return known.manifest.title if known else connection.connector


def streams(connections: Iterable[Connection], *, writes: bool) -> Choices:
    """Return the streams of these connections' systems, by system: those that can be read, or written."""
    systems = {each.connector for each in connections if each.connector in registry.connectors}
    found: dict[str, Choices] = {}
    for manifest in sorted((registry.connectors[name].manifest for name in systems), key=lambda m: m.title):
        for stream in manifest.streams.values():
            if (stream.write if writes else stream.read) is not None:
                found.setdefault(manifest.title, []).append((stream.name, stream.title))
    return [("", "Choose…"), *found.items()]


def mappings(side: str, by: "By | None") -> Choices:
    """Return the published mappings that make canonical records (side "to") or take them ("from"), by entity: those
    that somebody may build on. They are called as people call them; of one name, each has its short name, too.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for version in Version.objects.filter(kind="mapping").in_force().usable_by(by).only("object_key", "content"):
        given = version.content.get(side)
        entity = str(given.get("entity", "")) if isinstance(given, dict) else ""
        if entity:
            name = str(version.content.get("name") or version.object_key)
            found.setdefault(entity.replace("_", " "), []).append((version.object_key, name))
    return [("", "Choose…"), *((entity, _told_apart(found[entity])) for entity in sorted(found))]


def _told_apart(named: list[tuple[str, str]]) -> Choices:
    """Return mappings by name; those that share one with their short names behind it."""
    often = Counter(name for _, name in named)
    told = [(key, name if often[name] == 1 else f"{name} ({key})") for key, name in named]
    return sorted(told, key=lambda each: (each[1].casefold(), each[0]))


def lanes() -> Choices:
    """Return the lanes, each with what it is for."""
    return [(lane, f"{lane}: {LANES[lane]}" if lane in LANES else lane) for lane in settings.LANES]


def days(entity: str) -> Choices:
    """Return the canonical fields that hold a day; of all entities where it is not known yet which."""
    asked = [ENTITIES[entity]] if entity in ENTITIES else list(ENTITIES.values())
    names = {each.name: each.meaning for known in asked for each in known.by_name.values() if each.kind is Kind.DATE}
    return [
        ("", "None: no period is asked for"),
        *((name, f"{name.replace('_', ' ')}: {names[name]}") for name in names),
    ]


def offer(field: forms.Field, choices: Choices, **attrs: str) -> None:
    """Make a field of text a list to choose from."""
    field.widget = Offered(choices=choices, attrs=attrs)


def flat(choices: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield choices without their groups."""
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from flat(label)
        else:
            yield value, label
