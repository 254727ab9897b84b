import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0020_edits_of_sheets'),
        ('governance', '0011_emergency_mode'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Emergency',
            fields=[
                ('number', models.BigAutoField(primary_key=True, serialize=False)),
                ('opened_by', models.CharField(max_length=100)),
                ('opened_by_name', models.CharField(max_length=200)),
                ('opened_at', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('reason', models.TextField()),
                ('ended_by', models.CharField(max_length=100, null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'emergency mode',
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='EmergencyDeed',
            fields=[
                ('number', models.BigAutoField(primary_key=True, serialize=False)),
                ('deed', models.CharField(choices=[('corrections', 'Correct a field'), ('resubmissions', 'Send again what was corrected'), ('waivers', 'Do not deliver'), ('rule-waivers', 'Let pass a rule once'), ('links', 'Link what stands at the target already'), ('reversals', 'Reverse what is posted')], max_length=20)),
                ('lifted', models.TextField()),
                ('failures', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ('differences', models.JSONField(default=list)),
                ('amounts', models.CharField(blank=True, max_length=200)),
                ('reason', models.TextField()),
                ('channel', models.CharField(blank=True, max_length=20)),
                ('made_at', models.DateTimeField()),
                ('review_by', models.DateTimeField()),
                ('review', models.CharField(choices=[('waiting', 'waits for its review'), ('confirmed', 'confirmed'), ('objected', 'objected to')], default='waiting', max_length=10)),
                ('reviewed_by', models.CharField(max_length=100, null=True)),
                ('reviewed_by_name', models.CharField(blank=True, max_length=200)),
                ('reviewed_at', models.DateTimeField(null=True)),
                ('note', models.TextField(blank=True)),
            ],
            options={
                'verbose_name': 'deed in emergency mode',
                'verbose_name_plural': 'deeds in emergency mode',
                'ordering': ['-number'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='team',
            name='team_role_is_known',
        ),
        migrations.AlterField(
            model_name='team',
            name='role',
            field=models.CharField(blank=True, choices=[('integration_admin', 'Integration admin'), ('finance', 'Finance operations'), ('controller', 'Controller'), ('viewer', 'Viewer'), ('operator', 'Operator'), ('emergency', 'Emergency mode')], max_length=20),
        ),
        AddConstraintNotValid(
            model_name='team',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['', 'integration_admin', 'finance', 'controller', 'viewer', 'operator', 'emergency'])), name='team_role_is_known'),
        ),
        migrations.AddField(
            model_name='emergency',
            name='legal_entity',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.legalentity'),
        ),
        migrations.AddField(
            model_name='emergencydeed',
            name='emergency',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deeds', to='exceptions_queue.emergency'),
        ),
        migrations.AddField(
            model_name='emergencydeed',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='emergency_deeds', to='exceptions_queue.workitem'),
        ),
        migrations.AddField(
            model_name='emergencydeed',
            name='legal_entity',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.legalentity'),
        ),
        migrations.AddIndex(
            model_name='emergency',
            index=models.Index(fields=['opened_by', 'legal_entity', '-until'], name='emergency_of_person'),
        ),
        migrations.AddConstraint(
            model_name='emergency',
            constraint=models.CheckConstraint(condition=models.Q(('until__gt', models.F('opened_at')), ('until__lte', django.db.models.expressions.CombinedExpression(models.F('opened_at'), '+', models.Value(datetime.timedelta(seconds=14400))))), name='emergency_is_bounded'),
        ),
        migrations.AddConstraint(
            model_name='emergency',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by__isnull', True)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='emergency_ended_pair'),
        ),
        migrations.AddIndex(
            model_name='emergencydeed',
            index=models.Index(condition=models.Q(('review', 'waiting')), fields=['review_by'], name='emergency_deed_waits'),
        ),
        migrations.AddConstraint(
            model_name='emergencydeed',
            constraint=models.CheckConstraint(condition=models.Q(('review__in', ['waiting', 'confirmed', 'objected'])), name='emergency_deed_review_is_known'),
        ),
        migrations.AddConstraint(
            model_name='emergencydeed',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('review', 'waiting'), ('reviewed_at__isnull', True), ('reviewed_by__isnull', True)), models.Q(models.Q(('review', 'waiting'), _negated=True), ('reviewed_at__isnull', False), ('reviewed_by__isnull', False)), _connector='OR'), name='emergency_deed_reviewed_pair'),
        ),
    ]
