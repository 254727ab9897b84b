from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0026_questioned_by_a_person'),
    ]

    operations = [
        ValidateConstraint(model_name='fallbackteam', name='fallback_team_category_is_known'),
        ValidateConstraint(model_name='groupingrule', name='grouping_rule_category_is_known'),
    ]
