"""Trying now whether a paused system works again, instead of when its pause is over."""

from django.db import transaction

from connectors import breaker
from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import waking


@transaction.atomic
def ask_system(item: WorkItem, *, by: By, reason: str = "") -> None:
    """End the pause of the item's connection: the next request tries it. Raises NotAllowed and NotPossible."""
    require(by, Right.OPERATE, item.legal_entity_id)
    if item.connection_id is None:
        raise NotPossible("This is about no system. Choose another remedy.")
    breaker.probe_now(item.connection_id)
    waking.runs_of(item.connection_id)
    reason = reason.strip() or "tried now whether it works again"
    note(item, by=by, verb="tried", reason=reason, to=State.IN_PROGRESS)
    audit.record(by=by, verb="probe", thing=item, reason=reason, legal_entity=item.legal_entity_id)
