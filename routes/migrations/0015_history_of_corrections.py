import django.db.models.deletion
from django.db import migrations, models

ENDED = [
    ('source_agrees', 'the source says the same by now'), ('source_disagrees', 'the source said something else'),
    ('source_taken', 'what the source says was taken instead'), ('replaced', 'another correction stands in its place'),
    ('withdrawn', 'taken back'),
]
HAPPENED = [
    ('made', 'made'), ('kept', 'kept'), ('returned', 'returned to a person'), ('resumed', 'in force again'),
    ('agreed', 'ended: the source agrees'), ('taken', 'ended: the source was taken'), ('replaced', 'ended: replaced'),
    ('withdrawn', 'ended: taken back'),
]


class Migration(migrations.Migration):

    dependencies = [
        ('routes', '0014_rules_let_pass_once'),
    ]

    operations = [
        migrations.AlterModelOptions(name='overlay', options={'verbose_name': 'correction'}),
        migrations.AddField(model_name='overlay', name='returned_at', field=models.DateTimeField(null=True)),
        migrations.AlterField(
            model_name='overlay', name='ended_how', field=models.CharField(blank=True, choices=ENDED, max_length=20),
        ),
        migrations.CreateModel(
            name='OverlayEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('what', models.CharField(choices=HAPPENED, max_length=10)),
                ('said', models.JSONField(null=True)),
                ('version', models.CharField(blank=True, max_length=90)),
                ('actor_kind', models.CharField(max_length=6)),
                ('actor_id', models.CharField(max_length=200)),
                ('actor_name', models.CharField(max_length=200)),
                ('reason', models.TextField(blank=True)),
                ('overlay', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='routes.overlay')),
            ],
            options={
                'verbose_name': 'history of a correction',
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('what__in', [value for value, _ in HAPPENED])), name='overlay_event_is_known'),
                    models.CheckConstraint(condition=models.Q(('actor_kind__in', ['person', 'rule', 'engine'])), name='overlay_event_has_actor'),
                ],
            },
        ),
    ]
