"""Asking the target of one member what it has at present. Nothing is written there, and nothing changes here."""

from django.utils import timezone

from exceptions_queue.models import WorkItem
from exceptions_queue.present import Present
from governance.actor import By
from governance.rights import Right, require
from routes import looking
from routes.models import Failure

NOT_FIRST = "It is not asked: another version of the same record goes first there, or it is not stopped any more."


def ask_present(item: WorkItem, failure: Failure, *, by: By) -> Present:
    """Return what the target has under a member's key at present, or in words why that is not known.

    Raises NotAllowed.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    if failure.transaction_id is None:
        return Present(words="It stopped before a destination was chosen, so there is no target to ask yet.")
    answer = next(iter(looking.ask([failure.transaction_id])), None)
    if answer is None:
        return Present(words=NOT_FIRST)
    if answer.found is None:
        return Present(words=answer.message)
    now = timezone.now()
    if not answer.found.found:
        return Present(now, None, "Asked just now: nothing stands there under this key.")
    number = answer.found.reference or answer.found.external_id or "without a number"
    id_ = answer.found.external_id or ""
    if answer.found.body is None:
        return Present(now, None, f"Asked just now: it stands there as {number}, but its fields are not told.", id_)
    return Present(now, answer.found.body, f"Asked just now: it stands there as {number}.", id_)
