"""What people have sent back to its source: the outbox of rejections, and what became of each."""

from django.db import models

from connectors.models import Connection
from governance.identifiers import new_id
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from routes.models.configuration import Route
from routes.models.movement import LOOSE


class SendingBackState(models.TextChoices):
    """What is known of one rejection at the source. The words and the order are those of effects."""

    INTENDED = "intended", "written down, not sent yet"
    SENT = "sent", "may have reached the source"
    CONFIRMED = "confirmed", "the source has it"
    REFUSED = "refused", "the source certainly did nothing"
    UNKNOWN = "unknown", "may or may not have happened"


class SendingBack(models.Model):
    """One version of a record that goes back to whoever handed it in, with a reason. Its id is the idempotency key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    route = models.ForeignKey(Route, **LOOSE)
    connection = models.ForeignKey(Connection, null=True, **LOOSE)  # null: what was pushed, and told by hand
    record_id = models.UUIDField()  # the version
    key = models.CharField(max_length=200)
    version = models.CharField(max_length=90)
    failure_id = models.UUIDField()  # for which it was sent back: by it the exception is found
    stream = models.CharField(max_length=80)  # that carries it out
    external_id = models.CharField(max_length=200)
    body = models.TextField()  # the exact bytes
    reason = models.TextField()
    made_by = models.CharField(max_length=100)  # actor reference
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=SendingBackState, default=SendingBackState.INTENDED)
    due_at = models.DateTimeField(null=True)  # when a worker may take it; a lease sets it to its own end
    lease_owner = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    settles_at = models.DateTimeField(null=True)  # from then on "not there" counts
    not_there = models.PositiveSmallIntegerField(default=0)
    reference = models.CharField(max_length=120, blank=True)
    message = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)  # confirmed, refused, or left to a person
    told = models.BooleanField(default=False)  # whether its exception says how it ended
    # Where no program can tell the source, a person has done it: whom, and on which day. Nothing is sent then.
    told_to = models.CharField(max_length=200, blank=True, default="", db_default="")
    told_on = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)  # since when a newer version stands somewhere

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["SendingBack"].as_manager()

    class Meta:
        indexes = [
            models.Index(name="sending_back_due", fields=["due_at"], condition=models.Q(due_at__isnull=False)),
            models.Index(name="sending_back_open", fields=["route", "key"], condition=models.Q(answered_at=None)),
            models.Index(name="sending_back_failure", fields=["failure_id"]),
        ]
        constraints = [
            models.UniqueConstraint(
                name="version_sent_back_once", fields=["record_id"], condition=~models.Q(state="refused")
            ),
            models.CheckConstraint(
                name="sending_back_told_pair",
                condition=models.Q(told_to="", told_on__isnull=True)
                | ~models.Q(told_to="") & models.Q(told_on__isnull=False),
            ),
            models.CheckConstraint(
                name="sending_back_state_is_known", condition=models.Q(state__in=SendingBackState.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} back to its source"
