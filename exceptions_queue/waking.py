"""What was put aside comes back: at its time, or once it has grown beyond what somebody named."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from exceptions_queue import moving, saving
from exceptions_queue.models import State, WorkItem, WorkItemEvent
from exceptions_queue.moving import event_of
from governance.actor import ENGINE, By

REST, ASIDE, clear = moving.REST, moving.ASIDE, moving.clear


def rests(row: WorkItem) -> bool:
    """Return whether a person put an item aside or lets it wait; what the hub itself waits for has no time."""
    return row.state in ASIDE and row.wakes_at is not None


def wake_due(limit: int = 500) -> int:
    """Wake what was put aside until now, and return how many there were. Four queries, however many."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT hub_now()")
            now = cursor.fetchone()[0]
        due = WorkItem.objects.select_for_update(of=("self",), skip_locked=True).filter(
            state__in=ASIDE, wakes_at__lte=now
        )
        rows = list(due.order_by("wakes_at")[:limit])
        events = [awake(row, _why(row), now) for row in rows]
        saving.save(rows, ("state", "waiting_on", *REST))
        WorkItemEvent.objects.bulk_create(events)
    return len(rows)


def outgrown(item: WorkItem, sums: Mapping[str, Decimal]) -> str:
    """Return in words why an item that is put aside has grown too much to rest; "" while it has not."""
    if item.wakes_above is not None and item.members > item.wakes_above:
        return f"holds {item.members:,} now, more than {item.wakes_above:,}"
    limit = item.wakes_above_amount
    over = [(amount, currency) for currency, amount in sums.items() if limit is not None and amount > limit]
    if over:
        amount, currency = max(over)
        return f"{amount:,.2f} {currency} are at stake now, more than {limit:,.2f}"
    return ""


def awake(row: WorkItem, reason: str, now: datetime, *, by: By = ENGINE) -> WorkItemEvent:
    """Let a locked item return to where it came from; return its line of history, neither of them written yet."""
    was, row.state = row.state, State(row.came_from) if row.came_from else State.IN_PROGRESS
    clear(row)
    return event_of(row, by=by, verb="came back", at=now, frm=was, reason=reason)


def _why(row: WorkItem) -> str:
    return f"waited for {row.waiting_on}" if row.state == State.WAITING else "the time has come that somebody chose"
