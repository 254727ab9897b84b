"""What a remedy lets go, as a row: a page answers at once, and a worker that dies halfway leaves nothing behind."""

from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q

from exceptions_queue.models.work_item import WorkItem
from governance.actor import Actor, ActorKind
from governance.scoping import EntityScopedQuerySet


class Release(models.Model):
    """The members of an item that somebody sent through again, and how far that is."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="releases")
    requested_at = models.DateTimeField()  # members that stopped later are not meant
    actor_kind = models.CharField(max_length=6)
    actor_id = models.CharField(max_length=200)
    actor_name = models.CharField(max_length=200)
    reason = models.TextField()
    as_then = models.BooleanField(default=False)  # with the configuration of then
    # with a version of a mapping, as "ledger-time-out@2", in the place of the one in force
    mapping_version = models.CharField(max_length=220, blank=True, default="", db_default="")
    start = models.CharField(max_length=12, default="source", db_default="source")  # see `worked_out.Start`
    # What stopped them is gone: what a person has had taken back is not sent by that.
    cause_gone = models.BooleanField(default=False, db_default=False)
    seen = models.UUIDField(null=True)  # the newest member that whoever asked had seen: later ones are not meant
    asked = models.PositiveIntegerField(default=0)  # members that were open then
    reached = models.UUIDField(null=True)  # the last failure that was looked at
    looked_at = models.PositiveIntegerField(default=0)
    went_on = models.PositiveIntegerField(default=0)
    part = models.CharField(max_length=64, blank=True, default="", db_default="")  # one cause of an item that gathers
    done_at = models.DateTimeField(null=True)

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["Release"].as_manager()

    class Meta:
        indexes = [models.Index(name="release_open", fields=["item"], condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return self.reason

    @property
    def actor(self) -> Actor:
        """Return who asked for it."""
        return Actor(ActorKind(self.actor_kind), self.actor_id, self.actor_name)

    def is_unseen(self, failure: UUID, opened_at: datetime) -> bool:
        """Return whether a member was there, and had come since whoever asked looked."""
        return self.seen is not None and failure > self.seen and opened_at <= self.requested_at
