"""Routes name fields that only some roles correct; a column with a constant is added without reading the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routes", "0021_reversals_that_people_ask_for")]

    operations = [
        migrations.AddField(
            "route",
            "role_fields",
            models.CharField(
                blank=True,
                default="",
                help_text="canonical fields that only some roles correct: bill_rate: controller; role: finance, controller",
                max_length=500,
            ),
            preserve_default=False,
        )
    ]
