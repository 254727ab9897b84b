from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0018_groups_of_causes'),
    ]

    operations = [
        ValidateConstraint(model_name='workitem', name='work_item_resolved_has_code'),
    ]
