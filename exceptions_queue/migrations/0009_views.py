import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connectors', '0002_hub_now'),
        ('exceptions_queue', '0008_where_a_release_begins'),
        ('governance', '0008_secrets_in_force_when_a_drafts_were_entered'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ListColumns',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('view', models.CharField(blank=True, max_length=30)),
                ('columns', models.CharField(max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('line', models.CharField(blank=True, max_length=1000)),
                ('sort', models.CharField(blank=True, max_length=10)),
                ('columns', models.CharField(blank=True, max_length=300)),
                ('version', models.PositiveIntegerField(default=1)),
                ('changed_by', models.CharField(max_length=100)),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='listcolumns',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='savedview',
            name='legal_entity',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='governance.legalentity'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='owner',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='listcolumns',
            constraint=models.UniqueConstraint(fields=('user', 'view'), name='list_columns_once'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('legal_entity__isnull', False), ('owner__isnull', True)), models.Q(('legal_entity__isnull', True), ('owner__isnull', False)), _connector='OR'), name='saved_view_is_ones_own_or_shared'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('owner', 'legal_entity', 'name'), name='saved_view_name_once', nulls_distinct=False),
        ),
    ]
