"""How many open items have one value of what lists are narrowed by: kept as items change, summed when asked."""

from django.db import models

from exceptions_queue.models.work_item import State
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet


class WorkItemValueTally(models.Model):
    """What a change made of the number of open items with a value; the sum over rows is what there is now.

    Triggers write it (migration 0034); `exceptions_queue.value_tallies` sums it up and clears away. What a deadline or
    an amount is told apart by stands in `WorkItemTally`.
    """

    legal_entity = models.ForeignKey(
        LegalEntity, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    state = models.CharField(max_length=16, choices=State)
    word = models.CharField(max_length=16)  # of the line
    value = models.TextField()  # as the item has it; of "target" the ids of route and connection
    items = models.IntegerField()
    is_sum = models.BooleanField(default=False, db_default=False)  # of rows that were cleared away

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["WorkItemValueTally"].as_manager()

    class Meta:
        indexes = [
            models.Index(name="work_item_value_tally", fields=["word", "legal_entity"]),
            models.Index(name="work_item_value_tally_new", fields=["id"], condition=models.Q(is_sum=False)),
        ]

    def __str__(self) -> str:
        return f"{self.items} of {self.word} {self.value}"
