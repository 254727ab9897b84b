"""Pausing a subscription and letting it go on; also one that the hub has switched off."""

from django.db import connection, transaction

from governance import audit
from governance.actor import By
from governance.rights import Right, require
from governance.still_there import held
from routes import nudges
from routes.models import Subscription
from routes.models.outbound import SubscriptionState
from routes.outbound import disabling

LONGEST = 300  # characters of a reason, as the column


@transaction.atomic
def pause(subscription: Subscription, *, reason: str, by: By) -> None:
    """Send nothing until somebody resumes it; its events are kept meanwhile, in order.

    Raises NotAllowed, Gone, and ValueError with the remedy when it rests already or no reason is given.
    """
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST:
        raise ValueError(f"Pausing needs a reason of at most {LONGEST} characters, for those who wonder.")
    row = held(Subscription.objects.all(), subscription)
    if row.state != SubscriptionState.ACTIVE:
        raise ValueError(f"{row} is not active. Load the page again to see why.")
    Subscription.objects.filter(pk=row.pk).update(state=SubscriptionState.PAUSED, state_reason=reason)
    _note(row, "pause", SubscriptionState.ACTIVE, SubscriptionState.PAUSED, reason, by)


@transaction.atomic
def resume(subscription: Subscription, *, reason: str = "", by: By) -> None:
    """Let it go on, in order, beginning with what was queued first.

    Raises NotAllowed, Gone, and ValueError when it is active.
    """
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    row = held(Subscription.objects.all(), subscription)
    if row.state == SubscriptionState.ACTIVE:
        raise ValueError(f"{row} is active already. Load the page again.")
    before = SubscriptionState(row.state)
    Subscription.objects.filter(pk=row.pk).update(state=SubscriptionState.ACTIVE, state_reason="")
    disabling.close(row, how="fixed")
    _note(row, "resume", before, SubscriptionState.ACTIVE, reason.strip(), by)
    begin_anew(row)


def begin_anew(row: Subscription) -> None:
    """Forget, in the caller's commit, what an address did: what waits for its sake goes as soon as it may."""
    row.failing_since, row.failures, row.due_at = None, 0, None
    Subscription.objects.filter(pk=row.pk).update(failing_since=None, failures=0, due_at=None)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_delivery SET due_at = (SELECT hub_now()) WHERE subscription_id = %s AND done_at IS NULL"
            " AND lease_owner IS NULL AND due_at > (SELECT hub_now())",
            [row.pk],
        )
    nudges.subscription(row.pk)


def _note(
    row: Subscription, verb: str, before: SubscriptionState, after: SubscriptionState, reason: str, by: By
) -> None:
    audit.record(
        by=by, verb=verb, thing=row, before={"state": before.label}, after={"state": after.label}, reason=reason,
        legal_entity=row.legal_entity,
    )  # fmt: skip
