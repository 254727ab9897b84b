"""A cursor says which source it belongs to: that of another one is not gone on from. One of before says nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routes", "0027_switched_off_by_the_hub")]

    operations = [
        migrations.AddField(
            model, "source", models.CharField(blank=True, db_default="", default="", max_length=64)
        )
        for model in ("run", "streamcursor")
    ]
