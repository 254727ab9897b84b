"""Sending after all what somebody had decided not to deliver."""

from django.db import transaction

from exceptions_queue import intake, waived
from exceptions_queue.models import ApprovalRequest, Deed, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.ask_approval import ask_approval
from exceptions_queue.verbs.asking import NeedsApproval, Wish
from exceptions_queue.verbs.guarding import guard
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.models import User
from governance.rights import Right, require
from routes import decisions, posted
from routes.models import Failure, Transaction
from routes.states import State
from routes.worked_out import Start

HELD = "This was not to be delivered, and somebody wants to send it after all. It waits for a second person."
NOT_NOW = "It stopped again, or a newer version has come since"


@transaction.atomic
def send_after_all(row: Transaction, *, by: User, reason: str) -> ApprovalRequest | None:
    """Send a waived transaction; where a policy asks a second person, hold it in an item and return the request.

    Raises NotAllowed, NotReadyToRun, and NotPossible where it is not waived, or a newer version has come since.
    """
    require(by, Right.RESUBMIT, row.legal_entity_id)
    reason = reason.strip() or "sent after all"
    row = Transaction.objects.get(pk=row.pk)
    if row.state != State.WAIVED:
        raise NotPossible("It is not among what is not delivered. Send it again from its exception, where it has one.")
    if policies := waived.asking(row, by):
        item, failure = _held(row, by, reason)
        typed = {"configuration": "now", "start": Start.SOURCE.value}
        wish = Wish(Deed.RESUBMIT, item, [failure], typed, reason, policies)
        try:
            guard(wish, by=by)
        except NeedsApproval:
            return ask_approval(wish, by=by)
    if not decisions.resubmit([row.pk], by=by, reason=reason) and not policies:
        raise NotPossible(f"{posted.words([row.pk]).get(row.pk, NOT_NOW)}. Look at its history below.")
    return None


def _held(row: Transaction, by: By, reason: str) -> tuple[WorkItem, Failure]:
    """Hold it, so that it is an item's once more; return that and its failure."""
    decisions.take_up([row.pk], by=by, reason=reason, why=HELD)
    failure = Failure.objects.filter(transaction_id=row.pk, closed_at=None).first()
    if failure is None:
        raise NotPossible(f"{posted.words([row.pk]).get(row.pk, NOT_NOW)}. Look at its history below.")
    intake.take_in(only=[failure.fingerprint])
    failure.refresh_from_db()
    item = WorkItem.objects.open().select_related("legal_entity").get(fingerprint=failure.fingerprint)
    note(item, by=by, verb="taken up", reason=f"{row.key}: {reason}")
    return item, failure
