import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '__first__'),
        ('routes', '0013_condition_names'),
    ]

    operations = [
        migrations.CreateModel(
            name='RuleWaiver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record_id', models.UUIDField()),
                ('rule', models.CharField(max_length=120)),
                ('reason', models.TextField()),
                ('made_by', models.CharField(max_length=100)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('legal_entity', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='governance.legalentity')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('record_id', 'rule'), name='rule_waived_once')],
            },
        ),
    ]
