"""Proposing the next open period for what met a closed one; nothing is sent before a second person approves."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction

from canonical.failure import Category
from exceptions_queue import words
from exceptions_queue.models import RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.verbs.members import NotPossible, chosen, need_reason, transactions
from governance import audit
from governance.models import User
from governance.rights import Right, require
from routes import periods
from routes.periods import Offer

LIMIT = 200  # members of one proposal: each is a correction of its own, as with corrections typed in


def offers(item: WorkItem) -> dict[UUID, Offer]:
    """Return the next open period for an item's members, as far as the ledger's periods are known. Two queries."""
    if item.category != Category.CLOSED_PERIOD:
        return {}
    return periods.offers(transactions(list(item.failures().order_by("pk")[:LIMIT])))


@transaction.atomic
def move_to_next_period(
    item: WorkItem, *, by: User, reason: str, failures: Collection[UUID] | None = None, seen: Seen | None = None
) -> int:
    """Propose the next open period for all members, those that were seen, or the chosen ones; return for how many.

    They are held until a second person approves them. Raises NotAllowed and NotPossible.
    """
    require(by, Right.EDIT_OVERLAY, item.legal_entity_id)
    reason = need_reason(reason, "A posting in another period")
    members = chosen(item, failures, limit=LIMIT, seen=seen)
    if item.category != Category.CLOSED_PERIOD:
        raise NotPossible("This did not meet a closed period. Choose another remedy.")
    try:
        moved = periods.move_to_next(transactions(members), by=by, reason=reason)
    except ValueError as error:  # a newer version has come meanwhile
        raise NotPossible(str(error)) from error
    if not moved:
        raise NotPossible("No open period is known for these. Correct the day by hand, or have the period opened.")
    told = f"{words.counted(len(moved), item.entity)} proposed for {days(moved.values())}: {reason}"
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.TRANSACTION)
    note(item, by=by, verb="next period proposed", reason=told, to=State.IN_PROGRESS)
    audit.record(
        by=by, verb="move_period", thing=item, after={"proposed": len(moved), "days": days(moved.values())},
        reason=reason, legal_entity=item.legal_entity_id,
    )  # fmt: skip
    return len(moved)


def days(found: Iterable[Offer]) -> str:
    """Return the days to which offers would move, in words: "2026-11-24"; several only where the periods differ."""
    return " and ".join(sorted({offer.day.isoformat() for offer in found}))
