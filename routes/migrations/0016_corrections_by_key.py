from django.db import migrations, models

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):

    atomic = False  # an index that is made beside the work needs its own commits

    dependencies = [
        ('routes', '0015_history_of_corrections'),
    ]

    operations = [
        AddIndexAnew(
            model_name='overlay',
            index=models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['-id'], name='overlay_open'),
        ),
        AddIndexAnew(model_name='overlay', index=models.Index(fields=['route', 'key'], name='overlay_of_key')),
    ]
