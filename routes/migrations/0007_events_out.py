"""Subscriptions, events and deliveries, and what the history of states needs so that it can be told: two columns that
the database fills in by itself. Rows that exist keep NULL there; no table is written anew.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import governance.encrypted
import governance.identifiers
from django.db import migrations, models

XID = "pg_current_xact_id()::text::bigint"  # text between them: there is no cast
SEQUENCE = "CREATE SEQUENCE routes_outboundevent_number"
COLUMNS = f"""
ALTER TABLE routes_transaction ADD COLUMN xid bigint;
ALTER TABLE routes_transaction ALTER COLUMN xid SET DEFAULT {XID};
ALTER TABLE routes_failure ADD COLUMN xid bigint;
ALTER TABLE routes_failure ALTER COLUMN xid SET DEFAULT {XID};
CREATE SEQUENCE routes_transition_number;
ALTER TABLE routes_transition ADD COLUMN xid bigint, ADD COLUMN number bigint;
ALTER TABLE routes_transition ALTER COLUMN xid SET DEFAULT {XID},
    ALTER COLUMN number SET DEFAULT nextval('routes_transition_number');
"""
NO_COLUMNS = """
ALTER TABLE routes_transition DROP COLUMN xid, DROP COLUMN number;
DROP SEQUENCE routes_transition_number;
ALTER TABLE routes_failure DROP COLUMN xid;
ALTER TABLE routes_transaction DROP COLUMN xid;
"""
ENDINGS = f"""
CREATE FUNCTION routes_note_run_ending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO routes_runending (run_id, state, message, at, xid)
    VALUES (NEW.id, NEW.state, NEW.message, hub_now(), {XID});
    RETURN NULL;
END $$;
CREATE TRIGGER routes_run_ending AFTER UPDATE OF state ON routes_run FOR EACH ROW
    WHEN (NEW.state IN ('done', 'stopped', 'held') AND NEW.state IS DISTINCT FROM OLD.state)
    EXECUTE FUNCTION routes_note_run_ending();
"""
NO_ENDINGS = "DROP TRIGGER routes_run_ending ON routes_run; DROP FUNCTION routes_note_run_ending();"


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0002_guards'),
        ('routes', '0006_fewer_rows_for_each_record'),
    ]

    operations = [
        migrations.RunSQL(SEQUENCE, "DROP SEQUENCE routes_outboundevent_number"),
        migrations.RunSQL(COLUMNS, NO_COLUMNS),
        migrations.CreateModel(
            name='RunEnding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_id', models.UUIDField()),
                ('state', models.CharField(max_length=10)),
                ('message', models.TextField(blank=True)),
                ('at', models.DateTimeField()),
                ('xid', models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='OutboundEvent',
            fields=[
                ('id', models.UUIDField(default=governance.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField(db_default=models.Func(models.Value('routes_outboundevent_number'), function='nextval'), editable=False)),
                ('type', models.CharField(max_length=60)),
                ('key', models.CharField(max_length=330)),
                ('subject', models.CharField(max_length=200)),
                ('destination_id', models.BigIntegerField(null=True)),
                ('category', models.CharField(blank=True, max_length=20)),
                ('happened_at', models.DateTimeField()),
                ('body', models.TextField()),
                ('legal_entity', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='governance.legalentity')),
                ('route', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='routes.route')),
            ],
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
                ('address', models.CharField(help_text='https://… that takes a POST with each event', max_length=500)),
                ('types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('routes', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
                ('destinations', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
                ('categories', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('transient', 'transient'), ('throttled', 'throttled'), ('outage', 'outage'), ('credentials', 'credentials'), ('configuration', 'configuration'), ('shape', 'shape'), ('unmapped_value', 'unmapped_value'), ('missing_reference', 'missing_reference'), ('validation', 'validation'), ('duplicate', 'duplicate'), ('conflict', 'conflict'), ('closed_period', 'closed_period'), ('refused', 'refused'), ('no_right', 'no_right'), ('amount_mismatch', 'amount_mismatch'), ('approval_missing', 'approval_missing'), ('outcome_unknown', 'outcome_unknown'), ('internal', 'internal')], max_length=20), blank=True, default=list, size=None)),
                ('secrets', governance.encrypted.EncryptedJSONField(blank=True, default=governance.encrypted.Secrets)),
                ('state', models.CharField(choices=[('active', 'active'), ('paused', 'paused by a person'), ('disabled', 'switched off: its address kept failing')], default='active', max_length=8)),
                ('state_reason', models.CharField(blank=True, max_length=300)),
                ('failing_since', models.DateTimeField(editable=False, null=True)),
                ('failures', models.PositiveIntegerField(default=0, editable=False)),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('last_answer', models.CharField(blank=True, editable=False, max_length=300)),
                ('created_by', models.CharField(max_length=220)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('legal_entity', models.ForeignKey(blank=True, help_text='empty: those of every company', null=True, on_delete=django.db.models.deletion.PROTECT, to='governance.legalentity')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=330)),
                ('sequence', models.BigIntegerField()),
                ('due_at', models.DateTimeField()),
                ('lease_owner', models.UUIDField(null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('tried_at', models.DateTimeField(null=True)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('answer', models.CharField(blank=True, max_length=300)),
                ('done_at', models.DateTimeField(null=True)),
                ('done_how', models.CharField(blank=True, choices=[('delivered', 'delivered'), ('dropped', 'dropped by a person')], max_length=9)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='routes.outboundevent')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='routes.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Tap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('horizon', models.BigIntegerField(null=True)),
                ('floor', models.UUIDField(null=True)),
                ('stuck', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='tap_is_one')],
            },
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['active', 'paused', 'disabled'])), name='subscription_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'active'), ('state_reason', '')), models.Q(models.Q(('state', 'active'), _negated=True), models.Q(('state_reason', ''), _negated=True)), _connector='OR'), name='subscription_says_why_it_rests'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', True), ('failing_since__isnull', True), ('failures', 0)), models.Q(('failing_since__isnull', False), ('failures__gt', 0)), _connector='OR'), name='subscription_failing_is_counted'),
        ),
        migrations.AddIndex(
            model_name='outboundevent',
            index=models.Index(fields=['subject'], name='outbound_event_subject'),
        ),
        migrations.AddIndex(
            model_name='outboundevent',
            index=models.Index(fields=['happened_at'], name='outbound_event_age'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('done_at__isnull', False)), fields=['done_at'], name='delivery_ended'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('done_at', None)), fields=['subscription', 'key', 'sequence'], name='delivery_head'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('done_at', None)), fields=['subscription', 'due_at'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['subscription', 'id'], name='delivery_listed'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('subscription', 'event'), name='delivery_once'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('done_how', '')), models.Q(('done_at__isnull', False), ('done_how__in', ['delivered', 'dropped']), ('lease_owner__isnull', True)), _connector='OR'), name='delivery_done_has_how'),
        ),
        migrations.RunSQL(ENDINGS, NO_ENDINGS),
    ]
