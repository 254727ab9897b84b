"""What people have asked to be taken back at a target: which effect, by which transaction, and what follows it."""

from django.db import models

from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from routes.models.movement import LOOSE


class Reversal(models.Model):
    """A person's wish that something posted is undone. One for each effect that stands: it is never undone twice."""

    transaction_id = models.UUIDField(primary_key=True)  # the one that takes back
    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    # What stood at the target; null once it was given up and somebody has asked anew: it undoes nothing any more.
    effect_id = models.UUIDField(unique=True, null=True)
    reverses_id = models.UUIDField()  # the transaction that had posted it
    follower_id = models.UUIDField()  # the transaction of the same key that waits for what a person says afterwards
    sends = models.BooleanField()  # whether what the record says by now is posted anew by itself
    reason = models.TextField()
    made_by = models.CharField(max_length=100)  # actor reference
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["Reversal"].as_manager()

    class Meta:
        indexes = [
            models.Index(name="reversal_reverses", fields=["reverses_id"]),
            models.Index(name="reversal_follower", fields=["follower_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.reverses_id} taken back by {self.transaction_id}"
