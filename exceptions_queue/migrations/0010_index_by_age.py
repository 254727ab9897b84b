from django.db import migrations, models

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):

    atomic = False  # an index that is made beside the work needs its own commits

    dependencies = [
        ('exceptions_queue', '0009_views'),
    ]

    operations = [
        AddIndexAnew(
            model_name='workitem',
            index=models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['first_seen', 'number'], name='work_item_by_age'),
        ),
    ]
