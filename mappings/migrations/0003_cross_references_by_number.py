"""Cross-references are found by the number that people see in the other system. Built beside the work, without a lock."""

from django.db import migrations, models

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):

    atomic = False
    dependencies = [("mappings", "0002_guards")]
    operations = [
        AddIndexAnew(
            "crossreference",
            models.Index(
                fields=["reference"],
                condition=models.Q(("reference", ""), _negated=True),
                name="cross_reference_by_reference",
            ),
        )
    ]
