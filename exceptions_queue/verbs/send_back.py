"""Sending members back to their source with a reason: whoever handed them in corrects them there."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from exceptions_queue import waking, words
from exceptions_queue.models import RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.verbs.members import NotPossible, chosen, need_reason
from exceptions_queue.verbs.put_aside import wait_on
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import sending_back
from routes.models import Failure, Transaction
from routes.worked_out import STOPPED

LIMIT = 200  # members that go back in one commit
PATIENCE = timedelta(days=14)  # after which an item that waits for its source comes back


@transaction.atomic
def send_back(
    item: WorkItem, *, by: By, reason: str, failures: Collection[UUID] | None = None, seen: Seen | None = None
) -> int:
    """Send all members, those that were seen, or the chosen ones back to their source with a reason; return how many.

    The source is told by a worker. Where all that the item holds goes back, it waits for the corrected versions, and
    closes by itself once these stand. Raises NotAllowed, and NotPossible where the source takes nothing back, something
    has not stopped, or is on its way back already.
    """
    require(by, Right.RETURN, item.legal_entity_id)
    reason = need_reason(reason, "Sending back")
    members = chosen(item, failures, limit=LIMIT, seen=seen)
    require_stopped(members)
    for route in {each.route_id for each in members}:
        try:
            sending_back.ask([each for each in members if each.route_id == route], by=by, reason=reason)
        except sending_back.NotToSendBack as error:
            raise NotPossible(str(error)) from error
    told = f"{words.counted(len(members), item.entity)}: {reason}"
    row = note(item, by=by, verb="sent back", reason=told)
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.SOURCE)
    if item.failures().count() == len(members) and may_wait(row):
        wait_on(row, by=by, whom=waits_for(item), until=timezone.now() + PATIENCE, reason=reason)
    audit.record(
        by=by, verb="send back to source", thing=item, after={"members": len(members)}, reason=reason,
        legal_entity=item.legal_entity_id,
    )  # fmt: skip
    return len(members)


def waits_for(item: WorkItem) -> str:
    """Return in words what an item waits for that went back."""
    source = item.route.connection if item.route is not None else None
    return f"the corrected version from {source.name}" if source is not None else "the corrected version"


def require_stopped(members: list[Failure]) -> None:
    """Raise NotPossible where something has no record behind it, or may be at its target."""
    if any(each.record_id is None for each in members):
        raise NotPossible("No record is behind some of these: a run was stopped, and nothing can go back.")
    moving = [each.transaction_id for each in members if each.transaction_id]
    if Transaction.objects.filter(pk__in=moving).exclude(state__in=STOPPED).exists():
        raise NotPossible("Some of these have not stopped, or may be at their target already. Choose the others.")


def may_wait(row: WorkItem) -> bool:
    """Return whether an item may be put aside until its source has answered."""
    waits_already = row.state == State.WAITING and not waking.rests(row)
    return not waits_already and row.state not in (State.RESUBMITTED, State.PENDING_APPROVAL)
