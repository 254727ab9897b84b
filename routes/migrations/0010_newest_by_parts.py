"""Lists are found part by part: by place, company and id, and in every state that few are in. Built beside the work,
without a lock; on a partitioned table partition by partition.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from governance.migrating import AddIndexAnew

RECORDS = {  # name of an index of routes_record → what it is of
    "routes_record_newest": "(route_id, legal_entity_id, id)",
    "routes_record_unrouted": "(state, id) WHERE state <> 'routed'",
}
PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'routes_record'::regclass ORDER BY 1
"""


def make(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(PARTITIONS)
        partitions = [name for (name,) in cursor.fetchall()]
        for index, of in RECORDS.items():
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {index} ON ONLY routes_record {of}")
            for partition in partitions:
                name = partition + index.removeprefix("routes_record")
                _make_one(cursor, name, f"{partition} {of}")
                cursor.execute(f"ALTER INDEX {index} ATTACH PARTITION {name}")


def _make_one(cursor, name, of):
    """Make an index; one that an earlier try left unfinished is dropped first."""
    cursor.execute("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
    if cursor.fetchone() == (True,):
        cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
    cursor.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {of}")


def drop(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for index in RECORDS:
            cursor.execute(f"DROP INDEX IF EXISTS {index}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routes", "0009_transactions_aside")]
    operations = [
        migrations.RunPython(make, drop),
        AddIndexAnew(
            "transaction",
            models.Index(fields=["destination", "legal_entity", "id"], name="transaction_newest"),
        ),
        AddIndexAnew(
            "transaction",
            models.Index(
                condition=models.Q(("state", "posted"), _negated=True), fields=["state", "id"], name="transaction_unposted"
            ),
        ),
        RemoveIndexConcurrently("transaction", "transaction_aside"),
        AddIndexAnew("run", models.Index(fields=["-created_at", "-id"], name="run_newest")),
        AddIndexAnew(
            "run",
            models.Index(
                condition=models.Q(("read", 0), ("state", "done"), _negated=True),
                fields=["-created_at", "-id"],
                name="run_telling",
            ),
        ),
    ]
