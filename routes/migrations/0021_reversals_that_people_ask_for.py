import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0012_roles_are_known'),
        ('routes', '0020_overlay_emergency'),
    ]

    operations = [
        migrations.AlterField(
            model_name='failure',
            name='category',
            field=models.CharField(choices=[('transient', 'transient'), ('throttled', 'throttled'), ('outage', 'outage'), ('credentials', 'credentials'), ('configuration', 'configuration'), ('shape', 'shape'), ('unmapped_value', 'unmapped_value'), ('missing_reference', 'missing_reference'), ('validation', 'validation'), ('duplicate', 'duplicate'), ('conflict', 'conflict'), ('closed_period', 'closed_period'), ('refused', 'refused'), ('no_right', 'no_right'), ('amount_mismatch', 'amount_mismatch'), ('approval_missing', 'approval_missing'), ('outcome_unknown', 'outcome_unknown'), ('questioned', 'questioned'), ('internal', 'internal')], max_length=20),
        ),
        migrations.AlterField(
            model_name='subscription',
            name='categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('transient', 'transient'), ('throttled', 'throttled'), ('outage', 'outage'), ('credentials', 'credentials'), ('configuration', 'configuration'), ('shape', 'shape'), ('unmapped_value', 'unmapped_value'), ('missing_reference', 'missing_reference'), ('validation', 'validation'), ('duplicate', 'duplicate'), ('conflict', 'conflict'), ('closed_period', 'closed_period'), ('refused', 'refused'), ('no_right', 'no_right'), ('amount_mismatch', 'amount_mismatch'), ('approval_missing', 'approval_missing'), ('outcome_unknown', 'outcome_unknown'), ('questioned', 'questioned'), ('internal', 'internal')], max_length=20), blank=True, default=list, size=None),
        ),
        migrations.CreateModel(
            name='Reversal',
            fields=[
                ('transaction_id', models.UUIDField(primary_key=True, serialize=False)),
                ('effect_id', models.UUIDField(unique=True)),
                ('reverses_id', models.UUIDField()),
                ('follower_id', models.UUIDField()),
                ('sends', models.BooleanField()),
                ('reason', models.TextField()),
                ('made_by', models.CharField(max_length=100)),
                ('made_by_name', models.CharField(max_length=200)),
                ('made_at', models.DateTimeField()),
                ('legal_entity', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='governance.legalentity')),
            ],
            options={
                'indexes': [models.Index(fields=['reverses_id'], name='reversal_reverses'), models.Index(fields=['follower_id'], name='reversal_follower')],
            },
        ),
    ]
