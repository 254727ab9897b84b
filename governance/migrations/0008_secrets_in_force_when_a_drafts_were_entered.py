"""Remember which secrets were in force when those of a draft were entered; drafts that are open are looked at anew."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0007_who_has_set_what_opens_an_account'),
    ]

    operations = [
        migrations.AddField(
            model_name='proposedsecrets',
            name='entered_over',
            field=models.CharField(blank=True, default='', max_length=16),
        ),
    ]
