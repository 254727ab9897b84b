"""Sending events again: one, or all since a moment; and dropping one that its subscriber will never take.

An event that is sent again keeps its id and its bytes, so a subscriber that has it already can tell.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from governance import audit
from governance.actor import By
from governance.rights import Right, require
from governance.still_there import gone
from routes import nudges
from routes.models import Delivery, Subscription
from routes.models.outbound import Done, SubscriptionState

# A lease ends by its time: of a resting subscription nothing is claimed any more, which would clear what it leaves.
FREE = "({0}.lease_owner IS NULL OR {0}.due_at <= (SELECT hub_now()))"
MOST = 100_000  # events that one request sends again
REOPEN = f"""
UPDATE routes_delivery d SET done_at = NULL, done_how = '', due_at = (SELECT hub_now()), lease_owner = NULL,
    attempts = 0, status = NULL, answer = ''
FROM routes_outboundevent e
WHERE e.id = d.event_id AND d.subscription_id = %s AND {FREE.format("d")} AND {{which}}
"""  # noqa: S608 - fixed texts


@dataclass(frozen=True, slots=True)
class SentAgain:
    """What came of sending everything again."""

    events: int  # that go again
    dropped: int  # that stay as they are, since a person has dropped them


def waits_for(subscription: Subscription) -> str:
    """Return why nothing leaves for a subscription just now, in words; empty where it is active."""
    if subscription.state == SubscriptionState.ACTIVE:
        return ""
    return f"The subscription is {SubscriptionState(subscription.state).label}. It waits until that goes on."


@transaction.atomic
def send_again(delivery: Delivery, *, by: By) -> None:
    """Send one event again, at once or once its subscription goes on; also one that a person has dropped.

    Raises NotAllowed, and ValueError while it is just being sent.
    """
    subscription = delivery.subscription
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    with connection.cursor() as cursor:
        cursor.execute(REOPEN.format(which="d.id = %s"), [subscription.pk, delivery.pk])
        if not cursor.rowcount:
            _refuse_gone(delivery)
            raise ValueError("This event is just being sent. Wait a moment, and load the page again.")
    told = {"event": str(delivery.event_id), "type": delivery.event.type, "subject": delivery.event.subject}
    audit.record(by=by, verb="send_again", thing=subscription, after=told, legal_entity=subscription.legal_entity)
    nudges.subscription(subscription.pk)


@transaction.atomic
def send_again_since(subscription: Subscription, since: datetime, *, by: By) -> SentAgain:
    """Send everything again that happened since a moment and is still kept, in order.

    What a person has dropped, with a reason, stays so: it is asked for by itself.

    Raises NotAllowed, and ValueError where there is nothing or too much.
    """
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    with connection.cursor() as cursor:
        which = "e.happened_at >= %s AND d.done_how <> %s"
        cursor.execute(REOPEN.format(which=which), [subscription.pk, since, Done.DROPPED])
        count = int(cursor.rowcount)
    left = Delivery.objects.filter(subscription=subscription, event__happened_at__gte=since, done_how=Done.DROPPED)
    dropped = left.count()
    if not count:
        _refuse_gone(subscription)
    if not count and dropped:
        raise ValueError(
            f"All that happened since then ({dropped:,}) was dropped by people, and stays so. What is wanted after all "
            "is sent again by itself, from its own page."
        )
    if not count:
        raise ValueError("Nothing that is still kept has happened since then. Choose an earlier moment.")
    if count > MOST:
        raise ValueError(f"That would be {count:,} events; at most {MOST:,} go at once. Choose a later moment.")
    told = {"since": since, "events": count, **({"left dropped": dropped} if dropped else {})}
    audit.record(by=by, verb="send_again", thing=subscription, after=told, legal_entity=subscription.legal_entity)
    nudges.subscription(subscription.pk)
    return SentAgain(count, dropped)


@transaction.atomic
def drop(delivery: Delivery, *, reason: str, by: By) -> None:
    """Give one event up for its subscription, so that those behind it in its key go on.

    Raises NotAllowed, and ValueError without a reason, or when it has ended or is just being sent.
    """
    subscription = delivery.subscription
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    if not reason.strip():
        raise ValueError("Dropping an event needs a reason. Say why its subscriber does without it.")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_delivery d SET done_at = (SELECT hub_now()), done_how = %s, lease_owner = NULL"  # noqa: S608
            f" WHERE id = %s AND done_at IS NULL AND {FREE.format('d')}",
            [Done.DROPPED, delivery.pk],
        )
        if not cursor.rowcount:
            _refuse_gone(delivery)
            raise ValueError("This event has ended or is just being sent. Load the page again.")
        cursor.execute(
            "UPDATE routes_delivery SET due_at = (SELECT hub_now()) WHERE subscription_id = %s AND key = %s"
            " AND done_at IS NULL AND lease_owner IS NULL",
            [subscription.pk, delivery.key],
        )
    told = {"event": str(delivery.event_id), "type": delivery.event.type, "subject": delivery.event.subject}
    audit.record(
        by=by, verb="drop_event", thing=subscription, after=told, reason=reason.strip(),
        legal_entity=subscription.legal_entity,
    )  # fmt: skip
    nudges.subscription(subscription.pk)


def _refuse_gone(row: Delivery | Subscription) -> None:
    if not type(row)._default_manager.filter(pk=row.pk).exists():
        raise gone(row)
