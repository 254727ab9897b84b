"""Rules ask for contract types and workers, policies for contract types; columns with a constant are added without reading the tables."""

import django.contrib.postgres.fields
from django.db import migrations, models


def _texts(longest: int) -> django.contrib.postgres.fields.ArrayField:  # type: ignore[type-arg]  # generic for the checker only
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.CharField(max_length=longest), blank=True, default=list, size=50
    )


class Migration(migrations.Migration):
    dependencies = [("exceptions_queue", "0027_questioned_is_known")]

    operations = [
        migrations.AddField("routingrule", "contract_types", _texts(40)),
        migrations.AddField("routingrule", "workers", _texts(120)),
        migrations.AddField("approvalpolicy", "contract_types", _texts(40)),
    ]
