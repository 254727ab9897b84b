"""Questioning what is posted: it becomes an exception of its own, though nothing of it has stopped."""

from django.db import transaction

from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.assign import assign
from exceptions_queue.verbs.members import NotPossible, need_reason
from governance import audit
from governance.actor import By
from governance.models import User
from governance.rights import Right, require
from routes import questions
from routes.models import Transaction


@transaction.atomic
def question(row: Transaction, *, by: By, reason: str) -> WorkItem:
    """Open an exception about a transaction that is posted; return it. It is whose who asks, unless somebody has it.

    What is questioned for the same reason on the same route stands in one. Raises NotAllowed, and NotPossible where it
    is not what stands at the target now, or is an exception's already.
    """
    require(by, Right.WORK_QUEUE, row.legal_entity_id)
    reason = need_reason(reason, "A question")
    try:
        failure = questions.write_down(row.pk, by=by, reason=reason)
    except questions.NotStanding as error:
        raise NotPossible(str(error)) from error
    intake.take_in(only=[failure.fingerprint])
    failure.refresh_from_db()
    item = WorkItem.objects.open().select_related("legal_entity").get(fingerprint=failure.fingerprint)
    note(item, by=by, verb="questioned", reason=f"{row.key}: {reason}")
    audit.record(
        by=by, verb="question", thing=("transaction", str(row.pk), row.key), after={"item": item.pk}, reason=reason,
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    if isinstance(by, User) and not item.assignee:
        item = assign(item, by=by, to=by)
    return item
