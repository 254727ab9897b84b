"""What was held by an exception that is closed is found by its key. Built beside the work, without a lock."""

from django.db import migrations, models

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routes", "0029_missed_by_a_comparison")]
    operations = [
        AddIndexAnew(
            "failure",
            models.Index(
                name="failure_closed_transaction",
                fields=["transaction_id"],
                condition=models.Q(("closed_at__isnull", False)),
            ),
        ),
        AddIndexAnew(
            "failure",
            models.Index(
                name="failure_closed_record", fields=["record_id"], condition=models.Q(("closed_at__isnull", False))
            ),
        ),
    ]
