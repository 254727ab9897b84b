"""Items are found by a key that is missing, and by what all their members share, without reading all that is open."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from governance.migrating import AddIndexAnew

OPEN = models.Q(("state", "resolved"), _negated=True)


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside the work needs its own commits
    dependencies = [("exceptions_queue", "0014_hints")]
    operations = [
        AddIndexAnew(
            "workitem",
            GinIndex(
                name="work_item_table_key", fields=["table_key"], opclasses=["jsonb_path_ops"], condition=OPEN
            ),
        ),
        AddIndexAnew(
            "workitem",
            GinIndex(name="work_item_about", fields=["about"], opclasses=["jsonb_path_ops"], condition=OPEN),
        ),
    ]
