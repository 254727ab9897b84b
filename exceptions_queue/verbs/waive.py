"""Deciding that members are not delivered, with a reason."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from exceptions_queue.models import Deed, RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.verbs.asking import Wish
from exceptions_queue.verbs.guarding import guard
from exceptions_queue.verbs.members import chosen, need_reason, records, transactions
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import decisions

LIMIT = 20_000  # members in one commit


@transaction.atomic
def waive(
    item: WorkItem, *, by: By, reason: str, failures: Collection[UUID] | None = None, seen: Seen | None = None
) -> int:
    """Waive all members, those that were seen, or the chosen ones; return how many were waived.

    One whose write is in doubt is not: somebody says first whether it happened. Raises NotAllowed and NotPossible;
    NeedsApproval where a policy asks for a second person.
    """
    require(by, Right.WAIVE, item.legal_entity_id)
    reason = need_reason(reason, "A waiver")
    members = chosen(item, failures, limit=LIMIT, seen=seen)
    guard(Wish(Deed.WAIVE, item, members, {}, reason), by=by)
    waived = len(decisions.waive(transactions(members), by=by, reason=reason))
    waived += len(decisions.waive_records(records(members), by=by, reason=reason))
    note(item, by=by, verb="waived", reason=f"{waived:,} of {len(members):,}: {reason}", to=State.IN_PROGRESS)
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.NO_ACTION)
    audit.record(
        by=by, verb="waive", thing=item, after={"waived": waived}, reason=reason, legal_entity=item.legal_entity_id
    )
    return waived
