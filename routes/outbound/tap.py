"""The tap: turns what was committed since it last looked into events, once each, and into deliveries of them.

The history of states is the outbox. Rows are never taken by "id greater than last seen", which misses a commit that
began early and ended late: each row carries the id of the transaction that wrote it, and the tap takes those between
its last horizon and the oldest transaction that still runs. Below that everything has ended, so nothing can follow.
With no subscription the horizon is NULL and no history is read.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from governance.identifiers import new_id
from routes import unforeseen
from routes.bulk import array, copy_in
from routes.models import Subscription
from routes.outbound import faults, happenings, history
from routes.outbound.happenings import Happening
from routes.outbound.history import NOTHING, Span

MOST = 5_000  # rows of history that one commit of the tap takes, as far as commits of others can be cut
TAKE = "SELECT horizon, floor, stuck FROM routes_tap WHERE id = 1 AND horizon IS NOT NULL FOR UPDATE SKIP LOCKED"
ENDED = """
SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s
"""
HOLD = "SELECT id FROM routes_subscription ORDER BY id FOR KEY SHARE"  # pausing and the carrying go on beside it
OPEN = """
INSERT INTO routes_tap (id, horizon, stuck) VALUES (1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, false)
ON CONFLICT (id) DO UPDATE SET horizon = coalesce(routes_tap.horizon, excluded.horizon)
"""
EVENTS = (
    "COPY routes_outboundevent (id, number, type, key, subject, legal_entity_id, route_id, destination_id, category,"
    " happened_at, body) FROM STDIN"
)
DELIVERIES = (
    "COPY routes_delivery (subscription_id, event_id, key, sequence, due_at, attempts, answer, done_how) FROM STDIN"
)
log = logging.getLogger(__name__)


def open_up() -> None:
    """Let the tap run from now on; in the commit that makes a subscription.

    It begins with the oldest transaction that is still open, so that nothing which ends after this is missed; while one
    is open for long, something that ended a little before is told, too.
    """
    with connection.cursor() as cursor:
        cursor.execute(OPEN)


def is_open() -> bool:
    """Return whether anybody listens: the cheap question, asked with every sweep."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM routes_tap WHERE id = 1 AND horizon IS NOT NULL)")
        found: bool = cursor.fetchone()[0]
    return found


def tell(*, most: int = MOST) -> bool:
    """Tell what was committed since the last time, in one commit; return whether there is more to tell at once.

    Where it meets something unforeseen, a person hears of it and the horizon stays: the next time tries it again.
    """
    try:
        return _tell(most)
    except unforeseen.OUTAGES:
        raise
    except Exception as error:
        log.exception("unforeseen in telling what happened")
        with transaction.atomic():
            faults.tell_person(error)
        return False


def _tell(most: int) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TAKE)
        row = cursor.fetchone()
        if row is None:  # nobody listens, or another is at it
            return False
        low: int = row[0]
        floor: UUID | None = row[1]
        ended, newest = _ended()
        if low > newest:
            _begin_anew(ended)
            return False
        # Only now: what is committed from here on has an id that no snapshot before it counted among the ended.
        subscriptions = _held()
        if not subscriptions:
            cursor.execute("UPDATE routes_tap SET horizon = NULL WHERE id = 1")
            return False
        wanted = Span(low, ended, floor or NOTHING)
        if wanted.low >= wanted.high:
            return False
        found, covered = _within(wanted, most)
        _write(found, subscriptions)
        cursor.execute("UPDATE routes_tap SET horizon = %s WHERE id = 1", [covered.high])
        if row[2]:
            faults.passed()
        return low < covered.high < ended


def _held() -> list[Subscription]:
    """Return all subscriptions, none of which is ended before this commit: its deliveries would belong to nothing."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD)
        kept = [row[0] for row in cursor.fetchall()]
    return list(Subscription.objects.filter(pk__in=kept).defer("secrets"))


def _within(wanted: Span, most: int) -> tuple[list[Happening], Span]:
    """Return what happened within the beginning of a span, and what of it that covers: more rows where needed."""
    while True:
        part = history.cut(wanted, most)
        found, covered = happenings.within(part)
        if covered.high > wanted.low or part.high == wanted.high:
            return found, covered
        most *= 2  # what came before lies beyond the part, though not beyond all that has ended


def _ended() -> tuple[int, int]:
    """Return the transaction id below which all have ended, and the next one that will be given out."""
    with connection.cursor() as cursor:
        cursor.execute(ENDED)
        ended, newest = cursor.fetchone()
        return ended, newest


def _begin_anew(ended: int) -> None:
    """Begin at this moment: the database was restored to a server that counts its transactions anew."""
    log.warning("events.begin_anew reason=the database was restored to another server")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_tap SET horizon = %s, floor = %s WHERE id = 1", [ended, new_id()])


def matches(subscription: Subscription, event: Happening) -> bool:
    """Return whether a subscription asks for an event."""
    return (
        subscription.legal_entity_id in (None, event.legal_entity)
        and event.to_all in (None, subscription.legal_entity_id is None)
        and (not subscription.types or event.type in subscription.types)
        and (not subscription.routes or event.route in subscription.routes)
        and (not subscription.destinations or event.destination in subscription.destinations)
        and (not subscription.categories or event.category in subscription.categories)
    )


def _write(found: Sequence[Happening], subscriptions: Sequence[Subscription]) -> None:
    """Write the events that somebody asks for, numbered in their order, and a delivery for each who does."""
    wanted = [(each, [s.pk for s in subscriptions if matches(s, each)]) for each in found]
    wanted = [(each, asking) for each, asking in wanted if asking]
    if not wanted:
        return
    numbers, now = _numbers(len(wanted))
    events, deliveries = [], []
    for number, (each, asking) in zip(numbers, wanted, strict=True):
        id_ = new_id()
        events.append(row_of(id_, number, each))
        deliveries += [(pk, id_, each.key, number, now, 0, "", "") for pk in asking]
    with connection.cursor() as cursor:
        copy_in(cursor, EVENTS, events)
        copy_in(cursor, DELIVERIES, deliveries)


def _numbers(count: int) -> tuple[list[int], datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(nextval('routes_outboundevent_number')), hub_now() FROM generate_series(1, %s)", [count]
        )
        numbers, now = cursor.fetchone()
        return sorted(numbers), now


def row_of(id_: UUID, number: int, each: Happening) -> tuple[object, ...]:
    """Return an event as COPY takes it."""
    return (
        id_, number, each.type, each.key, each.subject, each.legal_entity, each.route, each.destination, each.category,
        each.at, each.body(id_, number),
    )  # fmt: skip


def waiting(subscriptions: Iterable[int]) -> dict[int, int]:
    """Return how many deliveries of each subscription have not ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subscription_id, count(*) FROM routes_delivery WHERE done_at IS NULL"
            " AND subscription_id = ANY(%s::bigint[]) GROUP BY subscription_id",
            [array(subscriptions)],
        )
        return dict(cursor.fetchall())
