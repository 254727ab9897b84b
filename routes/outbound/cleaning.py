"""Dropping events that are older than the operator keeps them (EVENT_KEEP_DAYS)."""

import logging

from django.conf import settings
from django.db import connection, transaction

AT_ONCE = 5_000  # rows of one commit
log = logging.getLogger(__name__)

ENDED = """
DELETE FROM routes_delivery WHERE id IN (
    SELECT id FROM routes_delivery WHERE done_at < (SELECT hub_now()) - make_interval(days => %(days)s)
    LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""
# Nobody waits for what a subscription that was switched off has not got; an active or paused one keeps everything.
ABANDONED = """
DELETE FROM routes_delivery WHERE id IN (
    SELECT d.id FROM routes_delivery d JOIN routes_subscription s ON s.id = d.subscription_id
    JOIN routes_outboundevent e ON e.id = d.event_id
    WHERE s.state = 'disabled' AND d.done_at IS NULL
      AND e.happened_at < (SELECT hub_now()) - make_interval(days => %(days)s)
    LIMIT %(most)s FOR UPDATE OF d SKIP LOCKED)
"""
EVENTS = """
DELETE FROM routes_outboundevent WHERE id IN (
    SELECT e.id FROM routes_outboundevent e
    WHERE e.happened_at < (SELECT hub_now()) - make_interval(days => %(days)s)
      AND NOT EXISTS (SELECT FROM routes_delivery d WHERE d.event_id = e.id)
    LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""
ENDINGS = """
DELETE FROM routes_runending WHERE id IN (
    SELECT id FROM routes_runending WHERE at < (SELECT hub_now()) - make_interval(days => %(days)s) LIMIT %(most)s)
"""


def drop_old() -> int:
    """Drop deliveries that have ended and events that nobody waits for, piece by piece; return how many deliveries."""
    dropped = _all_of(ENDED)
    abandoned = _all_of(ABANDONED)
    if abandoned:
        log.warning("events.abandoned count=%d reason=their subscriptions are switched off", abandoned)
    _all_of(EVENTS)
    _all_of(ENDINGS)
    return dropped + abandoned


def _all_of(statement: str) -> int:
    total: int = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, {"days": settings.EVENT_KEEP_DAYS, "most": AT_ONCE})
            count = int(cursor.rowcount)
        total += count
        if count < AT_ONCE:
            return total
