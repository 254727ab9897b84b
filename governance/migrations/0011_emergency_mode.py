from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0010_single_keys'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='rolegrant',
            name='role_grant_role_is_known',
        ),
        migrations.AddField(
            model_name='user',
            name='emergency_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='historicalrolegrant',
            name='role',
            field=models.CharField(choices=[('integration_admin', 'Integration admin'), ('finance', 'Finance operations'), ('controller', 'Controller'), ('viewer', 'Viewer'), ('operator', 'Operator'), ('emergency', 'Emergency mode')], max_length=20),
        ),
        migrations.AlterField(
            model_name='rolegrant',
            name='role',
            field=models.CharField(choices=[('integration_admin', 'Integration admin'), ('finance', 'Finance operations'), ('controller', 'Controller'), ('viewer', 'Viewer'), ('operator', 'Operator'), ('emergency', 'Emergency mode')], max_length=20),
        ),
        AddConstraintNotValid(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['integration_admin', 'finance', 'controller', 'viewer', 'operator', 'emergency'])), name='role_grant_role_is_known'),
        ),
    ]
