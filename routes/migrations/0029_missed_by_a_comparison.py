"""What a held comparison did not find is marked; of one that is held already, what came before it was asked for."""

from typing import Any

from django.db import migrations, models

MARK = """
UPDATE routes_sourcehead h SET missed_by = run.id
FROM routes_run run
WHERE run.state = 'held' AND run.compares AND h.route_id = run.route_id AND NOT h.withdrawn
  AND h.occurred_on BETWEEN run.window_from AND run.window_to AND h.seen_run IS DISTINCT FROM run.id
  AND NOT EXISTS (SELECT FROM routes_record r WHERE r.id = h.record_id AND r.received_at >= run.created_at)
"""


def mark(apps: Any, editor: Any) -> None:
    """Mark what the comparisons that wait for a person are held for: a part of some days of few routes."""
    with editor.connection.cursor() as cursor:
        cursor.execute(MARK)


class Migration(migrations.Migration):
    dependencies = [("routes", "0028_cursors_have_sources")]

    operations = [
        migrations.AddField("sourcehead", "missed_by", models.UUIDField(null=True)),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
