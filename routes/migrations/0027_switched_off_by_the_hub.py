"""A subscription is switched off by more than an address that kept failing: its reason says which."""

from django.db import migrations, models

STATES = [("active", "active"), ("paused", "paused by a person"), ("disabled", "switched off by the hub")]


class Migration(migrations.Migration):
    dependencies = [("routes", "0026_told_by_hand")]

    operations = [
        migrations.AlterField(
            "subscription", "state", models.CharField(choices=STATES, default="active", max_length=8)
        ),
    ]
