from django.contrib.postgres.operations import RemoveIndexConcurrently, ValidateConstraint
from django.db import migrations, models

from governance.migrating import AddIndexAnew

# What is open was counted before records were counted once: the sweep counts it anew, some hundreds at a time.
COUNT_ANEW = """
INSERT INTO exceptions_queue_recount (item_id)
SELECT number FROM exceptions_queue_workitem WHERE state <> 'resolved'
"""


class Migration(migrations.Migration):

    atomic = False  # an index that is made beside the work needs its own commits

    dependencies = [
        ('exceptions_queue', '0006_worth_due_and_priority'),
    ]

    operations = [
        AddIndexAnew(
            model_name='workitem',
            index=models.Index(models.OrderBy(models.F('rank'), descending=True), models.OrderBy(models.F('due_at'), nulls_last=True), models.F('number'), condition=models.Q(('state', 'resolved'), _negated=True), name='work_item_by_rank'),
        ),
        AddIndexAnew(
            model_name='workitem',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['due_key'], name='work_item_due'),
        ),
        AddIndexAnew(
            model_name='workitem',
            index=models.Index(models.OrderBy(models.F('reckoned_at'), nulls_first=True), condition=models.Q(('state', 'resolved'), _negated=True), name='work_item_reckoned'),
        ),
        RemoveIndexConcurrently(model_name='workitem', name='work_item_by_money'),
        ValidateConstraint(model_name='workitem', name='work_item_priority_set_pair'),
        ValidateConstraint(model_name='workitem', name='work_item_priority_in_range'),
        migrations.RunSQL(COUNT_ANEW, migrations.RunSQL.noop),
    ]
