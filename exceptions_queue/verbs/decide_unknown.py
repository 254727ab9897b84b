"""Saying of a write in doubt whether it happened, after somebody looked it up in the target."""

from uuid import UUID

from django.db import transaction

from exceptions_queue.models import RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, WrongValue, chosen
from governance.actor import By
from governance.rights import Right, require
from routes import decisions, linking
from routes.models import Transaction


@transaction.atomic
def decide_unknown(
    item: WorkItem, *, by: By, failure: UUID, happened: bool, reference: str = "", external_id: str = "",
    reason: str = "",
) -> None:  # fmt: skip
    """Say that one member's write happened, with its reference there, or that it did not, which sends it again.

    Of a reversal it says whether what was posted is undone; that may leave no document to refer to. The id that its
    record has there (`external_id`) is kept where it is told, and is not the number that people see.
    Raises NotAllowed and NotPossible.
    """
    require(by, Right.RESUBMIT, item.legal_entity_id)
    [member] = chosen(item, [failure])
    if member.transaction_id is None:
        raise NotPossible("Nothing of this was sent, so nothing is in doubt. Choose another remedy.")
    reversal = decisions.takes_back([member.transaction_id])
    reference, external_id = reference.strip(), external_id.strip()
    number = reference or external_id
    if happened and not number and not reversal:
        raise WrongValue(
            "Give the reference under which you found it there, such as the document number.",
            at="reference", accepted="a number that stands there",
        )  # fmt: skip
    if happened:
        try:
            settled = decisions.it_happened(
                member.transaction_id, by=by, reference=reference, external_id=external_id, reason=reason
            )
        except linking.NotToLink as error:
            raise NotPossible(str(error)) from error
        told = f"{'reversed' if reversal else 'found'} there{f' as {number}' if number else ''}"
    else:
        went_on = decisions.it_did_not_happen(member.transaction_id, by=by, reason=reason)
        settled = went_on is not None
        told = "looked up and not reversed" if reversal else "looked up and not there"
        told += f": {'reversed' if reversal else 'sent'} again" if went_on else _stopped(member.transaction_id)
    if not settled:
        raise NotPossible("It is no longer in doubt: the target has answered meanwhile. Load the page again.")
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.TARGET)
    note(item, by=by, verb="decided", reason=f"{told}. {reason}".strip(), to=State.IN_PROGRESS)


def _stopped(transaction: UUID) -> str:
    """Return where it is now; why, its new exception says."""
    return f", and it stopped again: {Transaction.objects.get(pk=transaction).get_state_display()}"
