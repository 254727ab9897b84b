from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0011_emergency_mode'),
    ]

    operations = [
        ValidateConstraint(model_name='rolegrant', name='role_grant_role_is_known'),
    ]
