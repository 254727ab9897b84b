from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0016_four_eyes_by_risk'),
    ]

    operations = [
        migrations.AddField(
            model_name='workitem',
            name='worth_once',
            field=models.DecimalField(decimal_places=4, max_digits=20, null=True),
        ),
    ]
