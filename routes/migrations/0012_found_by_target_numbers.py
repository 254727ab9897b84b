"""What stands at a target is found by what the target calls it. Built beside the work, without a lock."""

from django.db import migrations, models

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routes", "0011_totals_by_day")]
    operations = [
        AddIndexAnew(
            "effect",
            models.Index(
                name="effect_reference",
                fields=["reference"],
                opclasses=["text_pattern_ops"],
                condition=models.Q(("reference", ""), _negated=True),
            ),
        ),
        AddIndexAnew(
            "effect",
            models.Index(
                name="effect_external_id",
                fields=["external_id"],
                opclasses=["text_pattern_ops"],
                condition=models.Q(("external_id", ""), _negated=True),
            ),
        ),
    ]
