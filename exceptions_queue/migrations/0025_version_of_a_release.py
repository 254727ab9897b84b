from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0024_outcomes_are_known'),
    ]

    operations = [
        migrations.AddField(
            model_name='release',
            name='mapping_version',
            field=models.CharField(blank=True, db_default='', default='', max_length=220),
        ),
    ]
