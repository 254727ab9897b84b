"""Who set somebody's e-mail address; and a table for counts that all processes share, such as tries to sign in."""

from django.db import migrations, models

CACHE = """
CREATE TABLE governance_cache (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX governance_cache_expires ON governance_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_guards")]

    operations = [
        migrations.AddField("user", "email_set_by", models.CharField(blank=True, editable=False, max_length=100)),
        migrations.RunSQL(CACHE, "DROP TABLE governance_cache"),
    ]
