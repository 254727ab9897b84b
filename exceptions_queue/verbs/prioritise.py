"""Setting an item's priority by hand, and leaving it to the formula again."""

from django.db import transaction

from exceptions_queue import reckoning
from exceptions_queue.models import WorkItem
from exceptions_queue.moving import note
from exceptions_queue.urgency import MOST
from exceptions_queue.verbs.assign import locked
from exceptions_queue.verbs.members import NotPossible, WrongValue, need_reason
from governance import audit
from governance.actor import By, as_actor
from governance.rights import Right, require


@transaction.atomic
def prioritise(item: WorkItem, *, by: By, priority: int, reason: str) -> WorkItem:
    """Set an item's priority, 0 to 100; it stays until somebody leaves it to the formula. Raises NotAllowed and
    NotPossible.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    reason = need_reason(reason, "Setting a priority")
    if not 0 <= priority <= MOST:
        raise WrongValue(
            f"A priority is a number from 0 to {MOST}. Choose one of these.",
            at="priority", accepted=f"0 to {MOST}",
        )  # fmt: skip
    row = locked(item)
    return _kept(row, priority, as_actor(by).reference, reason[:500], by=by, verb="prioritise", said=reason)


@transaction.atomic
def leave_to_formula(item: WorkItem, *, by: By, reason: str = "") -> WorkItem:
    """Let an item's priority be worked out again. Raises NotAllowed and NotPossible."""
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    row = locked(item)
    if row.priority_set is None:
        raise NotPossible("Nobody has set its priority: it is worked out already. Load the page again.")
    return _kept(row, None, "", "", by=by, verb="leave priority", said=reason.strip())


def _kept(row: WorkItem, priority: int | None, who: str, reason: str, *, by: By, verb: str, said: str) -> WorkItem:
    before = {"priority": row.priority, "set": row.priority_set is not None}
    row.priority_set, row.priority_set_by, row.priority_reason = priority, who, reason
    if priority is not None:
        row.priority = priority
    row.rank = row.priority
    row.save(update_fields=["priority", "rank", "priority_set", "priority_set_by", "priority_reason"])
    reckoning.reckon([row], reckoning.now())
    told = f"to {priority}: {said}" if priority is not None else f"worked out: {row.priority}{said and ': ' + said}"
    row = note(row, by=by, verb="priority set" if priority is not None else "priority worked out", reason=told)
    after = {"priority": row.priority, "set": priority is not None}
    audit.record(by=by, verb=verb, thing=row, before=before, after=after, reason=said, legal_entity=row.legal_entity_id)
    return row
