"""Sending an item's members through again."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.models import Deed, Release, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.asking import Wish, may_ask
from exceptions_queue.verbs.guarding import guard
from exceptions_queue.verbs.members import NotPossible, chosen, records, transactions
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import decisions, posted, reprocess
from routes.models import Failure
from routes.worked_out import Start


@transaction.atomic
def resubmit(
    item: WorkItem,
    *,
    by: By,
    reason: str = "",
    failures: Collection[UUID] | None = None,
    as_then: bool = False,
    start: Start | Literal["failed_stage", "source"] = Start.SOURCE,
) -> Release | int:
    """Send all members through again, or the chosen ones; return the release, or how many of the chosen went on.

    The configuration of now is used unless `as_then`. They begin with what the source sent, or with the stage that
    stopped them: what a target has refused goes once more as it is then. Raises NotAllowed, and NotPossible, with the
    target's number for what is posted by now; NeedsApproval where a policy asks a second person for what was corrected.
    """
    require(by, Right.RESUBMIT, item.legal_entity_id)
    _refuse_posted(item, failures)
    start = Start(start)
    if may_ask(Deed.RESUBMIT, item, by):
        typed = {"as_then": as_then, "start": start.value}
        guard(Wish(Deed.RESUBMIT, item, chosen(item, failures), typed, reason), by=by)
    reason = reason.strip() or "sent again by a person"
    audit.record(by=by, verb="resubmit", thing=item, reason=reason, legal_entity=item.legal_entity_id)
    if failures is None:
        return releasing.ask(item, by=by, reason=reason, as_then=as_then, start=start)
    members = chosen(item, failures)
    releasing.take_source(members, by=by, reason=reason)
    # Records first: like a page, they enter keys before they hold any head.
    again = reprocess.records(records(members), by=by, reason=reason, how="fixed")
    went_on = decisions.resubmit(transactions(members), by=by, reason=reason, as_then=as_then, start=start)
    note(item, by=by, verb="sent again", reason=f"{len(members):,} chosen: {reason}", to=State.IN_PROGRESS)
    return len(went_on) + len(again)


def _refuse_posted(item: WorkItem, failures: Collection[UUID] | None) -> None:
    """Refuse what was chosen and has been posted since: nothing of it is sent, and the number there is told."""
    if failures is None:
        return
    closed = Failure.objects.filter(
        pk__in=list(failures), fingerprint=item.fingerprint, closed_at__isnull=False, transaction_id__isnull=False
    )
    found = posted.words([id_ for id_ in closed.values_list("transaction_id", flat=True) if id_])
    if found:
        told = list(found.values())
        more = f" and {len(told) - SHOWN:,} more" if len(told) > SHOWN else ""
        raise NotPossible(f"{'; '.join(told[:SHOWN])}{more}. Nothing was sent: load the page again and choose anew.")


SHOWN = 5  # of what is posted already
