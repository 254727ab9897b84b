import django.db.models.deletion
import governance.identifiers
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connectors', '0002_hub_now'),
        ('governance', '0012_roles_are_known'),
        ('routes', '0023_chosen_configurations'),
    ]

    operations = [
        migrations.CreateModel(
            name='SendingBack',
            fields=[
                ('id', models.UUIDField(default=governance.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('record_id', models.UUIDField()),
                ('key', models.CharField(max_length=200)),
                ('version', models.CharField(max_length=90)),
                ('failure_id', models.UUIDField()),
                ('stream', models.CharField(max_length=80)),
                ('external_id', models.CharField(max_length=200)),
                ('body', models.TextField()),
                ('reason', models.TextField()),
                ('made_by', models.CharField(max_length=100)),
                ('made_by_name', models.CharField(max_length=200)),
                ('made_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('intended', 'written down, not sent yet'), ('sent', 'may have reached the source'), ('confirmed', 'the source has it'), ('refused', 'the source certainly did nothing'), ('unknown', 'may or may not have happened')], default='intended', max_length=9)),
                ('due_at', models.DateTimeField(null=True)),
                ('lease_owner', models.UUIDField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('settles_at', models.DateTimeField(null=True)),
                ('not_there', models.PositiveSmallIntegerField(default=0)),
                ('reference', models.CharField(blank=True, max_length=120)),
                ('message', models.TextField(blank=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('told', models.BooleanField(default=False)),
                ('answered_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connectors.connection')),
                ('legal_entity', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='governance.legalentity')),
                ('route', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='routes.route')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='sending_back_due'), models.Index(condition=models.Q(('answered_at', None)), fields=['route', 'key'], name='sending_back_open'), models.Index(fields=['failure_id'], name='sending_back_failure')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'refused'), _negated=True), fields=('record_id',), name='version_sent_back_once'), models.CheckConstraint(condition=models.Q(('state__in', ['intended', 'sent', 'confirmed', 'refused', 'unknown'])), name='sending_back_state_is_known')],
            },
        ),
    ]
