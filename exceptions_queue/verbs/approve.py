"""Releasing what is held for a second person: transactions, or a run that would withdraw too much."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.verbs.members import NotPossible, chosen, transactions
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import comparing, decisions
from routes.models import Failure, Run
from routes.plan import current, plan


@transaction.atomic
def approve(
    item: WorkItem, *, by: By, reason: str = "", failures: Collection[UUID] | None = None, seen: Seen | None = None
) -> int:
    """Approve all held members, those that were seen, or the chosen ones; return how many go on.

    Raises NotAllowed (also to whoever corrected a member: a second person is meant) and NotPossible.
    """
    require(by, Right.APPROVE, item.legal_entity_id)
    members = chosen(item, failures, seen=seen)
    approved = len(decisions.approve(transactions(members), by=by, reason=reason))
    approved += sum(_approve_run(m, by=by, reason=reason) for m in members if m.run_id and not m.record_id)
    if not approved:
        raise NotPossible(
            "None of these went on: they are not held for an approval any more, or lack something else. "
            "Load the page again and see what they wait for."
        )
    # Seen through one of its causes, an item holds more than that.
    whole = not Failure.objects.filter(fingerprint=item.fingerprint, closed_at=None).exists()
    told = f"{approved:,} approved. {reason}".strip()
    note(item, by=by, verb="approved", reason=told, to=State.RESUBMITTED if whole else None)
    audit.record(
        by=by, verb="approve", thing=item, after={"approved": approved}, reason=reason,
        legal_entity=item.legal_entity_id,
    )  # fmt: skip
    return approved


def _approve_run(member: Failure, *, by: By, reason: str) -> int:
    run = Run.objects.select_related("route", "legal_entity").get(pk=str(member.run_id))
    try:
        comparing.approve(run, plan(current(run.route).pk), by=by, reason=reason)
    except ValueError as error:
        raise NotPossible(str(error)) from error
    return 1
