"""Carries events to a subscription: claim what is due, send it, take in the answers.

Of each key only the earliest delivery goes, so events of a key arrive in order, and one that is not taken holds up only
its own key. An address that fails as a whole is left alone for a while and then tried with one event. The claim is a
lease by the database's clock; no byte leaves in its second half, so whoever claims after it meets nothing on the wire.
An event may arrive twice, with the same id: after a crash nobody knows whether the subscriber has it.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from governance.keys import KeyLost, KeysUnusable
from routes import retry
from routes.bulk import array
from routes.models import Subscription
from routes.models.outbound import SubscriptionState
from routes.outbound import calling, disabling, signing
from routes.outbound.calling import Answered, Letter

BATCH = 50  # events that a worker claims at once, each of another key
UNFORESEEN = "the hub met something that it was not made for; its log says more"
ANSWER = 300  # characters, as the column
log = logging.getLogger(__name__)

DUE = """
SELECT s.id FROM routes_subscription s
WHERE s.state = 'active' AND (s.due_at IS NULL OR s.due_at <= (SELECT hub_now())) AND EXISTS (
    SELECT FROM routes_delivery d
    WHERE d.subscription_id = s.id AND d.done_at IS NULL AND d.due_at <= (SELECT hub_now()))
ORDER BY s.id
"""
ADMIT = """
UPDATE routes_subscription SET due_at = (SELECT hub_now()) + make_interval(secs => %s)
WHERE id = %s AND due_at <= (SELECT hub_now()) RETURNING id
"""
CLAIM = """
WITH due AS (
    SELECT d.id FROM routes_delivery d
    WHERE d.subscription_id = %(subscription)s AND d.done_at IS NULL AND d.due_at <= (SELECT hub_now())
      AND NOT EXISTS (
        SELECT FROM routes_delivery e WHERE e.subscription_id = d.subscription_id AND e.key = d.key
            AND e.done_at IS NULL AND e.sequence < d.sequence)
    ORDER BY d.sequence LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
), mine AS (
    UPDATE routes_delivery d
    SET due_at = (SELECT hub_now()) + make_interval(secs => %(lease)s), lease_owner = %(owner)s
    FROM due WHERE d.id = due.id RETURNING d.id, d.event_id, d.key, d.sequence, d.attempts
)
SELECT m.id, m.key, m.sequence, m.attempts, v.id, v.body, v.route_id, v.legal_entity_id
FROM mine m JOIN routes_outboundevent v ON v.id = m.event_id ORDER BY m.sequence
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery that this worker owns until its lease ends."""

    id: int
    key: str
    sequence: int
    attempts: int
    event: UUID
    body: str
    route: int
    legal_entity: int


Pair = tuple[Claim, Answered]


def due() -> list[int]:
    """Return the subscriptions to which something may go now."""
    with connection.cursor() as cursor:
        cursor.execute(DUE)
        return [row[0] for row in cursor.fetchall()]


def carry(subscription_id: int) -> bool:
    """Do one round for a subscription; return whether there is more. Safe from any number of workers at once."""
    owner, began = uuid4(), time.monotonic()
    with transaction.atomic():
        subscription = Subscription.objects.filter(pk=subscription_id, state=SubscriptionState.ACTIVE).first()
        claims = _claim(subscription, owner) if subscription is not None else []
    if subscription is None or not claims:
        return False
    letters = [Letter(str(claim.event), claim.body.encode()) for claim in claims]
    answers = _sent(subscription, letters, began + settings.LEASE_SECONDS / 2)
    with transaction.atomic():
        return _settle(subscription_id, list(zip(claims, answers, strict=True)), owner)


def _claim(subscription: Subscription, owner: UUID) -> list[Claim]:
    """Take what may go now; only one event to an address that failed, and only when its time has come."""
    lease, limit = settings.LEASE_SECONDS, BATCH
    with connection.cursor() as cursor:
        if subscription.due_at is not None:
            cursor.execute(ADMIT, [lease, subscription.pk])
            if cursor.fetchone() is None:
                return []
            limit = 1
        cursor.execute(CLAIM, {"subscription": subscription.pk, "limit": limit, "lease": lease, "owner": owner})
        return [Claim(*row) for row in cursor.fetchall()]


def _sent(subscription: Subscription, letters: Sequence[Letter], deadline: float) -> list[Answered]:
    try:
        secrets = signing.in_force(subscription.secrets, _now())
    except (KeyLost, KeysUnusable) as lost:
        return [Answered(None, str(lost))] * len(letters)
    try:
        return calling.call_all(subscription.address, letters, secrets, deadline=deadline)
    except Exception:  # counts like an address that gives no answer, so that people hear of it
        log.exception("unforeseen in carrying events to subscription %s", subscription.pk)
        return [Answered(None, UNFORESEEN)] * len(letters)


def _settle(subscription_id: int, pairs: Sequence[Pair], owner: UUID) -> bool:
    """Take in the answers, in the caller's commit; return whether more may go at once."""
    subscription = Subscription.objects.select_for_update(no_key=True).filter(pk=subscription_id).first()
    if subscription is None:
        return False  # somebody has ended it while these were on the wire
    _give_back([claim.id for claim, answer in pairs if answer.unsent], owner)
    taken = [pair for pair in pairs if pair[1].taken]
    missed = [pair for pair in pairs if not (pair[1].taken or pair[1].unsent)]
    if not taken and not missed:
        return False
    _end(taken, owner)
    _put_off(subscription_id, missed, owner)
    later = [answer for _, answer in missed if answer.is_for_later]
    if taken:
        _recovered(subscription, taken[-1][1])
    elif subscription.state == SubscriptionState.ACTIVE:
        _failing(subscription, missed)
    if taken and later and subscription.state == SubscriptionState.ACTIVE:
        _put_aside(subscription, later)
    gone = next((pair for pair in missed if pair[1].gone), None)
    if gone is not None:
        disabling.disable(subscription, "Its address answered 410 Gone: it takes no more events.", _place(gone))
    return bool(taken) and not later and gone is None


def _give_back(ids: Sequence[int], owner: UUID) -> None:
    """Let go at once what a slow subscriber left no time for: it was not tried."""
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_delivery SET due_at = (SELECT hub_now()), lease_owner = NULL"
            " WHERE id = ANY(%s::bigint[]) AND lease_owner = %s",
            [array(ids), owner],
        )


def _end(taken: Sequence[Pair], owner: UUID) -> None:
    """Note what the subscriber has, as far as the lease was still ours, and let the next of its key go."""
    again = [claim.key for claim, _ in taken if claim.attempts]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_delivery d SET done_at = (SELECT hub_now()), done_how = 'delivered', lease_owner = NULL,"
            " attempts = d.attempts + 1, tried_at = (SELECT hub_now()), status = w.status, answer = w.words"
            " FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS w(id, status, words)"
            " WHERE d.id = w.id AND d.lease_owner = %s",
            [*_columns(taken), owner],
        )
        if again:
            cursor.execute(
                "UPDATE routes_delivery SET due_at = (SELECT hub_now()) WHERE subscription_id ="
                " (SELECT subscription_id FROM routes_delivery WHERE id = %s) AND key = ANY(%s::text[])"
                " AND done_at IS NULL AND lease_owner IS NULL AND due_at > (SELECT hub_now())",
                [taken[0][0].id, array(again)],
            )


def _put_off(subscription_id: int, missed: Sequence[Pair], owner: UUID) -> None:
    """Let what the subscriber did not take wait, and with it what follows in its key, so that nobody looks at it."""
    if not missed:
        return
    waits = array(retry.events_out(claim.attempts + 1, retry_after=answer.retry_after) for claim, answer in missed)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH wait AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::float8[], %s::text[])"
            "     AS w(id, status, words, seconds, key)), mine AS ("
            " UPDATE routes_delivery d SET due_at = (SELECT hub_now()) + make_interval(secs => w.seconds),"
            "     lease_owner = NULL, attempts = d.attempts + 1, tried_at = (SELECT hub_now()), status = w.status,"
            "     answer = w.words"
            " FROM wait w WHERE d.id = w.id AND d.lease_owner = %s RETURNING d.key, d.due_at)"
            " UPDATE routes_delivery d SET due_at = m.due_at FROM mine m WHERE d.subscription_id = %s"
            " AND d.key = m.key AND d.done_at IS NULL AND d.lease_owner IS NULL AND d.id <> ALL(%s::bigint[])",
            [
                *_columns(missed), waits, array(claim.key for claim, _ in missed), owner, subscription_id,
                array(claim.id for claim, _ in missed),
            ],
        )  # fmt: skip


def _columns(pairs: Sequence[Pair]) -> list[str]:
    ids = array(claim.id for claim, _ in pairs)
    statuses = array(answer.status for _, answer in pairs)
    return [ids, statuses, array(answer.words[:ANSWER].replace("\x00", "") for _, answer in pairs)]


def _recovered(subscription: Subscription, answer: Answered) -> None:
    """Something has arrived: what waited only because the address was away goes on at once."""
    if subscription.failures > 1:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_delivery SET due_at = (SELECT hub_now()) WHERE subscription_id = %s"
                " AND done_at IS NULL AND lease_owner IS NULL AND due_at > (SELECT hub_now())"
                " AND (status IS NULL OR status <> ALL(%s::int[]))",
                [subscription.pk, array(calling.REFUSALS)],
            )
    Subscription.objects.filter(pk=subscription.pk).update(
        failing_since=None, failures=0, due_at=None, last_answer=answer.words[:ANSWER]
    )


FAILED = """
UPDATE routes_subscription
SET failing_since = coalesce(failing_since, (SELECT hub_now())), failures = failures + 1, last_answer = %s,
    due_at = (SELECT hub_now()) + make_interval(secs => %s::float8)
WHERE id = %s RETURNING failing_since < (SELECT hub_now()) - make_interval(secs => %s)
"""


def _put_aside(subscription: Subscription, later: Sequence[Answered]) -> None:
    """Leave an address alone that has taken some of a round and then asked for patience, as long as it asks.

    It fails from now on only: whatever came before has arrived.
    """
    asked = max(answer.retry_after or 0.0 for answer in later)
    wait = retry.events_out(1, retry_after=asked)
    with connection.cursor() as cursor:
        cursor.execute(FAILED, [later[-1].words[:ANSWER], wait, subscription.pk, 0])


def _failing(subscription: Subscription, missed: Sequence[Pair]) -> None:
    """Nothing of a round has arrived: leave the address alone if it is to blame, and for good after some days."""
    asked = max((answer.retry_after or 0.0 for _, answer in missed), default=0.0)
    wait = retry.events_out(subscription.failures + 1, retry_after=asked) if _is_away(subscription, missed) else None
    answer, days = missed[-1][1], settings.EVENT_DISABLE_DAYS
    with connection.cursor() as cursor:
        cursor.execute(FAILED, [answer.words[:ANSWER], wait, subscription.pk, days * 86_400])
        (for_long,) = cursor.fetchone()
    if for_long and not answer.gone:
        reason = f"Nothing has arrived there for {days:g} day{'' if days == 1 else 's'}; last, {answer.words}."
        disabling.disable(subscription, reason, _place(missed[-1]))


def _is_away(subscription: Subscription, missed: Sequence[Pair]) -> bool:
    """Return whether the address fails, and not only one event, which must not hold up the others."""
    if any(answer.away for _, answer in missed):
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT key) FROM routes_delivery WHERE subscription_id = %s AND done_at IS NULL"
            " AND attempts > 0 AND status <> ALL(%s::int[])",
            [subscription.pk, array(calling.REFUSALS)],
        )
        return bool(cursor.fetchone()[0] > 1)


def _place(pair: Pair) -> tuple[int, int]:
    return pair[0].legal_entity, pair[0].route


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now: datetime = cursor.fetchone()[0]
        return now
