"""How many open items are alike in what lists count them by: kept as items change, summed when asked."""

from django.db import models

from exceptions_queue.models.work_item import State
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet


class WorkItemTally(models.Model):
    """What a change made of the number of open items that are alike; the sum over rows is what there is now.

    The columns that items are told apart by are called as those of the item, so that a condition on one is a condition
    on the other. Triggers write it (migration 0031); `exceptions_queue.tallies` sums it up and clears away.
    """

    legal_entity = models.ForeignKey(
        LegalEntity, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    state = models.CharField(max_length=16, choices=State)
    category = models.CharField(max_length=20)
    owner = models.CharField(max_length=60)
    assignee = models.CharField(max_length=100, blank=True)
    entity = models.CharField(max_length=40, blank=True)
    route_id = models.BigIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    due_key = models.CharField(max_length=120, blank=True)
    due_of = models.CharField(max_length=300, blank=True)
    due_bills = models.BooleanField()
    # A sum in place of all that lie between the same two bounds (tallies.BOUNDS): compared with one, it says the same.
    worth = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    worth_currency = models.CharField(max_length=3, blank=True)
    reopened = models.SmallIntegerField()  # two stands for more, too

    items = models.IntegerField()
    members = models.BigIntegerField()
    whole = models.DecimalField(max_digits=24, decimal_places=4)  # their worth, as far as it is known
    money = models.DecimalField(max_digits=24, decimal_places=4)  # what no other open item counts, where it is known
    unpriced = models.IntegerField()  # items of which nobody knows the worth
    partly = models.IntegerField()  # items of whose members only some are known
    shared = models.BigIntegerField()  # members of items of which another one counts a part

    is_sum = models.BooleanField(default=False, db_default=False)  # of rows that were cleared away

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["WorkItemTally"].as_manager()

    class Meta:
        indexes = [
            models.Index(name="work_item_tally_new", fields=["id"], condition=models.Q(is_sum=False)),
        ]

    def __str__(self) -> str:
        return f"{self.items} of {self.category}"
