"""Fill an empty database: five million transactions, and the work items that the hub's own intake makes of them."""

import datetime as dt
import time

from django.db import connection, transaction

from bench.filling import Said
from bench.lists import firm as firms
from bench.queue import causes, desk, indexes, skeleton
from bench.queue.size import STAFF, WAYS, Size
from exceptions_queue import intake, tallies, value_tallies
from routes import partitions


def fill(size: Size, now: dt.datetime) -> float:
    """Write it all, so that the last transaction was made a moment ago; return the seconds."""
    began, said = time.monotonic(), Said()
    for month in range(-13, 1):
        day = (now.date().replace(day=15) + dt.timedelta(days=30 * month)).replace(day=1)
        partitions.ensure(day, months_ahead=1)
    with transaction.atomic():
        made = firms.found(now, WAYS, STAFF)
        desk.lay(made)
    causes.write(size, made)
    skeleton.begin(made)
    statements = indexes.drop()
    for low in range(1, size.transactions + 1, skeleton.SLICE):
        with transaction.atomic():
            skeleton.write(size, made, low, min(low + skeleton.SLICE - 1, size.transactions))
    skeleton.end()
    said(f"{size.transactions:,} transactions with all that belongs to them")
    indexes.make(statements)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    said("their indexes")
    while intake.take_in():
        pass
    said(f"{size.items:,} open work items of {size.members:,} members, by the hub's own intake")
    desk.fill(made, corrected=max(1, size.items // 200))
    said("what people did with them, and what was resolved before")
    return time.monotonic() - began


def settle() -> None:
    """Leave the database as one that has been up for long: tallies summed up, statistics made, dead rows gone."""
    tallies.sum_up()  # as the sweep of every minute does
    value_tallies.sum_up()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
