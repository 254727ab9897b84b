"""What somebody typed in a draft's form while another person changed the draft: both beside each other, and together.

Nothing is overwritten: what only one of the two changed stays as that one has it, and where both changed the same, the
one who types is shown both before theirs is kept.
"""

import json
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from governance.models import State, Version
from hub.changes import things
from hub.changes.deeds import deed_of
from hub.changes.found import entries_of
from hub.configuration import form
from hub.configuration.form import Data, Schema

SEEN = "_draft_seen"  # under which a draft's form carries `Version.shown`
MADE_DRAFT = ("draft", "revise", "withdraw", "send_back")  # deeds after which a version is a draft
UNTOUCHED = "as you had it"
BOTH = "Below stands what you typed, together with theirs; where both of you changed the same field, with yours."
NOT_KEPT = "What you typed is not kept yet:"
AS_IT_STANDS = "as the draft has it"
UNSAID = "What was sent does not say which state of the draft it was made of"
MISSING: Any = object()  # there is no such field or entry
NEXT = {
    State.DRAFT: "Keep the draft once more, and it says what stands below.",
    State.SUBMITTED: "It waits for approval now: to keep what stands below takes it back, to be sent in anew.",
    State.APPROVED: "It is approved by now: to keep what stands below takes it back, to be sent in and approved anew.",
    State.PUBLISHED: "It is in force by now: to keep what stands below makes a new draft.",
    State.RETIRED: "It was in force meanwhile: to keep what stands below makes a new draft.",
}

THROWN_AWAY = "It is thrown away: to keep what stands below makes a new draft."
SECRETS_GONE = "Secrets that were entered with it are gone: enter those again that you want to change."


@dataclass(frozen=True, slots=True)
class Met:
    """What a page says of a draft that was changed or sent in while its form was open."""

    deeds: list[str]  # who did what meanwhile, and when
    rows: list[tuple[str, str, str]]  # what they changed: field, theirs, and that of the one who types
    after: str  # what to keep it once more means
    secrets: list[str] = field(default_factory=list)  # questions whose secret has to be typed again
    head: str = "While you had this draft open:"
    below: str = (
        "Below stands what you typed, together with theirs; where both of you changed the same field, with yours."
    )


def shown(version: Version) -> str:
    """Return what a draft's form carries of it: `Version.shown`, or that it is thrown away."""
    return f"{version.content_hash} thrown-away" if things.is_thrown_away(version) else version.shown


def as_seen(version: Version, seen: str) -> Version:
    """Return the version as somebody had it open, not to be saved; as it is where that is not known any more."""
    found = version.history.filter(content_hash=seen.split(" ")[0]).order_by("-history_date").first()
    before = copy(version)
    before.content = found.content if found is not None else version.content
    return before


def met(version: Version, seen: str, mine: Data, secrets: list[str]) -> Met:
    """Return what is said to whoever typed `mine` on top of what was `seen`, "" where that is not said.

    Then nothing tells what they know of it, and all in which theirs differs from the draft is shown.
    """
    if not seen:
        apart = _by_field(things.said(version.kind, version.content, mine))
        rows = [(name, AS_IT_STANDS, words) for name, words in apart.items()]
        return Met([UNSAID], rows, _after(version, version.shown), secrets, NOT_KEPT, "Below stands what you typed.")
    base = as_seen(version, seen).content
    theirs, own = (_by_field(things.said(version.kind, base, each)) for each in (version.content, mine))
    rows = [(name, words, own.get(name, UNTOUCHED)) for name, words in theirs.items()]
    return Met(_deeds(version, seen), rows, _after(version, seen), secrets)


def together(version: Version, seen: str, mine: Data) -> Data:
    """Return a document with what both have changed; where both changed the same, with `mine`."""
    folder, base = things.OF_KIND[version.kind].folder, as_seen(version, seen).content
    if version.kind == "schedule" or not (version.content and mine):  # a schedule is one thing, however it is written
        return mine
    return form.canonical(folder, _merged(form.schemas()[folder], base, version.content, mine))


def _merged(schema: Schema, base: Any, theirs: Any, mine: Any) -> Any:
    if mine == base:
        return theirs
    if theirs in (base, mine):
        return mine
    if isinstance(theirs, dict) and isinstance(mine, dict):
        known = schema.get("properties", {})
        return _maps(base if isinstance(base, dict) else {}, theirs, mine, known)
    if isinstance(theirs, list) and isinstance(mine, list) and ("x-key" in schema or schema.get("x-sorted")):
        before, other, own = (
            {_key(schema, one): one for one in each}
            for each in (base if isinstance(base, list) else [], theirs, mine)
        )  # fmt: skip
        entry: Schema = schema.get("items", {})
        inner: dict[Any, Schema] = dict.fromkeys([*other, *own], entry)
        return list(_maps(before, other, own, inner).values())
    return mine


def _key(schema: Schema, entry: Any) -> Any:
    """Return what makes an entry the same; all that it says where it has no key."""
    return form.entry_key(schema, entry) if "x-key" in schema else json.dumps(entry, sort_keys=True)


def _maps(base: dict[Any, Any], theirs: dict[Any, Any], mine: dict[Any, Any], known: dict[Any, Schema]) -> Data:
    names = dict.fromkeys([*theirs, *mine])
    made = {
        name: _merged(known.get(name, {}), *(each.get(name, MISSING) for each in (base, theirs, mine)))
        for name in names
    }  # fmt: skip
    return {name: each for name, each in made.items() if each is not MISSING}


def _after(version: Version, seen: str) -> str:
    if not things.is_thrown_away(version):
        return NEXT[State(version.state)]
    sealed = len(seen.split()) > 2  # it had secrets, see `Version.shown`
    return f"{THROWN_AWAY} {SECRETS_GONE}" if sealed else THROWN_AWAY


def _by_field(said: list[str]) -> dict[str, str]:
    """Return differences by their fields: "Name": "“A” → “B”"."""
    parts = [each.partition(": ") for each in said]
    return {name if colon else "The whole": words if colon else name for name, colon, words in parts}


def _deeds(version: Version, seen: str) -> list[str]:
    """Return who did what with a version since it was seen, the oldest first."""
    stood = version.history.filter(content_hash=seen.split(" ")[0]).exclude(history_type="-")
    if seen.split(" ")[1:2] == ["draft"]:
        stood = stood.filter(state=State.DRAFT)
    last = stood.order_by("-history_date").first()
    later = [
        each for each in reversed(entries_of(version))
        if each.verb not in ("test", "preview") and (last is None or each.at > last.history_date)
    ]  # fmt: skip
    if later and later[0].verb in MADE_DRAFT:  # the deed that brought what was seen is written right after that
        later = later[1:]
    told = [f"{each.actor_name} {deed_of(each)} on {each.at:%Y-%m-%d at %H:%M} (UTC)" for each in later]
    return told or ["Somebody entered a secret anew"]
