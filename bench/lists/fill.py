"""Fill an empty database: a year of a firm's work, as the hub would have left it."""

import datetime as dt
import random
import time
from collections.abc import Iterator

from django.db import connection, transaction

from bench.filling import Said
from bench.lists import firm, spread, talk
from bench.lists.rows import Rows
from exceptions_queue import intake
from routes import partitions

CLOSE = """
UPDATE routes_failure SET closed_at = opened_at + interval '5 hours', closed_how = 'fixed', taken = false
WHERE fingerprint = ANY(%s) AND closed_at IS NULL
"""
THEN = """
UPDATE exceptions_queue_workitem SET resolved_at = last_seen + interval '5 hours' WHERE state = 'resolved'
"""


def fill(transactions: int, now: dt.datetime) -> float:
    """Write a firm's year with that many transactions, which ends now; return the seconds. Needs an empty database."""
    began, said = time.monotonic(), Said()
    for month in range(-13, 1):
        day = (now.date().replace(day=15) + dt.timedelta(days=30 * month)).replace(day=1)
        partitions.ensure(day, months_ahead=1)
    with transaction.atomic():
        made = firm.found(now)
    rows = Rows(made, transactions)
    scale = transactions / 1_000_000
    rows.read_nothing(_quiet_moments(round(spread.SCHEDULED_RUNS * scale), now))
    for reading in spread.readings(transactions, now - dt.timedelta(minutes=30)):
        with transaction.atomic():
            rows.read(reading)
    while rows.made < transactions:  # records that came to no destination have no transaction
        with transaction.atomic():
            rows.read(spread.Reading(spread.WAYS[0], now, 1.0, transactions - rows.made))
    rows.write()
    said(f"{rows.made:,} transactions with all that belongs to them")
    while intake.take_in():
        pass
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, [rows.mended])
    while intake.take_in():
        pass
    with connection.cursor() as cursor:
        cursor.execute(THEN)
    said("work items, by the hub's own intake")
    talk.fill(made, scale)
    said("audit entries, events out, numbers of the targets")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
    said("vacuumed")
    return time.monotonic() - began


def _quiet_moments(number: int, now: dt.datetime) -> Iterator[dt.datetime]:
    step = dt.timedelta(days=spread.DAYS) / max(number, 1)
    chance = random.Random(spread.SEED + 3)  # noqa: S311 - rows that can be made again
    for place in range(number):
        yield now - step * (number - place) + dt.timedelta(seconds=chance.randint(0, 59))
