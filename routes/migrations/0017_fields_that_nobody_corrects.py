"""Routes name fields that nobody corrects; a column with a constant is added without reading the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routes", "0016_corrections_by_key")]

    operations = [
        migrations.AddField(
            "route",
            "fixed_fields",
            models.CharField(
                blank=True,
                default="",
                help_text="canonical fields that nobody corrects here, with commas: bill_rate",
                max_length=500,
            ),
            preserve_default=False,
        )
    ]
