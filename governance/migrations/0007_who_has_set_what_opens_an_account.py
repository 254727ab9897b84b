"""Remember everybody who has set what opens an account; of those that are here, who has set the password."""

import django.contrib.postgres.fields
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def remember(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the one who has set the password, where nobody has vouched since."""
    for account in apps.get_model("governance", "User").objects.filter(password_set_by__startswith="person:"):
        account.credentials_set_by = [account.password_set_by]
        account.save(update_fields=["credentials_set_by"])


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0006_who_knows_a_clients_secret'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='credentials_set_by',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, editable=False, size=None),
        ),
        migrations.RunPython(remember, migrations.RunPython.noop),
    ]
