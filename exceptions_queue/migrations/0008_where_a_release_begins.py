from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0007_order_by_money_and_deadline'),
    ]

    operations = [
        migrations.AddField(
            model_name='release',
            name='start',
            field=models.CharField(db_default='source', default='source', max_length=12),
        ),
    ]
