"""Which members of an item a verb means: all that are open, or those that somebody chose."""

from collections.abc import Collection
from uuid import UUID

from exceptions_queue.models import WorkItem
from routes.models import Failure


class NotPossible(ValueError):  # reads as what happened
    """What was asked for cannot be done as it was asked; the message says why and what to do instead."""


def chosen(item: WorkItem, failures: Collection[UUID] | None, *, limit: int | None = None) -> list[Failure]:
    """Return an item's open members, or the chosen ones of them, oldest first.

    Raises NotPossible when none is left, or more than `limit`.
    """
    rows = item.failures().order_by("pk")
    if failures is not None:
        rows = rows.filter(pk__in=list(failures))
    found = list(rows[: limit + 1] if limit else rows)
    if not found:
        raise NotPossible("Nothing of this is open any more: somebody else has seen to it. Load the page again.")
    if limit and len(found) > limit:
        raise NotPossible(f"At most {limit:,} can be changed in one go. Choose fewer of them.")
    return found


def transactions(members: list[Failure]) -> list[UUID]:
    """Return the transactions of members."""
    return [m.transaction_id for m in members if m.transaction_id]


def records(members: list[Failure]) -> list[UUID]:
    """Return the records of members that stopped before a destination was chosen."""
    return [m.record_id for m in members if m.record_id and not m.transaction_id]


def need_reason(reason: str, what: str) -> str:
    """Return the reason without blanks around it. Raises NotPossible when there is none."""
    if not reason.strip():
        raise NotPossible(f"{what} needs a reason. Write one sentence for those who read this later.")
    return reason.strip()
