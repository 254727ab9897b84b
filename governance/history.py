"""Who changed what and when, in words: audit entries of some rows, told field by field for those who look at a page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from governance import deeds
from governance.models import AuditEntry

HIDDEN = "•••"  # stands for a secret in an audit entry
LONGEST = 300  # characters of a value that are shown
ITSELF = "row"  # what a row that is edited with another was called; its deed says so already
TOLD_BY_NAME = ("grant", "revoke")  # whose row's name says it all
CHANNELS = {"admin": "administration", "page": "page", "api": "API", "command": "command", "": ""}
Words = Callable[[str, str], str]  # kind of the row and name of a field → what people call it


@dataclass(frozen=True, slots=True)
class Field:
    """One field that changed; empty texts where there was or is nothing."""

    name: str
    before: str
    after: str
    is_secret: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One deed in a history."""

    at: datetime
    who: str
    deed: str
    thing: str  # what was changed, where it is another row than that of the page
    fields: list[Field]
    reason: str
    channel: str


def of_things(things: Iterable[tuple[str, str]]) -> "models.QuerySet[AuditEntry]":
    """Return the audit entries of rows (kind such as "routes.route", id), the newest first. Uses the index by thing."""
    wanted = Q(pk__in=[])
    by_kind: dict[str, list[str]] = {}
    for kind, identity in things:
        by_kind.setdefault(kind, []).append(identity)
    for kind, ids in by_kind.items():
        wanted |= Q(thing_kind=kind, thing_id__in=ids)
    return AuditEntry.objects.filter(wanted).order_by("-at", "-pk")


def told(entries: Iterable[AuditEntry], *, page: tuple[str, str], words: Words) -> list[Change]:
    """Return entries as a page shows them; `page` is the row that it is about, `words` names fields."""
    return [
        Change(
            at=entry.at,
            who=entry.actor_name,
            deed=deeds.deed(entry.verb),
            thing="" if (entry.thing_kind, entry.thing_id) == page else entry.thing_name,
            fields=_fields(entry, words),
            reason=entry.reason,
            channel=CHANNELS.get(entry.channel, entry.channel),
        )
        for entry in entries
    ]


def _fields(entry: AuditEntry, words: Words) -> list[Field]:
    if entry.verb in TOLD_BY_NAME:
        return []
    before, after = (each if isinstance(each, dict) else {} for each in (entry.before, entry.after))
    chosen = _choices(entry.thing_kind)
    found = []
    for name in {**before, **after}:
        if name == ITSELF:
            continue
        old, new = before.get(name), after.get(name)
        secret = HIDDEN in (old, new)
        was, is_ = (_shown(each, chosen.get(name)) for each in (old, new))
        if secret:
            was, is_ = "", "changed; secrets are never shown"
        found.append(Field(words(entry.thing_kind, name), was, is_, secret))
    return found


def _choices(kind: str) -> dict[str, dict[Any, str]]:
    """Return the words of what can be chosen in the fields of a kind of row, by field."""
    try:
        fields = apps.get_model(kind)._meta.concrete_fields
    except (LookupError, ValueError):
        return {}
    return {field.name: {key: str(words) for key, words in field.flatchoices} for field in fields if field.choices}


def _shown(value: Any, chosen: dict[Any, str] | None) -> str:
    return chosen[value] if chosen and isinstance(value, str) and value in chosen else _text(value)


def _text(value: Any) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')}: {_text(each)}" for name, each in value.items())[:LONGEST]
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)[:LONGEST]
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
