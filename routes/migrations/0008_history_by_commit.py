"""Indexes by which what was just committed is found. They are tiny (a few bytes for many pages of a table) and are made
without holding up anybody: concurrently, on a partitioned table partition by partition.
"""

from django.db import migrations

PLAIN = ("routes_transaction", "routes_failure")
PARTITIONED = "routes_transition"
BRIN = "USING brin (xid) WITH (pages_per_range = 32, autosummarize = on)"
PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %s::regclass ORDER BY 1
"""


def make(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for table in PLAIN:
            _make_one(cursor, table)
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {PARTITIONED}_xid ON ONLY {PARTITIONED} {BRIN}")
        cursor.execute(PARTITIONS, [PARTITIONED])
        for (partition,) in cursor.fetchall():
            _make_one(cursor, partition)
            cursor.execute(f"ALTER INDEX {PARTITIONED}_xid ATTACH PARTITION {partition}_xid")


def _make_one(cursor, table):
    """Make an index; one that an earlier try left unfinished is dropped first."""
    if _is_unfinished(cursor, table):
        cursor.execute(f"DROP INDEX CONCURRENTLY {table}_xid")
    cursor.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {table}_xid ON {table} {BRIN}")


def _is_unfinished(cursor, table):
    cursor.execute("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f"{table}_xid"])
    found = cursor.fetchone()
    return found is not None and found[0]


def drop(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for table in (*PLAIN, PARTITIONED):
            cursor.execute(f"DROP INDEX IF EXISTS {table}_xid")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routes", "0007_events_out")]
    operations = [migrations.RunPython(make, drop)]
