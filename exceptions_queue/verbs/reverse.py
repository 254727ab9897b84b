"""Taking back what members have posted, for a reason; what becomes of the records afterwards is said with it."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from django.db import transaction

from exceptions_queue import words
from exceptions_queue.models import Deed, RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.verbs.asking import Wish
from exceptions_queue.verbs.guarding import guard
from exceptions_queue.verbs.members import NotPossible, chosen, need_reason
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import reversals

LIMIT = 200  # members that are taken back in one commit


@transaction.atomic
def reverse(
    item: WorkItem, *, by: By, reason: str, failures: Collection[UUID] | None = None, sends: bool = False,
    root_cause: RootCause | Literal[""] = "", seen: Seen | None = None,
) -> int:  # fmt: skip
    """Take back what stands at the target of all members, of those that were seen, or of the chosen ones; return how
    many were asked for.

    With `sends` each record is worked out and posted anew afterwards; else it waits in the item until a person says
    what becomes of it. All or none of the chosen. Raises NotAllowed, and NotPossible where nothing stands there, the
    target has no way back, or somebody has asked already; NeedsApproval where a policy asks for a second person.
    """
    require(by, Right.REVERSE, item.legal_entity_id)
    reason = need_reason(reason, "A reversal")
    members = [each for each in chosen(item, failures, limit=LIMIT, seen=seen) if each.transaction_id]
    if failures is None:  # of all, those of which something stands there
        there = reversals.standing_of([each.transaction_id for each in members if each.transaction_id])
        members = [each for each in members if each.transaction_id in there]
    if not members:
        raise NotPossible("Nothing of this stands at the target, so there is nothing to take back.")
    typed = {"sends": sends, "root_cause": str(root_cause)}
    guard(Wish(Deed.REVERSE, item, members, typed, reason), by=by)
    try:
        asked = reversals.ask(
            [each.transaction_id for each in members if each.transaction_id], by=by, reason=reason, sends=sends
        )
    except reversals.NotToReverse as error:
        raise NotPossible(str(error)) from error
    count = len({each.reversal for each in asked})
    if root_cause:
        WorkItem.objects.filter(pk=item.pk).update(root_cause=root_cause)
    then = "then sent anew" if sends else "it waits for a person"
    told = f"{words.counted(count, item.entity)} taken back, {then}: {reason}"
    note(item, by=by, verb="reversed", reason=told, to=State.IN_PROGRESS)
    audit.record(
        by=by, verb="reverse", thing=item, after={"reversals": count, "sends": sends}, reason=reason,
        legal_entity=item.legal_entity_id,
    )  # fmt: skip
    return count
