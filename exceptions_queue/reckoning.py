"""Working out what orders the list: an item's worth, its earliest deadline, and its priority. Written down, not asked.

Done when an item takes something in, and anew by the sweep as time passes: deadlines come nearer, runs go by, rates and
settings change. Each batch asks a number of queries that does not grow with it.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import F, Q

from exceptions_queue import countdown, naming, routing, saving
from exceptions_queue.deadlines import dues
from exceptions_queue.models import WorkItem
from exceptions_queue.models.work_item import UNKNOWN_FIRST
from exceptions_queue.urgency import Facts, Urgency, urgency
from exceptions_queue.worth import worths
from exceptions_queue.yardstick import Measures, changed_at, measures
from governance.actor import By
from governance.calendars import working_times

AGAIN = dt.timedelta(hours=1)  # what was worked out longer ago is worked out anew
BATCH = 500
SAVED = (
    "worth", "worth_once", "worth_currency", "worth_lacks", "due_at", "due_key", "due_of", "due_bills", "priority",
    "rank", "reckoned_at",
)  # fmt: skip


def reckon(items: Sequence[WorkItem], now: dt.datetime) -> None:
    """Work out worth, deadline and priority of locked items and save them. At most twenty queries."""
    if items:
        work_out(items, now, measures())
        saving.save(items, SAVED)


def work_out(items: Sequence[WorkItem], now: dt.datetime, firm: Measures) -> None:
    """Set worth, deadline and priority of items by some measures, and save nothing."""
    due = dues([item.number for item in items], now)
    worth = worths(items, firm.reporting)
    for item in items:
        found = worth[item.number]
        item.worth, item.worth_once, item.worth_currency = found.amount, found.once, firm.reporting.currency
        item.worth_lacks = found.lacks[:200]
        first = due.get(item.number)
        item.due_at, item.due_key, item.due_of, item.due_bills = (
            (first.ends, first.key, first.title[:300], first.bills) if first else (None, "", "", False)
        )
    for item, facts in zip(items, facts_of(items, now), strict=True):
        _rank(item, urgency(facts, firm.formula))
        item.reckoned_at = now


def facts_of(items: Sequence[WorkItem], now: dt.datetime) -> list[Facts]:
    """Return what the priority of items is worked out from, as their columns say. At most four queries."""
    times = working_times({item.legal_entity_id for item in items if item.due_at})
    stuck = _stuck(items)
    left: dict[tuple[int, dt.datetime], float] = {}
    found = []
    for item in items:
        days = None
        if item.due_at:
            key = (item.legal_entity_id, item.due_at)
            if key not in left:
                left[key] = countdown.days_left(item.due_at, now, times[item.legal_entity_id])
            days = left[key]
        whole = stuck.get(item.due_key, Decimal(0)) if item.due_bills else Decimal(0)
        share = float((item.worth or Decimal(0)) / whole) if whole > 0 else 0.0
        found.append(Facts(item.worth, item.worth_currency, days, item.due_of, share, item.reopened))
    return found


def explained(item: WorkItem, now: dt.datetime, by: By) -> Urgency:
    """Return how the priority of an item comes about now, part by part, in words for somebody. At most nine queries."""
    [facts] = facts_of([item], now)
    return urgency(facts._replace(due_of=naming.due_of(item.due_key, item.due_of, by)), measures().formula)


def sweep(limit: int = BATCH) -> int:
    """Work out anew a batch of open items that wants it; return how many there were."""
    with transaction.atomic():
        moment = now()
        changed = changed_at(measures().reporting.table)
        since = max(moment - AGAIN, changed or moment - AGAIN)
        wanted = WorkItem.objects.select_for_update(of=("self",), skip_locked=True).open()
        wanted = wanted.filter(Q(reckoned_at=None) | Q(reckoned_at__lt=since))
        items = list(wanted.order_by(F("reckoned_at").asc(nulls_first=True))[:limit])
        reckon(items, moment)
        routing.follow(items, moment)
        return len(items)


def now() -> dt.datetime:
    """Return the database's time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        moment: dt.datetime = cursor.fetchone()[0]
        return moment


def _rank(item: WorkItem, found: Urgency) -> None:
    item.priority = found.priority if item.priority_set is None else item.priority_set
    unknown = item.worth is None and item.priority_set is None
    item.rank = item.priority + (UNKNOWN_FIRST if unknown else 0)


# What all that is open comes to, without some items as they are saved.
OTHERS = """
SELECT due_key, sum(whole) FROM (
    SELECT due_key, whole FROM exceptions_queue_workitemtally WHERE due_key = ANY(%(keys)s)
    UNION ALL
    SELECT due_key, -worth FROM exceptions_queue_workitem
    WHERE number = ANY(%(items)s) AND state <> 'resolved' AND due_key = ANY(%(keys)s)) s
GROUP BY 1
"""


def _stuck(items: Sequence[WorkItem]) -> dict[str, Decimal]:
    """Return by billing run what is stuck until it: these items as they stand here, all others as they are saved."""
    sums: dict[str, Decimal] = {}
    for item in items:
        if item.due_bills:
            sums[item.due_key] = sums.get(item.due_key, Decimal(0)) + (item.worth or 0)
    if sums:
        with connection.cursor() as cursor:
            cursor.execute(OTHERS, {"keys": list(sums), "items": [item.number for item in items]})
            for key, amount in cursor.fetchall():
                sums[key] += amount
    return sums
