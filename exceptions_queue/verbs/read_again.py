"""Reading a source again, after a run of its route was stopped by a failure."""

from django.db import transaction

from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import runs
from routes.models import Route, Run


@transaction.atomic
def read_again(item: WorkItem, *, by: By, reason: str = "") -> Run:
    """Ask for a new run of the route whose run stopped. Raises NotAllowed and NotPossible."""
    require(by, Right.RESUBMIT, item.legal_entity_id)
    route = Route.objects.filter(pk=item.route_id or 0).first()
    if route is None:
        raise NotPossible("Its route is no longer there. Waive this, with that as the reason.")
    reason = reason.strip() or "read again"
    try:
        run = runs.ask_for_run(route, by=by, trigger="person")
    except runs.NothingToRead as error:
        raise NotPossible(str(error)) from error
    note(item, by=by, verb="read again", reason=reason, to=State.IN_PROGRESS)
    audit.record(by=by, verb="read_again", thing=item, reason=reason, legal_entity=item.legal_entity_id)
    return run
