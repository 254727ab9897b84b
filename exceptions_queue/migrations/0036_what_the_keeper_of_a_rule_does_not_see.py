"""Words of a grouping rule are looked for in what its keeper may read. An empty column: nothing is filled in."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exceptions_queue", "0035_what_was_seen_of_a_release")]
    operations = [
        migrations.AddField(
            model_name="groupingrule",
            name="unseen",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200), null=True, size=None
            ),
        ),
    ]
