"""An index for the causes that hold most money, made beside the work."""

from django.db import migrations, models
from django.db.models.functions import Coalesce

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("exceptions_queue", "0031_tally_of_open_items")]

    operations = [
        AddIndexAnew(
            model_name="workitem",
            index=models.Index(
                models.OrderBy(Coalesce("worth_once", "worth"), descending=True), models.F("number"),
                condition=models.Q(("state", "resolved"), _negated=True), name="work_item_by_worth",
            ),
        ),
    ]  # fmt: skip
