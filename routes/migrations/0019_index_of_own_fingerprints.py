from django.db import migrations, models

from governance.migrating import AddIndexAnew


class Migration(migrations.Migration):

    atomic = False  # an index that is made beside the work needs its own commits

    dependencies = [
        ('routes', '0018_fingerprints_have_versions'),
    ]

    operations = [
        AddIndexAnew(
            model_name='failure',
            index=models.Index(condition=models.Q(('own_fingerprint', ''), _negated=True), fields=['own_fingerprint'], name='failure_own'),
        ),
    ]
