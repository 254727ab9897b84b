"""Transactions in the states that few are in are found by state. Built beside the work, without a lock."""

from django.db import migrations, models

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):

    atomic = False
    dependencies = [("routes", "0008_history_by_commit")]
    operations = [
        AddIndexAnew(
            "transaction",
            models.Index(
                fields=["state", "id"],
                condition=models.Q(
                    (
                        "state__in",
                        ["received", "normalised", "validated", "ready", "delivering", "posted"],
                    ),
                    _negated=True,
                ),
                name="transaction_aside",
            ),
        )
    ]
