"""Which configuration a dry run is asked for, as a text: "now", "then", or a mapping's draft as "ledger-time-out@2"."""

from collections.abc import Collection
from dataclasses import dataclass

from exceptions_queue.trying import READERS
from exceptions_queue.verbs.members import NotPossible
from governance.models import User, Version
from governance.models.version import State
from governance.rights import allowed
from routes.dry_run import Configuration
from routes.models import Destination, Route

OPEN = (State.DRAFT, State.SUBMITTED, State.APPROVED)


@dataclass(frozen=True, slots=True)
class Choice:
    """A configuration that somebody may choose."""

    value: str
    label: str


def choices(routes: Collection[int], by: User) -> list[Choice]:
    """Return what somebody may choose for members of routes: now, then, and drafts that they may read."""
    names = set(Route.objects.filter(pk__in=routes).values_list("mapping", flat=True))
    names |= set(Destination.objects.filter(route__in=routes).values_list("mapping", flat=True))
    drafts = Version.objects.filter(kind="mapping", object_key__in=names, state__in=OPEN).order_by(
        "object_key", "-number"
    )
    found = [Choice("now", "As it is now"), Choice("then", "As it was then")]
    return found + [
        Choice(f"{each.object_key}@{each.number}", f"With the draft {each.number} of “{each.object_key}”")
        for each in drafts.defer("content")
        if _may_read(each, by)
    ]


def read(text: str, by: User) -> Configuration:
    """Return the configuration that a text names. Raises NotPossible, also for a draft that somebody may not read."""
    if text in ("", "now"):
        return "now"
    if text == "then":
        return "then"
    name, _, number = text.rpartition("@")
    known = number.isascii() and number.isdecimal() and len(number) < 9
    found = (
        Version.objects.filter(kind="mapping", object_key=name, number=int(number), state__in=OPEN).first()
        if known
        else None
    )
    if found is None or not _may_read(found, by):
        raise NotPossible(f"There is no draft “{text[:80]}” that you may read. Choose now, then, or a mapping@version.")
    return found


def _may_read(version: Version, by: User) -> bool:
    return any(allowed(by, right, version.legal_entity_id) for right in READERS)
