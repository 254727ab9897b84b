"""Switching off a subscription whose address fails for days or is gone, and telling people by one failure."""

from django.db import connection

from canonical.failure import Category
from canonical.problem import Problem
from routes import failures
from routes.models import Subscription
from routes.models.outbound import SubscriptionState

RULE = "subscription"  # begins the rule of such a failure, which makes each subscription a cause of its own
REMEDY = (
    "Its events are kept. Put its receiver right, then choose Resume on its page in the administration, under "
    "Subscriptions: they go on in order."
)


def disable(subscription: Subscription, reason: str, place: tuple[int, int]) -> None:
    """Switch an active subscription off, in the caller's commit; `place` is the legal entity and route of an event."""
    words = reason[:300]
    moved = Subscription.objects.filter(pk=subscription.pk, state=SubscriptionState.ACTIVE).update(
        state=SubscriptionState.DISABLED, state_reason=words, failing_since=None, failures=0, due_at=None
    )
    if not moved:
        return
    legal_entity, route = place
    message = f"Events for {subscription.name} are not sent any more. {reason} {REMEDY}"
    problem = Problem("error", Category.CONFIGURATION, "", None, message, rule=rule_of(subscription))
    trouble = failures.Trouble(subscription.legal_entity_id or legal_entity, route, "deliver", problem)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        failures.write_down_once(trouble, at=cursor.fetchone()[0])


def rule_of(subscription: Subscription) -> str:
    """Return what marks the failures of a subscription."""
    return f"{RULE} {subscription.pk}"


def is_told(rule: str) -> bool:
    """Return whether the rule of a failure is that of a subscription switched off: no source need be read."""
    return rule.startswith(f"{RULE} ")


def close(subscription: Subscription, *, how: str) -> None:
    """Close what told people that a subscription was switched off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_failure SET closed_at = (SELECT hub_now()), closed_how = %s, taken = false"
            " WHERE closed_at IS NULL AND rule = %s AND transaction_id IS NULL AND record_id IS NULL",
            [how, rule_of(subscription)],
        )
