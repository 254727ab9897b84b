from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

OUTCOMES = [
    ('will', 'will be done'), ('stops', 'will be corrected, and stop again'), ('approval', 'needs approval'),
    ('there', 'already there'), ('left_out', 'would be left out by the conditions'), ('invalid', 'still invalid'),
    ('misfit', 'configuration does not fit'), ('impossible', 'not possible'),
]


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions_queue', '0022_roles_are_known'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='bulkmember', name='bulk_member_outcome'),
        migrations.AlterField(
            model_name='bulkmember', name='outcome',
            field=models.CharField(blank=True, choices=OUTCOMES, max_length=12),
        ),
        AddConstraintNotValid(
            model_name='bulkmember',
            constraint=models.CheckConstraint(
                name='bulk_member_outcome', condition=Q(outcome__in=['', *(value for value, _ in OUTCOMES)]),
            ),
        ),
    ]
