from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0021_emergency_mode'),
    ]

    operations = [
        ValidateConstraint(model_name='team', name='team_role_is_known'),
    ]
