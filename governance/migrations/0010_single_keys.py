"""Keep with each account whether single keys do something on its pages."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0009_rights_asked_for_an_answer'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='single_keys',
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
    ]
