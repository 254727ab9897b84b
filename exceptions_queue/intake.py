"""Taking failures in: 10,000 of one cause become one item and a counter, in a number of queries that does not grow.

`routes` marks a failure as untaken when it is written down and again when it is closed, so both come through here. What
an item shows is counted anew from its open failures each time: whatever came twice or late, the figures are right.

Many workers may take in at once. Each takes the lock of a cause or leaves it to another, and never waits for a failure
row that a remedy is about to close; remedies write the item's row last, so the two cannot wait for each other.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from canonical.failure import CATEGORIES, Category, NextStep
from exceptions_queue import saving, settle, words
from exceptions_queue.models import State, WorkItem, WorkItemAmount, WorkItemEvent
from exceptions_queue.moving import event_of
from governance.actor import ENGINE

CAUSES = 500  # that one call looks at
LIMIT = 20_000  # failures that one call takes
LOCK = 7_221_905  # sets our advisory locks apart from those of others
SHARED = ("customer_id", "project_code", "worker_name", "role", "period")  # named in the title when all members agree

LOCK_CAUSES = """
SELECT fingerprint FROM (
    SELECT DISTINCT fingerprint FROM routes_failure WHERE NOT taken ORDER BY fingerprint LIMIT %s
) waiting WHERE pg_try_advisory_xact_lock(%s, hashtext(fingerprint))
"""
# An earlier release kept NUL characters in bodies, which are no JSON to the database.
# Bodies are looked up one by one: as joins, the planner, who cannot know how few have failed, read the whole table.
TAKE = f"""
WITH batch AS (
    SELECT id FROM routes_failure WHERE NOT taken AND fingerprint = ANY(%s) LIMIT %s FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE routes_failure f SET taken = true FROM batch b WHERE f.id = b.id
    RETURNING f.id, f.fingerprint, f.opened_at, f.closed_at, f.record_id
)
SELECT m.fingerprint, count(*), count(*) FILTER (WHERE m.closed_at IS NULL), max(m.opened_at),
    {", ".join(f"min(b.{name}), max(b.{name}), count(b.{name})" for name in SHARED)}
FROM marked m
LEFT JOIN LATERAL json_to_record((
    SELECT replace(p.body, '\\u0000', '\\ufffd')::json
    FROM routes_record r CROSS JOIN LATERAL routes_body(r.canonical_payload_id) p
    WHERE m.closed_at IS NULL AND r.id = m.record_id
)) AS b({", ".join(f"{name} text" for name in SHARED)}) ON true
GROUP BY m.fingerprint
"""  # noqa: S608 - built from the constant above
OPEN_NOW = """
SELECT fingerprint, currency, count(*), sum(amount), sum(hours), count(*) FILTER (WHERE amount IS NULL),
    min(opened_at), max(opened_at)
FROM routes_failure WHERE fingerprint = ANY(%s) AND closed_at IS NULL GROUP BY fingerprint, currency
"""


@dataclass(slots=True)
class Taken:
    """What came in of one cause."""

    rows: int  # failures written down or closed
    opened: int  # of these, still open
    last_seen: datetime
    shared: dict[str, str]  # values on which all of the opened ones agree


@dataclass(slots=True)
class Standing:
    """What is open of one cause now."""

    members: int = 0
    hours: Decimal | None = None
    without_amount: int = 0
    first: datetime | None = None
    last: datetime | None = None
    sums: dict[str, Decimal] = field(default_factory=dict)


def take_in(limit: int = LIMIT) -> int:
    """Take in at most `limit` failures and return how many there were; 0 when nothing waits or others are at it."""
    with transaction.atomic():
        taken = _take(limit)
        if not taken:
            return 0
        standing = _standing(list(taken))
        items = _items(list(taken))
        now = _now()
        events: list[WorkItemEvent] = []
        made = _open_new([c for c in taken if c not in items and c in standing], taken, standing, now, events)
        touched = [_refresh(items[c], taken[c], standing.get(c), now, events) for c in taken if c in items]
        saving.save(touched, CHANGED)
        _save_amounts([*made, *touched], standing)
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


def _take(limit: int) -> dict[str, Taken]:
    with connection.cursor() as cursor:
        cursor.execute(LOCK_CAUSES, [CAUSES, LOCK])
        causes = [row[0] for row in cursor.fetchall()]
        if not causes:
            return {}
        cursor.execute(TAKE, [causes, limit])
        return {
            cause: Taken(rows, opened, last, _agreed(values, opened))
            for cause, rows, opened, last, *values in cursor.fetchall()
        }


def _agreed(values: list[Any], opened: int) -> dict[str, str]:
    least, most, counts = values[0::3], values[1::3], values[2::3]
    return {
        name: low
        for name, low, high, count in zip(SHARED, least, most, counts, strict=True)
        if count == opened and low and low == high
    }


def _standing(causes: list[str]) -> dict[str, Standing]:
    found: dict[str, Standing] = {}
    with connection.cursor() as cursor:
        cursor.execute(OPEN_NOW, [causes])
        for cause, currency, count, amount, hours, unknown, first, last in cursor.fetchall():
            one = found.setdefault(cause, Standing())
            one.members += count
            one.without_amount += unknown
            one.hours = hours if one.hours is None else one.hours + (hours or 0)
            one.first = first if one.first is None else min(one.first, first)
            one.last = last if one.last is None else max(one.last, last)
            if amount is not None:
                one.sums[currency] = amount
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
        item = WorkItem(**told, about=taken[told["fingerprint"]].shared, seen=taken[told["fingerprint"]].opened)
        item.state, item.waiting_on = _first_state(item)
        _count(item, standing[item.fingerprint])
        item.first_seen = item.opened_at = standing[item.fingerprint].first or now
        item.last_seen = standing[item.fingerprint].last or now
        made.append(item)
    WorkItem.objects.bulk_create(made)
    events += [event_of(item, by=ENGINE, verb="opened", at=now, frm="", reason=item.title) for item in made]
    return made


def _first_state(item: WorkItem) -> tuple[State, str]:
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
    # Without a rate of exchange the largest sum stands for the item in the order of the list; all sums are shown.
    item.currency, item.amount = max(standing.sums.items(), key=lambda pair: pair[1], default=("", None))


def _refresh(
    item: WorkItem, taken: Taken, standing: Standing | None, now: datetime, events: list[WorkItemEvent]
) -> WorkItem:
    _count(item, standing or Standing())
    item.seen += taken.opened
    if not taken.opened:
        return item
    item.last_seen = max(item.last_seen, taken.last_seen)
    was = item.state
    if was == State.RESOLVED:
        _reopen(item, standing or Standing(), now)
        item.about = taken.shared
        events.append(event_of(item, by=ENGINE, verb="reopened", at=now, frm=was, reason="it happened again"))
        return item
    item.about = {name: value for name, value in item.about.items() if taken.shared.get(name) == value}
    if was == State.RESUBMITTED:
        item.state, item.waiting_on = _first_state(item)
        item.state = State.IN_PROGRESS if item.state == State.NEW else item.state
        reason = f"{taken.opened:,} stopped again for the same cause"
        events.append(event_of(item, by=ENGINE, verb="stopped again", at=now, frm=was, reason=reason))
    return item


def _reopen(item: WorkItem, standing: Standing, now: datetime) -> None:
    item.state, item.waiting_on = _first_state(item)
    item.resolution = item.root_cause = ""
    item.resolved_by = item.resolved_at = None
    item.reopened += 1
    item.opened_at = standing.first or now


CHANGED = (
    "members", "seen", "hours", "amount", "currency", "without_amount", "last_seen", "about", "state", "waiting_on",
    "resolution", "root_cause", "resolved_by", "resolved_at", "reopened", "opened_at",
)  # fmt: skip


def _save_amounts(items: list[WorkItem], standing: dict[str, Standing]) -> None:
    WorkItemAmount.objects.filter(item__in=items).delete()
    WorkItemAmount.objects.bulk_create(
        WorkItemAmount(item=item, currency=currency, amount=amount)
        for item in items
        if item.fingerprint in standing
        for currency, amount in sorted(standing[item.fingerprint].sums.items())
    )
