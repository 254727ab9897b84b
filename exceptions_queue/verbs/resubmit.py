"""Sending an item's members through again."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.models import Release, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import chosen, records, transactions
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import decisions, reprocess


@transaction.atomic
def resubmit(
    item: WorkItem,
    *,
    by: By,
    reason: str = "",
    failures: Collection[UUID] | None = None,
    as_then: bool = False,
) -> Release | int:
    """Send all members through again, or the chosen ones; return the release, or how many of the chosen went on.

    The configuration of now is used unless `as_then`. Raises NotAllowed and NotPossible.
    """
    require(by, Right.RESUBMIT, item.legal_entity_id)
    reason = reason.strip() or "sent again by a person"
    audit.record(by=by, verb="resubmit", thing=item, reason=reason, legal_entity=item.legal_entity_id)
    if failures is None:
        return releasing.ask(item, by=by, reason=reason, as_then=as_then)
    members = chosen(item, failures)
    # Records first: like a page, they enter keys before they hold any head.
    again = reprocess.records(records(members), by=by, reason=reason, how="fixed")
    went_on = decisions.resubmit(transactions(members), by=by, reason=reason, as_then=as_then)
    note(item, by=by, verb="sent again", reason=f"{len(members):,} chosen: {reason}", to=State.IN_PROGRESS)
    return len(went_on) + len(again)
