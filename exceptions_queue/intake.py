"""Taking failures in: 10,000 of one cause become one item and a counter, in a number of queries that does not grow.

`routes` marks a failure as untaken when it is written down and again when it is closed, so both come through here. What
an item shows is counted anew from its open failures each time: whatever came twice or late, the figures are right.

Many workers may take in at once. Each takes the lock of a cause or leaves it to another, and never waits for a failure
row that a remedy is about to close; remedies write the item's row last, so the two cannot wait for each other.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from canonical.failure import CATEGORIES, Category, NextStep
from exceptions_queue import placing, reckoning, routing, saving, settle, waking, words
from exceptions_queue.models import State, WorkItem, WorkItemAmount, WorkItemDay, WorkItemEvent
from exceptions_queue.moving import event_of
from governance.actor import ENGINE
from routes.bulk import array

CAUSES = 500  # that one call looks at
LIMIT = 20_000  # failures that one call takes
LOCK = 7_221_905  # sets our advisory locks apart from those of others
# Named in the title when all members agree.
SHARED = ("customer_id", "project_code", "worker_id", "worker_name", "role", "billing_model", "period")

LOCK_CAUSES = """
SELECT fingerprint FROM (
    SELECT DISTINCT fingerprint FROM routes_failure WHERE NOT taken ORDER BY fingerprint LIMIT %s
) waiting WHERE pg_try_advisory_xact_lock(%s, hashtext(fingerprint))
"""
LOCK_THESE = """
SELECT fingerprint FROM (
    SELECT fingerprint, pg_advisory_xact_lock(%s, hashtext(fingerprint)) FROM unnest(%s::text[]) AS w(fingerprint)
) locked
"""
# An earlier release kept NUL characters in bodies, which are no JSON to the database.
# Bodies are looked up one by one: as joins, the planner, who cannot know how few have failed, read the whole table.
TAKE = f"""
WITH batch AS (
    SELECT id FROM routes_failure WHERE NOT taken AND fingerprint = ANY(%s) LIMIT %s FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE routes_failure f SET taken = true, occurred_on = CASE WHEN f.closed_at IS NULL THEN
        (SELECT r.occurred_on FROM routes_record r WHERE r.id = f.record_id) ELSE f.occurred_on END
    FROM batch b WHERE f.id = b.id
    RETURNING f.id, f.fingerprint, f.opened_at, f.closed_at, f.record_id, f.own_fingerprint, f.fingerprint_version
)
SELECT m.fingerprint, count(*), count(*) FILTER (WHERE m.closed_at IS NULL), max(m.opened_at),
    min(m.fingerprint_version), coalesce(bool_or(m.own_fingerprint <> ''), false),
    {", ".join(f"min(b.{name}), max(b.{name}), count(b.{name})" for name in SHARED)},
    array_agg(DISTINCT m.record_id) FILTER (WHERE m.record_id IS NOT NULL)
FROM marked m
LEFT JOIN LATERAL json_to_record((
    SELECT replace(p.body, '\\u0000', '\\ufffd')::json
    FROM routes_record r CROSS JOIN LATERAL routes_body(r.canonical_payload_id) p
    WHERE m.closed_at IS NULL AND r.id = m.record_id
)) AS b({", ".join(f"{name} text" for name in SHARED)}) ON true
GROUP BY m.fingerprint
"""  # noqa: S608 - built from the constant above
# A record that stopped on its way to three destinations for one cause is three members and one money; `once` leaves out
# what another open cause counts already (the one of the smallest fingerprint counts it).
OPEN_NOW = """
SELECT fingerprint, route_id, occurred_on, currency, sum(members)::int, sum(amount), sum(hours),
    coalesce(sum(members) FILTER (WHERE amount IS NULL), 0)::int, min(first), max(last),
    sum(amount) FILTER (WHERE record_id IS NULL OR NOT EXISTS (
        SELECT FROM routes_failure o WHERE o.record_id = f.record_id AND o.closed_at IS NULL AND o.taken
            AND o.fingerprint < f.fingerprint AND o.amount IS NOT NULL))
FROM (
    SELECT DISTINCT ON (fingerprint, coalesce(record_id, id)) fingerprint, record_id, route_id, occurred_on, currency,
        amount, hours, count(*) OVER same AS members, min(opened_at) OVER same AS first,
        max(opened_at) OVER same AS last
    FROM routes_failure WHERE fingerprint = ANY(%s) AND closed_at IS NULL
    WINDOW same AS (PARTITION BY fingerprint, coalesce(record_id, id))
    ORDER BY fingerprint, coalesce(record_id, id), amount DESC NULLS LAST, id
) f GROUP BY 1, 2, 3, 4
"""
# Items that hold records of which something came or went here: what they count once may be another sum now.
NEIGHBOURS = """
INSERT INTO exceptions_queue_recount (item_id)
SELECT DISTINCT w.number FROM routes_failure o
JOIN exceptions_queue_workitem w ON w.fingerprint = o.fingerprint AND w.state <> 'resolved'
WHERE o.record_id = ANY(%s::uuid[]) AND o.closed_at IS NULL AND o.taken AND NOT o.fingerprint = ANY(%s)
"""


@dataclass(slots=True)
class Taken:
    """What came in of one cause."""

    rows: int  # failures written down or closed
    opened: int  # of these, still open
    last_seen: datetime
    version: int  # by which they are told apart
    gathered: bool  # whether some have another cause of their own
    shared: dict[str, str]  # values on which all of the opened ones agree
    records: list[UUID]  # whose failures they are


@dataclass(slots=True)
class Standing:
    """What is open of one cause now."""

    members: int = 0
    hours: Decimal | None = None
    without_amount: int = 0
    first: datetime | None = None
    last: datetime | None = None
    sums: dict[str, Decimal] = field(default_factory=dict)
    once: dict[str, Decimal] = field(default_factory=dict)  # of these sums, what no other item counts
    days: list["OfDay"] = field(default_factory=list)


class OfDay(NamedTuple):
    """What of a cause lies on one day."""

    route: int
    day: date | None
    currency: str
    members: int
    amount: Decimal | None
    without_amount: int
    once: Decimal | None


def take_in(limit: int = LIMIT, *, only: Sequence[str] | None = None) -> int:
    """Take in at most `limit` failures and return how many there were; 0 when nothing waits or others are at it.

    With `only` some causes, for whoever has just written down one of them; others that are at it are waited for.
    """
    with transaction.atomic():
        taken = _take(limit, only)
        if not taken:
            return 0
        standing = standing_of(list(taken))
        items = _items(list(taken))
        now = _now()
        events: list[WorkItemEvent] = []
        made = _open_new([c for c in taken if c not in items and c in standing], taken, standing, now, events)
        resolved = {item.number for item in items.values() if not item.is_open}
        touched = [_refresh(items[c], taken[c], standing.get(c), now, events) for c in taken if c in items]
        saving.save(touched, CHANGED)
        save_amounts([*made, *touched], standing)
        _tell_neighbours(taken)
        grown = [item for item in touched if item.members]
        reckoning.reckon([*made, *grown], now)
        back = [item for item in grown if item.number in resolved]
        events += routing.arrived([*made, *back], [item for item in grown if item.number not in resolved], now)
        WorkItemEvent.objects.bulk_create(events)
        settle.settle([item for item in touched if not item.members and item.is_open])
        return sum(each.rows for each in taken.values())


def take_in_what_waits(*, until: float) -> None:
    """Take in what waits now, at most until a time of `time.monotonic`.

    What comes meanwhile is left to the next sweep: else a run that brings failures with each page has the same items
    counted anew after each of its pages.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM routes_failure WHERE NOT taken")
        left = cursor.fetchone()[0]
    while left > 0 and time.monotonic() < until:
        taken = take_in()
        if not taken:  # others are at it
            return
        left -= taken


def _take(limit: int, only: Sequence[str] | None) -> dict[str, Taken]:
    with connection.cursor() as cursor:
        if only is None:
            cursor.execute(LOCK_CAUSES, [CAUSES, LOCK])
        else:
            cursor.execute(LOCK_THESE, [LOCK, sorted(only)])
        causes = [row[0] for row in cursor.fetchall()]
        if not causes:
            return {}
        elsewhere = set(placing.place(causes, limit)) - set(causes)
        causes += placing.lock_free(elsewhere, LOCK) if elsewhere else []
        cursor.execute(TAKE, [causes, limit])
        return {
            cause: Taken(rows, opened, last, version, gathered, _agreed(values, opened), records or [])
            for cause, rows, opened, last, version, gathered, *values, records in cursor.fetchall()
        }


def _tell_neighbours(taken: dict[str, Taken]) -> None:
    """Leave word for items that hold the same records: `recount` counts them anew."""
    tell_of([each for one in taken.values() for each in one.records], list(taken))


def _agreed(values: list[Any], opened: int) -> dict[str, str]:
    least, most, counts = values[0::3], values[1::3], values[2::3]
    return {
        name: low
        for name, low, high, count in zip(SHARED, least, most, counts, strict=True)
        if count == opened and low and low == high
    }


def standing_of(causes: list[str]) -> dict[str, Standing]:
    """Return what is open of causes now. One query."""
    found: dict[str, Standing] = {}
    with connection.cursor() as cursor:
        cursor.execute(OPEN_NOW, [causes])
        rows = cursor.fetchall()
        for cause, route, day, currency, count, amount, hours, unknown, first, last, once in rows:
            one = found.setdefault(cause, Standing())
            one.days.append(OfDay(route, day, currency, count, amount, unknown, amount and (once or Decimal(0))))
            one.members += count
            one.without_amount += unknown
            one.hours = hours if one.hours is None else one.hours + (hours or 0)
            one.first = first if one.first is None else min(one.first, first)
            one.last = last if one.last is None else max(one.last, last)
            if amount is not None:
                one.sums[currency] = one.sums.get(currency, Decimal(0)) + amount
                one.once[currency] = one.once.get(currency, Decimal(0)) + (once or 0)
    return found


def _items(causes: list[str]) -> dict[str, WorkItem]:
    """Return the newest item of each cause, locked."""
    newest = WorkItem.objects.filter(fingerprint__in=causes).order_by("fingerprint", "-number").distinct("fingerprint")
    numbers = list(newest.values_list("number", flat=True))
    rows = WorkItem.objects.select_for_update(of=("self",)).filter(number__in=numbers).order_by("number")
    return {item.fingerprint: item for item in rows}


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now: datetime = cursor.fetchone()[0]
        return now


def _open_new(
    causes: list[str],
    taken: dict[str, Taken],
    standing: dict[str, Standing],
    now: datetime,
    events: list[WorkItemEvent],
) -> list[WorkItem]:
    made = []
    for told in words.tell(causes):
        came = taken[told["fingerprint"]]
        item = WorkItem(**told, about=came.shared, seen=came.opened)
        item.fingerprint_version, item.gathers = came.version, came.gathered
        item.state, item.waiting_on = first_state(item)
        _count(item, standing[item.fingerprint])
        item.first_seen = item.opened_at = standing[item.fingerprint].first or now
        item.last_seen = standing[item.fingerprint].last or now
        made.append(item)
    WorkItem.objects.bulk_create(made)
    events += [event_of(item, by=ENGINE, verb="opened", at=now, frm="", reason=item.title) for item in made]
    return made


def first_state(item: WorkItem) -> tuple[State, str]:
    """Return where an item begins: what goes on by itself once something arrives is waiting, not failing."""
    category = Category(item.category)
    missing = words.missing(item)
    if CATEGORIES[category].next_step is NextStep.PARK and missing:
        return State.WAITING, missing
    if category is Category.APPROVAL_MISSING:
        return State.PENDING_APPROVAL, missing or "a second person"
    return State.NEW, ""


def _count(item: WorkItem, standing: Standing) -> None:
    item.members, item.hours, item.without_amount = standing.members, standing.hours, standing.without_amount
    item.currency, item.amount = max(standing.sums.items(), key=lambda pair: pair[1], default=("", None))


def _refresh(
    item: WorkItem, taken: Taken, standing: Standing | None, now: datetime, events: list[WorkItemEvent]
) -> WorkItem:
    _count(item, standing or Standing())
    item.seen += taken.opened
    item.gathers = item.gathers or taken.gathered
    if not taken.opened:
        return item
    item.last_seen = max(item.last_seen, taken.last_seen)
    was = item.state
    if was == State.RESOLVED:
        reason = f"it happened again; it had ended: {item.how_it_ended}"
        _reopen(item, standing or Standing(), now)
        item.about = taken.shared
        events.append(event_of(item, by=ENGINE, verb="reopened", at=now, frm=was, reason=reason))
        return item
    item.about = {name: value for name, value in item.about.items() if taken.shared.get(name) == value}
    if was == State.RESUBMITTED:
        item.state, item.waiting_on = first_state(item)
        item.state = State.IN_PROGRESS if item.state == State.NEW else item.state
        reason = f"{taken.opened:,} stopped again for the same cause"
        events.append(event_of(item, by=ENGINE, verb="stopped again", at=now, frm=was, reason=reason))
    if was == State.SNOOZED and (reason := waking.outgrown(item, (standing or Standing()).sums)):
        events.append(waking.awake(item, reason, now))
    return item


def count_anew(items: list[WorkItem], now: datetime) -> None:
    """Count locked items anew from what they hold, wake those that have outgrown their rest, reckon what orders them.

    A constant number of queries.
    """
    standing = standing_of([item.fingerprint for item in items])
    for item in items:
        _count(item, standing.get(item.fingerprint, Standing()))
    saving.save(items, ("members", "hours", "amount", "currency", "without_amount"))
    save_amounts(items, standing)
    _wake_outgrown(items, standing, now)
    reckoning.reckon(items, now)


def _wake_outgrown(items: list[WorkItem], standing: dict[str, Standing], now: datetime) -> None:
    asleep = [item for item in items if item.state == State.SNOOZED and item.fingerprint in standing]
    reasons = [(item, waking.outgrown(item, standing[item.fingerprint].sums)) for item in asleep]
    events = [waking.awake(item, reason, now) for item, reason in reasons if reason]
    saving.save([event.item for event in events], ("state", "waiting_on", *waking.REST))
    WorkItemEvent.objects.bulk_create(events)


def tell_of(records: list[UUID], but: list[str]) -> None:
    """Leave word for items that hold some records, but for those of some causes. One query."""
    if records:
        with connection.cursor() as cursor:
            cursor.execute(NEIGHBOURS, [array(records), but])


def _reopen(item: WorkItem, standing: Standing, now: datetime) -> None:
    item.state, item.waiting_on = first_state(item)
    item.resolution = item.root_cause = ""
    item.resolved_by = item.resolved_at = item.duplicate_of_id = None
    if not item.assignee:  # whoever gave it back did so the last time
        item.placed_by = ""
    item.reopened += 1
    item.opened_at = standing.first or now


CHANGED = (
    "members", "seen", "gathers", "hours", "amount", "currency", "without_amount", "last_seen", "about", "state",
    "waiting_on", "resolution", "root_cause", "resolved_by", "resolved_at", "reopened", "opened_at", "duplicate_of_id",
    *waking.REST,
)  # fmt: skip


def save_amounts(items: list[WorkItem], standing: dict[str, Standing]) -> None:
    """Write anew what items amount to, by currency and by day. Four queries."""
    WorkItemAmount.objects.filter(item__in=items).delete()
    WorkItemAmount.objects.bulk_create(
        WorkItemAmount(item=item, currency=currency, amount=amount, once=standing[item.fingerprint].once[currency])
        for item in items
        if item.fingerprint in standing
        for currency, amount in sorted(standing[item.fingerprint].sums.items())
    )
    WorkItemDay.objects.filter(item__in=items).delete()
    WorkItemDay.objects.bulk_create(
        WorkItemDay(
            item=item, route_id=each.route, day=each.day, currency=each.currency, members=each.members,
            amount=each.amount, once=each.once, without_amount=each.without_amount,
        )
        for item in items
        if item.fingerprint in standing
        for each in standing[item.fingerprint].days
    )  # fmt: skip
