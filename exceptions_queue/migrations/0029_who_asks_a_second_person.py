"""Members of a plan say which policies ask a second person because of them; a constant reads no table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exceptions_queue", "0028_contract_types")]

    operations = [
        migrations.AddField("bulkmember", "second_person", models.TextField(blank=True, default="", db_default="")),
    ]
