"""The clock of the hub: the database's, so that all machines agree. Tests move it with a setting of their session."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("connectors", "0001_initial")]
    operations = [
        migrations.RunSQL(
            """
            CREATE OR REPLACE FUNCTION hub_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
                SELECT clock_timestamp()
                    + coalesce(nullif(current_setting('throughline.clock_offset', true), ''), '0')::interval
            $$
            """,
            "DROP FUNCTION hub_now()",
        )
    ]
