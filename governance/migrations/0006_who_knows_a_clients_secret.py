"""Remember who has had a client's secret; of those that are here, as their audit entries say."""

import django.contrib.postgres.fields
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def remember(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take those who registered a client or renewed its secret from the audit entries, the first one first."""
    clients, entries = (apps.get_model("governance", name) for name in ("ApiClient", "AuditEntry"))
    for client in clients.objects.exclude(user=None):
        deeds = entries.objects.filter(
            thing_kind="governance.apiclient", thing_id=str(client.pk), verb__in=("register", "renew_secret"),
            actor_kind="person",
        )  # fmt: skip
        people = [f"person:{id_}" for id_ in deeds.order_by("at").values_list("actor_id", flat=True)]
        if people:
            client.secret_known_to = list(dict.fromkeys(people))
            client.save(update_fields=["secret_known_to"])


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0005_second_person_and_drafts'),
    ]

    operations = [
        migrations.AddField(
            model_name='apiclient',
            name='secret_known_to',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, editable=False, size=None),
        ),
        migrations.RunPython(remember, migrations.RunPython.noop),
    ]
