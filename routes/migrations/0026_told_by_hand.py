"""A person may have told the source: whom, and when. Constants read no table, and what was sent has a connection."""

import django.db.models.deletion
from django.db import migrations, models

TOLD = models.Q(told_to="", told_on__isnull=True) | ~models.Q(told_to="") & models.Q(told_on__isnull=False)


class Migration(migrations.Migration):
    dependencies = [("connectors", "0002_hub_now"), ("routes", "0025_reversals_given_up")]

    operations = [
        migrations.AddField(
            "sendingback", "told_to", models.CharField(blank=True, db_default="", default="", max_length=200)
        ),
        migrations.AddField("sendingback", "told_on", models.DateField(null=True)),
        migrations.AlterField(
            "sendingback",
            "connection",
            models.ForeignKey(
                db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+", to="connectors.connection",
            ),
        ),
        migrations.AddConstraint(
            "sendingback", models.CheckConstraint(condition=TOLD, name="sending_back_told_pair")
        ),
    ]  # fmt: skip
