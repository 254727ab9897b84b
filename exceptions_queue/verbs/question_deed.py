"""Questioning what a deed in emergency mode has posted: it becomes an exception, from which it is taken back."""

from django.db import transaction

from exceptions_queue import undoing
from exceptions_queue.models import EmergencyDeed, WorkItem
from exceptions_queue.verbs.members import NotPossible, need_reason
from exceptions_queue.verbs.question import question
from governance.actor import By
from governance.rights import Right, require
from routes.states import State

LIMIT = 200  # transactions of one deed: each is asked about with its place at the target locked


@transaction.atomic
def question_deed(deed: EmergencyDeed, *, by: By, reason: str) -> list[WorkItem]:
    """Open an exception about all that a deed has posted, one for each route; return them, the first one first.

    What is an exception's already stays there. Raises NotAllowed, and NotPossible where nothing of it is posted, or all
    of it is questioned already.
    """
    require(by, Right.WORK_QUEUE, deed.legal_entity_id)
    reason = need_reason(reason, "A question")
    rows = undoing.transactions_of(deed).filter(state=State.POSTED).order_by("pk")
    found: dict[int, WorkItem] = {}
    why = "Nothing of it is posted, so there is nothing to take back."
    for row in rows[:LIMIT]:
        try:
            item = question(row, by=by, reason=reason)
        except NotPossible as error:
            why = str(error)
        else:
            found.setdefault(item.pk, item)
    if not found:
        raise NotPossible(why)
    return list(found.values())
