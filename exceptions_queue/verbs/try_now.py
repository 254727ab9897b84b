"""Trying at once what met something unforeseen and keeps its place, instead of when its wait is over."""

from django.db import transaction

from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import unforeseen


@transaction.atomic
def try_now(item: WorkItem, *, by: By, reason: str = "") -> int:
    """Make due now what waits because of the item's cause; return how many there were.

    Raises NotAllowed, and NotPossible when nothing waits for its time.
    """
    require(by, Right.RESUBMIT, item.legal_entity_id)
    found = unforeseen.try_now(item.fingerprint)
    if not found:
        raise NotPossible("Nothing of this waits for its time: send it again, or load the page again.")
    reason = reason.strip() or "tried now whether it works again"
    note(item, by=by, verb="tried", reason=reason, to=State.IN_PROGRESS)
    audit.record(by=by, verb="try", thing=item, reason=reason, legal_entity=item.legal_entity_id)
    return found
