"""What the hub tells others: who wants to hear of what, the events themselves, and how far each has come.

What happened is read from the history of states. For that `routes_transition`, `routes_transaction` and
`routes_failure` have a column `xid`, the transaction that wrote the row, and `routes_transition` a column `number`,
which counts them. The database fills both in, and they stand in no model: only `routes.outbound.history` reads them.
"""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from canonical.failure import Category
from governance.encrypted import EncryptedJSONField
from governance.identifiers import new_id
from governance.keys import KeyLost, KeysUnusable
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from governance.taken import NamedOnce
from routes.models.configuration import Route
from routes.models.movement import LOOSE

NEXT_NUMBER = models.Func(models.Value("routes_outboundevent_number"), function="nextval")


class SubscriptionState(models.TextChoices):
    """Whether a subscription's events go out. In every state they are kept for it."""

    ACTIVE = "active", "active"
    PAUSED = "paused", "paused by a person"
    DISABLED = "disabled", "switched off by the hub"  # its reason says why: failed for days, or gone


class Subscription(NamedOnce, models.Model):
    """Somebody who wants to be told: an address, what of, and how it knows that the hub is speaking."""

    named_once: ClassVar = {"name": "name"}

    name = models.CharField(max_length=120, unique=True)
    address = models.CharField(max_length=500, help_text="https://… that takes a POST with each event")
    legal_entity = models.ForeignKey(
        LegalEntity, on_delete=models.PROTECT, null=True, blank=True, help_text="empty: those of every company"
    )
    types = ArrayField(models.CharField(max_length=60), default=list, blank=True)  # of events; none: every type
    routes = ArrayField(models.BigIntegerField(), default=list, blank=True)  # ids; none: every route
    destinations = ArrayField(models.BigIntegerField(), default=list, blank=True)  # ids; none: every destination
    categories = ArrayField(  # of failures; none: every event, also those without a failure
        models.CharField(max_length=20, choices=[(c.value, c.value) for c in Category]), default=list, blank=True
    )
    secrets = EncryptedJSONField()  # {"signing": [{"secret": "whsec_…", "until": null | time}, …]}, newest first
    state = models.CharField(max_length=8, choices=SubscriptionState.choices, default=SubscriptionState.ACTIVE)
    state_reason = models.CharField(max_length=300, blank=True)  # why it is paused or switched off, in words
    failing_since = models.DateTimeField(null=True, editable=False)  # nothing has arrived since; null: all is well
    failures = models.PositiveIntegerField(default=0, editable=False)  # rounds since then
    due_at = models.DateTimeField(null=True, editable=False)  # before which an address that fails is left alone
    last_answer = models.CharField(max_length=300, blank=True, editable=False)  # in words
    created_by = models.CharField(max_length=220)  # the actor's reference
    created_at = models.DateTimeField(auto_now_add=True)

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="subscription_state_is_known", condition=models.Q(state__in=SubscriptionState.values)
            ),
            models.CheckConstraint(
                name="subscription_says_why_it_rests",
                condition=models.Q(state="active", state_reason="")
                | ~models.Q(state="active") & ~models.Q(state_reason=""),
            ),
            models.CheckConstraint(
                name="subscription_failing_is_counted",
                condition=models.Q(failing_since__isnull=True, failures=0, due_at__isnull=True)
                | models.Q(failing_since__isnull=False, failures__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def kept_secrets(self) -> dict[str, Any]:
        """Return its secrets; none where their key is lost."""
        try:
            return dict(self.secrets.items()) if self.secrets is not None else {}
        except (KeyLost, KeysUnusable):
            return {}


class OutboundEvent(models.Model):
    """Something that happened, as it is told: written once, with the change of state that it tells of."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)  # the CloudEvents id
    number = models.BigIntegerField(db_default=NEXT_NUMBER, editable=False)  # their order; the clock may be set back
    type = models.CharField(max_length=60)  # throughline.transaction.posted …
    key = models.CharField(max_length=330)  # events of one key arrive in order: destination and business key
    subject = models.CharField(max_length=200)  # the business key
    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    route = models.ForeignKey(Route, **LOOSE)
    destination_id = models.BigIntegerField(null=True)
    category = models.CharField(max_length=20, blank=True)  # of the failure that it tells of
    happened_at = models.DateTimeField()
    body = models.TextField()  # CloudEvents 1.0 in JSON, the bytes that are signed and sent

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="outbound_event_subject", fields=["subject"]),
            models.Index(name="outbound_event_age", fields=["happened_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"


class Done(models.TextChoices):
    """How a delivery ended."""

    DELIVERED = "delivered", "delivered"
    DROPPED = "dropped", "dropped by a person"


class Delivery(models.Model):
    """One event on its way to one subscription. Of a key only the earliest that has not ended goes."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(OutboundEvent, on_delete=models.PROTECT, related_name="deliveries")
    key = models.CharField(max_length=330)  # the event's
    sequence = models.BigIntegerField()  # the event's number
    due_at = models.DateTimeField()  # when it may go; while it is being sent, when its lease ends
    lease_owner = models.UUIDField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer over HTTP
    answer = models.CharField(max_length=300, blank=True)  # what came of the last try, in words
    done_at = models.DateTimeField(null=True)
    done_how = models.CharField(max_length=9, choices=Done.choices, blank=True)

    entity_path = "subscription__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="delivery_once", fields=["subscription", "event"]),
            models.CheckConstraint(
                name="delivery_done_has_how",
                condition=models.Q(done_at__isnull=True, done_how="")
                | models.Q(done_at__isnull=False, done_how__in=Done.values, lease_owner__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="delivery_head", fields=["subscription", "key", "sequence"], condition=models.Q(done_at=None)
            ),
            models.Index(name="delivery_due", fields=["subscription", "due_at"], condition=models.Q(done_at=None)),
            models.Index(name="delivery_ended", fields=["done_at"], condition=models.Q(done_at__isnull=False)),
            models.Index(name="delivery_listed", fields=["subscription", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.subscription}"


class RunEnding(models.Model):
    """A run that is done, stopped or held. The database writes it with the run's change of state (a trigger)."""

    run_id = models.UUIDField()
    state = models.CharField(max_length=10)
    message = models.TextField(blank=True)  # why, in words
    at = models.DateTimeField()
    xid = models.BigIntegerField(db_index=True)  # of the transaction that changed the run
    entity_global = "reached only through its run, which carries the legal entity"

    def __str__(self) -> str:
        return f"{self.run_id} {self.state}"


class Tap(models.Model):
    """How far the history of states has been told: one row. What reads it is `routes.outbound.tap`."""

    horizon = models.BigIntegerField(null=True)  # transaction id below which all is told; null: nobody listens
    floor = models.UUIDField(null=True)  # after a restore to another server: smaller ids are of the life before
    stuck = models.BooleanField(default=False)  # it met something unforeseen, and a person was told
    entity_global = "a position in the history of all legal entities; holds nothing of theirs"

    class Meta:
        constraints = [models.CheckConstraint(name="tap_is_one", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"told up to {self.horizon}"
