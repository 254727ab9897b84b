from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0023_corrections_that_stop_again'),
    ]

    operations = [
        ValidateConstraint(model_name='bulkmember', name='bulk_member_outcome'),
    ]
