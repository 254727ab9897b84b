"""A reversal that was given up names no effect any more, so that it can be asked for anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routes", "0024_sent_back_to_the_source")]

    operations = [
        migrations.AlterField("reversal", "effect_id", models.UUIDField(unique=True, null=True)),
    ]
