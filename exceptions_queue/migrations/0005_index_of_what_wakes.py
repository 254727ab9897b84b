from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):

    atomic = False  # an index that is made beside the work needs its own commits

    dependencies = [
        ('exceptions_queue', '0004_handling'),
    ]

    operations = [
        AddIndexAnew(
            model_name='workitem',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'snoozed']), ('wakes_at__isnull', False)), fields=['wakes_at'], name='work_item_wakes'),
        ),
        ValidateConstraint(model_name='workitem', name='work_item_state_is_known'),
        ValidateConstraint(model_name='workitem', name='work_item_resolved_has_code'),
    ]
