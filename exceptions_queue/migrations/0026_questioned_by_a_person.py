from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connectors', '0002_hub_now'),
        ('exceptions_queue', '0025_version_of_a_release'),
        ('governance', '0012_roles_are_known'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='fallbackteam',
            name='fallback_team_category_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='groupingrule',
            name='grouping_rule_category_is_known',
        ),
        migrations.AlterField(
            model_name='fallbackteam',
            name='category',
            field=models.CharField(choices=[('any', 'any'), ('transient', 'transient'), ('throttled', 'throttled'), ('outage', 'outage'), ('credentials', 'credentials'), ('configuration', 'configuration'), ('shape', 'shape'), ('unmapped_value', 'unmapped_value'), ('missing_reference', 'missing_reference'), ('validation', 'validation'), ('duplicate', 'duplicate'), ('conflict', 'conflict'), ('closed_period', 'closed_period'), ('refused', 'refused'), ('no_right', 'no_right'), ('amount_mismatch', 'amount_mismatch'), ('approval_missing', 'approval_missing'), ('outcome_unknown', 'outcome_unknown'), ('questioned', 'questioned'), ('internal', 'internal')], max_length=20),
        ),
        migrations.AlterField(
            model_name='groupingrule',
            name='category',
            field=models.CharField(choices=[('transient', 'Short disturbance'), ('throttled', 'Sent too fast'), ('outage', 'System not available'), ('credentials', 'Sign-in refused'), ('configuration', 'Set up wrongly'), ('shape', 'Unexpected form'), ('unmapped_value', 'Value without a translation'), ('missing_reference', 'Waiting for its parent'), ('validation', 'Against a rule'), ('duplicate', 'Already there'), ('conflict', 'Changed on the other side'), ('closed_period', 'Period closed'), ('refused', 'Refused by the target'), ('no_right', 'Not permitted at the target'), ('amount_mismatch', 'Amounts differ'), ('approval_missing', 'Approval missing'), ('outcome_unknown', 'Outcome unknown'), ('questioned', 'Questioned by a person'), ('internal', 'Unforeseen')], max_length=20),
        ),
        migrations.AlterField(
            model_name='workitem',
            name='category',
            field=models.CharField(choices=[('transient', 'transient'), ('throttled', 'throttled'), ('outage', 'outage'), ('credentials', 'credentials'), ('configuration', 'configuration'), ('shape', 'shape'), ('unmapped_value', 'unmapped_value'), ('missing_reference', 'missing_reference'), ('validation', 'validation'), ('duplicate', 'duplicate'), ('conflict', 'conflict'), ('closed_period', 'closed_period'), ('refused', 'refused'), ('no_right', 'no_right'), ('amount_mismatch', 'amount_mismatch'), ('approval_missing', 'approval_missing'), ('outcome_unknown', 'outcome_unknown'), ('questioned', 'questioned'), ('internal', 'internal')], max_length=20),
        ),
        AddConstraintNotValid(
            model_name='fallbackteam',
            constraint=models.CheckConstraint(condition=models.Q(('category__in', ['any', 'transient', 'throttled', 'outage', 'credentials', 'configuration', 'shape', 'unmapped_value', 'missing_reference', 'validation', 'duplicate', 'conflict', 'closed_period', 'refused', 'no_right', 'amount_mismatch', 'approval_missing', 'outcome_unknown', 'questioned', 'internal'])), name='fallback_team_category_is_known'),
        ),
        AddConstraintNotValid(
            model_name='groupingrule',
            constraint=models.CheckConstraint(condition=models.Q(('category__in', ['transient', 'throttled', 'outage', 'credentials', 'configuration', 'shape', 'unmapped_value', 'missing_reference', 'validation', 'duplicate', 'conflict', 'closed_period', 'refused', 'no_right', 'amount_mismatch', 'approval_missing', 'outcome_unknown', 'questioned', 'internal'])), name='grouping_rule_category_is_known'),
        ),
    ]
