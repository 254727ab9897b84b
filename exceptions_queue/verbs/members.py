"""Which members of an item a verb means: all that are open, or those that somebody chose."""

from collections.abc import Collection
from uuid import UUID

from exceptions_queue.models import WorkItem
from exceptions_queue.seen import Seen
from routes.models import Failure


class NotPossible(ValueError):  # reads as what happened
    """What was asked for cannot be done as it was asked; the message says why and what to do instead."""


class WrongValue(NotPossible):
    """A value that was given does not fit: `at` is its field, as programs name it, `accepted` what would be taken."""

    def __init__(self, words: str, *, at: str, accepted: str) -> None:
        super().__init__(words)
        self.at, self.accepted = at, accepted


GONE = (
    "Nothing of what you chose is open in this exception: somebody else has seen to it, or it belongs to another one. "
    "Load the page again."
)
CHANGED = "What waits here has changed since you looked. Load the page again and look at it."


def chosen(
    item: WorkItem, failures: Collection[UUID] | None, *, limit: int | None = None, seen: Seen | None = None
) -> list[Failure]:
    """Return an item's open members, or the chosen ones of them, oldest first; with `seen` only what was seen.

    Raises NotPossible when none is left, more than `limit`, or more than were seen.
    """
    rows = item.failures().order_by("pk")
    if failures is not None:
        rows = rows.filter(pk__in=list(failures))
    elif seen is not None:
        rows = rows.filter(pk__lte=seen.newest)
    found = list(rows[: limit + 1] if limit else rows)
    if seen is not None and (len(found) > seen.count or not found) and item.failures().exists():
        raise NotPossible(CHANGED)
    if not found and failures is not None:
        raise NotPossible(GONE)
    if not found:
        raise NotPossible("Nothing of this is open any more: somebody else has seen to it. Load the page again.")
    if limit and len(found) > limit:
        raise NotPossible(f"At most {limit:,} can be changed in one go. Choose fewer of them.")
    return found


def left(item: WorkItem, seen: Seen | None) -> str:
    """Return in words what came since somebody looked, and was left; empty when nothing did."""
    later = item.failures().filter(pk__gt=seen.newest).count() if seen else 0
    return f" {later:,} came or changed since you looked, and stay: look at them first." if later else ""


def transactions(members: list[Failure]) -> list[UUID]:
    """Return the transactions of members."""
    return [m.transaction_id for m in members if m.transaction_id]


def records(members: list[Failure]) -> list[UUID]:
    """Return the records of members that stopped before a destination was chosen."""
    return [m.record_id for m in members if m.record_id and not m.transaction_id]


def need_reason(reason: str, what: str) -> str:
    """Return the reason without blanks around it. Raises WrongValue when there is none."""
    if not reason.strip():
        words = f"{what} needs a reason. Write one sentence for those who read this later."
        raise WrongValue(words, at="reason", accepted="a sentence")
    return reason.strip()
