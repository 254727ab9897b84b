"""With which configuration something is tried or sent again, as a text: "now", "then", or "ledger-time-out@2".

A version that was in force once may be sent with; a draft is only tried.
"""

from collections.abc import Collection
from dataclasses import dataclass

from exceptions_queue.trying import READERS
from exceptions_queue.verbs.members import NotPossible
from governance.models import User, Version
from governance.models.version import State
from governance.rights import allowed
from routes.chosen_configuration import ONCE_IN_FORCE, Configuration, named, version_named
from routes.models import Destination, Route

OPEN = (State.DRAFT, State.SUBMITTED, State.APPROVED)
MOST = 8  # versions of one mapping that are offered; each other one can be named


@dataclass(frozen=True, slots=True)
class Choice:
    """A configuration that somebody may choose."""

    value: str
    label: str


def choices(routes: Collection[int], by: User, *, drafts: bool = True) -> list[Choice]:
    """Return what somebody may choose for members of routes: now, then, and versions of their mappings.

    Those that were in force once stand before the drafts, which are for dry runs and only for who may read them.
    """
    names = mappings_of(routes)
    found = [Choice("now", "As it is now"), Choice("then", "As it was then")]
    found += [Choice(named(each), _label(each)) for each in once_in_force(names, by) if each.state == State.RETIRED]
    if not drafts:
        return found
    return found + [
        Choice(named(each), f"With the draft {each.number} of “{each.object_key}”") for each in drafts_of(names, by)
    ]


def drafts_of(names: Collection[str], by: User) -> list[Version]:
    """Return the drafts of mappings that somebody may read, the newest of each mapping first."""
    open_ = Version.objects.filter(kind="mapping", object_key__in=names, state__in=OPEN)
    return [each for each in open_.defer("content").order_by("object_key", "-number") if _may_read(each, by)]


def _label(version: Version) -> str:
    assert version.published_at is not None
    day = version.published_at.date().isoformat()
    return f"With version {version.number} of “{version.object_key}”, published on {day}"


def mappings_of(routes: Collection[int]) -> set[str]:
    """Return the names of the mappings that routes use now. Two queries."""
    names = set(Route.objects.filter(pk__in=routes).values_list("mapping", flat=True))
    return (names | set(Destination.objects.filter(route__in=routes).values_list("mapping", flat=True))) - {""}


def once_in_force(names: Collection[str], by: User) -> list[Version]:
    """Return versions of mappings that are or were in force, the newest of each mapping first. One query."""
    found = Version.objects.usable_by(by).filter(kind="mapping", object_key__in=names, state__in=ONCE_IN_FORCE)
    kept: list[Version] = []
    counted: dict[str, int] = {}
    for each in found.defer("content").order_by("object_key", "-number"):
        counted[each.object_key] = counted.get(each.object_key, 0) + 1
        if counted[each.object_key] <= MOST:
            kept.append(each)
    return kept


def read(text: str, by: User) -> Configuration:
    """Return the configuration that a text names, for a dry run.

    Raises NotPossible, also for a version that somebody may not read.
    """
    if text in ("", "now"):
        return "now"
    if text == "then":
        return "then"
    found = version_named(text)
    if found is None or not may_try(found, by):
        raise NotPossible(
            f"There is no version or draft “{text[:80]}” that you may read. Choose now, then, or a mapping@version."
        )
    return found


def may_try(version: Version, by: User) -> bool:
    """Return whether somebody may try a version: one that was in force as they see it, a draft as they may read it."""
    if version.state in ONCE_IN_FORCE:
        return Version.objects.usable_by(by).filter(pk=version.pk).exists()
    return _may_read(version, by)


def _may_read(version: Version, by: User) -> bool:
    return any(allowed(by, right, version.legal_entity_id) for right in READERS)
