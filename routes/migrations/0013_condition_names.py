"""Conditions of destinations have names for people; a column with a constant is added without reading the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routes", "0012_found_by_target_numbers")]

    operations = [
        migrations.AddField(
            "destination",
            "condition_name",
            models.CharField(
                blank=True,
                default="",
                help_text="what goes there, in words that runs and records show: billable time",
                max_length=120,
            ),
            preserve_default=False,
        )
    ]
