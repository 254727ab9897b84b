"""Who changed what and when, in words: audit entries of some rows, told field by field for those who look at a page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from governance.models import AuditEntry

HIDDEN = "•••"  # stands for a secret in an audit entry
LONGEST = 300  # characters of a value that are shown
DEEDS = {
    "add": "made", "change": "changed", "delete": "deleted", "grant": "role given", "revoke": "role taken",
    "test": "tested", "close_account": "account closed", "open_account": "account opened", "preview": "previewed",
    "set_schedule": "schedule set", "remove_schedule": "schedule removed",
    "set_password": "password set by another", "change_password": "password changed", "vouch": "vouched for",
    "switch_on": "switched on", "switch_off": "switched off", "sample": "sample read", "apply": "applied from files",
}  # fmt: skip
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
            deed=DEEDS.get(entry.verb, entry.verb.replace("_", " ")),
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
    found = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        secret = HIDDEN in (old, new)
        texts = ("", "changed; secrets are never shown") if secret else (_text(old), _text(new))
        found.append(Field(words(entry.thing_kind, name), *texts, secret))
    return found


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
