"""Releases know whether a person sends their members, or what stopped them is gone; a constant reads no table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exceptions_queue", "0029_who_asks_a_second_person")]

    operations = [
        migrations.AddField("release", "cause_gone", models.BooleanField(default=False, db_default=False)),
    ]
