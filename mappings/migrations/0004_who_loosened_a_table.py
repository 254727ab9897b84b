"""A table remembers who let its rows count with less consent, until somebody else has agreed."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("mappings", "0003_cross_references_by_number")]
    operations = [
        migrations.AddField(
            model_name="lookuptable",
            name="loosened_by",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100), blank=True, default=list, editable=False, size=None
            ),
        )
    ]
