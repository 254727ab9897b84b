from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routes', '0019_index_of_own_fingerprints'),
    ]

    operations = [
        migrations.AddField(
            model_name='overlay',
            name='emergency',
            field=models.BigIntegerField(null=True),
        ),
    ]
