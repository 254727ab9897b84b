"""Totals by day, counted beside the work: what came on a day, for which destination and company, and where it stands.

A day is counted anew from its transactions and never moved by differences, so it is right whatever came twice or late.
Which days are to be counted again is read from the history of states by the ids of the commits that wrote it (ADR 74):
nothing that was committed is passed over. Days are those of UTC, and of the ids, which begin with their time.
"""

import datetime as dt
import time
from collections.abc import Iterable
from uuid import UUID

from django.db import connection, transaction

from routes.models import DayCount, DayMark
from routes.models.totals import STOPPED
from routes.newest import first_id

DAYS = 31  # that are kept, today included
SPARING = 20  # a day is counted again after so many times the seconds that it took
ONE = dt.timedelta(days=1)
HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (SELECT hub_now())"
# The day of an id: its first 48 bits are milliseconds (RFC 9562).
DAY = "(timezone('UTC', uuid_extract_timestamp({0})))::date"
CHANGED = f"""
SELECT DISTINCT {DAY.format("id")} FROM routes_transaction WHERE xid >= %(low)s AND xid < %(high)s
UNION
SELECT DISTINCT {DAY.format("subject_id")} FROM routes_transition WHERE xid >= %(low)s AND xid < %(high)s
UNION
SELECT DISTINCT {DAY.format("record_id")} FROM routes_failure
WHERE xid >= %(low)s AND xid < %(high)s AND record_id IS NOT NULL
"""  # noqa: S608 - built from the constant above
COUNT = """
INSERT INTO routes_daytotal (day, route_id, destination_id, legal_entity_id, state, currency, count, amount, hours,
    without_amount)
SELECT %(day)s, d.route_id, t.destination_id, t.legal_entity_id, t.state, t.currency, t.number, t.amount, t.hours,
    t.without
FROM (
    SELECT destination_id, legal_entity_id, state, currency, count(*) AS number,
        sum(amount) FILTER (WHERE NOT withdraws) AS amount, sum(hours) FILTER (WHERE NOT withdraws) AS hours,
        count(*) FILTER (WHERE amount IS NULL AND NOT withdraws) AS without
    FROM routes_transaction WHERE id >= %(low)s AND id < %(high)s GROUP BY 1, 2, 3, 4) t
JOIN routes_destination d ON d.id = t.destination_id
UNION ALL
SELECT %(day)s, r.route_id, NULL, r.legal_entity_id, %(stopped)s, r.currency, r.number, r.amount, r.hours, r.without
FROM (
    SELECT route_id, legal_entity_id, currency, count(*) AS number, sum(amount) AS amount, sum(hours) AS hours,
        count(*) FILTER (WHERE amount IS NULL) AS without
    FROM routes_record WHERE state = 'failed' AND id >= %(low)s AND id < %(high)s GROUP BY 1, 2, 3) r
JOIN routes_route o ON o.id = r.route_id
"""


def bring_up_to_date(*, seconds: float = 20.0) -> int:
    """Count the days that have changed, the newest first, for about so long; return how many were counted.

    Two at once do not harm each other: one of them leaves it to the other.
    """
    until = time.monotonic() + seconds
    today = _look_through()
    if today is None:
        return 0
    counted = 0
    for each in DayCount.objects.filter(stale=True).order_by("-day"):
        if time.monotonic() > until:
            break
        if each.counted_at is None or _rested(each):
            counted += count(each.day)
    DayCount.objects.filter(day__lte=today - DAYS * ONE).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM routes_daytotal WHERE day <= %s", [today - DAYS * ONE])
    return counted


def _look_through() -> dt.date | None:
    """Mark the days in which something has changed since the last time; None when another is at it. Returns today."""
    with transaction.atomic():
        DayMark.objects.get_or_create(id=1)
        mark = DayMark.objects.select_for_update(skip_locked=True).first()
        if mark is None:
            return None
        with connection.cursor() as cursor:
            cursor.execute(HORIZON)
            high, now = cursor.fetchone()
            today: dt.date = now.astimezone(dt.UTC).date()
            days = {today - ahead * ONE for ahead in range(DAYS)}
            if mark.horizon is not None and mark.horizon <= high:  # else it is new, or restored from another server
                cursor.execute(CHANGED, {"low": mark.horizon, "high": high})
                days &= {day for (day,) in cursor.fetchall()}
        _make_stale(days)
        mark.horizon, mark.looked_at = high, now
        mark.save(update_fields=["horizon", "looked_at"])
        return today


def _make_stale(days: Iterable[dt.date]) -> None:
    DayCount.objects.bulk_create(
        [DayCount(day=day) for day in sorted(days)],
        update_conflicts=True, unique_fields=["day"], update_fields=["stale"],
    )  # fmt: skip


def _rested(each: DayCount) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM (SELECT hub_now()) - %s)", [each.counted_at])
        passed = float(cursor.fetchone()[0])
    return not 0 <= passed < SPARING * each.seconds  # below 0: the clock was set back


def count(day: dt.date) -> bool:
    """Count one day anew; return whether it was done: another may be at it."""
    began = time.monotonic()
    with transaction.atomic():
        row = DayCount.objects.select_for_update(skip_locked=True).filter(day=day).first()
        if row is None:
            return False
        low, high = _ids(day)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM routes_daytotal WHERE day = %s", [day])
            cursor.execute(COUNT, {"day": day, "low": low, "high": high, "stopped": STOPPED})
            cursor.execute("SELECT hub_now()")
            row.counted_at = cursor.fetchone()[0]
        row.stale, row.seconds = False, time.monotonic() - began
        row.save()
    return True


def _ids(day: dt.date) -> tuple[UUID, UUID]:
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    return first_id(midnight), first_id(midnight + ONE)
