"""Monthly partitions of the tables that grow, by range of their UUIDv7 id.

A default partition takes what falls outside (a clock that jumped), so that nothing is ever refused for want of a
partition. `ensure()` runs with every sweep of the night and at migration.
"""

import datetime as dt
from uuid import UUID

from django.db import connection, transaction

TABLES = (
    "routes_record", "routes_payload", "routes_transition", "routes_walk", "routes_attempt", "routes_exchange",
)  # fmt: skip


def first_id(day: dt.date) -> UUID:
    """Return the smallest UUIDv7 of a day at midnight UTC (RFC 9562: 48 bits of milliseconds come first)."""
    milliseconds = int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp() * 1000)
    return UUID(int=milliseconds << 80)


def _month(day: dt.date, ahead: int) -> dt.date:
    number = day.year * 12 + day.month - 1 + ahead
    return dt.date(number // 12, number % 12 + 1, 1)


def names(today: dt.date, *, months_ahead: int = 3) -> dict[str, tuple[str, UUID, UUID]]:
    """Return the partitions of this month and of those ahead: name → table, first id, first id of the next."""
    months = [(_month(today, ahead), _month(today, ahead + 1)) for ahead in range(months_ahead + 1)]
    return {
        f"{table}_{start:%Y_%m}": (table, first_id(start), first_id(end)) for start, end in months for table in TABLES
    }


def ensure(today: dt.date, *, months_ahead: int = 3) -> list[str]:
    """Make the partitions of this month and of those ahead that are missing; return their names."""
    made = []
    with connection.cursor() as cursor:
        for name, (table, start, end) in names(today, months_ahead=months_ahead).items():
            cursor.execute("SELECT to_regclass(%s) IS NULL", [name])
            if cursor.fetchone()[0]:
                _make(name, table, start, end)
                made.append(name)
    return made


def _make(name: str, table: str, start: UUID, end: UUID) -> None:
    """Make one partition; rows of its time that had gone to the default partition, for want of it, move there."""
    within = f"id >= '{start}' AND id < '{end}'"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table}_default IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        cursor.execute(f"INSERT INTO {name} SELECT * FROM {table}_default WHERE {within}")  # noqa: S608 - names of ours
        cursor.execute(f"DELETE FROM {table}_default WHERE {within}")  # noqa: S608 - names of ours
        cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')")
