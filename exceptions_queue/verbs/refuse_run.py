"""Saying no to what a held comparison would withdraw."""

from django.db import transaction

from exceptions_queue.models import RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, chosen, need_reason
from governance.actor import By
from governance.rights import Right, require
from routes import comparing
from routes.models import Run


@transaction.atomic
def refuse_run(item: WorkItem, *, by: By, reason: str) -> None:
    """Refuse the item's held comparisons: nothing is withdrawn, and the next comparison looks again.

    Raises NotAllowed and NotPossible.
    """
    require(by, Right.APPROVE, item.legal_entity_id)
    reason = need_reason(reason, "Refusing it")
    held = [m.run_id for m in chosen(item, None) if m.run_id and not m.record_id]
    if not held:
        raise NotPossible("No comparison waits here. Look at what is offered.")
    for run in Run.objects.select_related("route", "legal_entity").filter(pk__in=held).order_by("pk"):
        try:
            comparing.refuse(run, by=by, reason=reason)
        except ValueError as error:
            raise NotPossible(str(error)) from error
    note(item, by=by, verb="refused", reason=f"nothing is withdrawn: {reason}", to=State.IN_PROGRESS)
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.NO_ACTION)
