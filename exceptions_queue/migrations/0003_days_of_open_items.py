"""Tells of what is open on which day it lies, in pieces; from now on the queue does so when it takes a failure in."""

from django.db import migrations

PIECE = 5_000
FILL = """
UPDATE routes_failure f SET occurred_on = w.occurred_on FROM (
    SELECT o.id, r.occurred_on FROM routes_failure o JOIN routes_record r ON r.id = o.record_id
    WHERE o.id IN (SELECT id FROM routes_failure WHERE closed_at IS NULL AND record_id IS NOT NULL AND id > %s
                   ORDER BY id LIMIT %s)) w
WHERE f.id = w.id
"""
LAST = """
SELECT max(id::text)::uuid, count(*) FROM (
    SELECT id FROM routes_failure WHERE closed_at IS NULL AND record_id IS NOT NULL AND id > %s
    ORDER BY id LIMIT %s) piece
"""
DAYS = """
INSERT INTO exceptions_queue_workitemday (item_id, route_id, day, currency, members, amount, without_amount)
SELECT w.number, f.route_id, f.occurred_on, f.currency, count(*), sum(f.amount),
    count(*) FILTER (WHERE f.amount IS NULL)
FROM exceptions_queue_workitem w JOIN routes_failure f ON f.fingerprint = w.fingerprint
WHERE w.state <> 'resolved' AND f.closed_at IS NULL AND f.taken GROUP BY 1, 2, 3, 4
ON CONFLICT DO NOTHING
"""


def fill(apps, schema_editor):
    after = "00000000-0000-0000-0000-000000000000"
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(LAST, [after, PIECE])
            last, number = cursor.fetchone()
            if not number:
                break
            cursor.execute(FILL, [after, PIECE])
            after = last
        cursor.execute(DAYS)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("exceptions_queue", "0002_workitemday"), ("routes", "0011_totals_by_day")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
