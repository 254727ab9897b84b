"""Keep with an answer how far the rights reached that were asked for it, to ask them anew before it is told again."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0008_secrets_in_force_when_a_drafts_were_entered'),
    ]

    operations = [
        migrations.AddField(
            model_name='apianswer',
            name='asked',
            field=models.JSONField(null=True),
        ),
    ]
