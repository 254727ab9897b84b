"""What was pushed to us, by webhook or through our API, and how often a webhook was refused."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from connectors.models import Connection
from governance.identifiers import new_id
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from routes.models.configuration import Route


class Via(models.TextChoices):
    """Through which door an event came."""

    WEBHOOK = "webhook", "webhook"
    API = "api", "API"


NEXT_NUMBER = models.Func(models.Value("routes_inboundevent_number"), function="nextval")


class InboundEvent(models.Model):
    """Something pushed to us, committed before it is acknowledged."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    route = models.ForeignKey(Route, on_delete=models.PROTECT)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    via = models.CharField(max_length=8, choices=Via.choices)
    idempotency_key = models.CharField(max_length=200, blank=True)  # of the sender, or of a caller
    signature = models.BinaryField(max_length=16, null=True)  # BLAKE2b-128 of a webhook's signature that has a time
    body_hash = models.BinaryField(max_length=16)
    body = models.TextField()
    received_at = models.DateTimeField()
    number = models.BigIntegerField(db_default=NEXT_NUMBER, editable=False)  # their order; the clock may be set back
    processed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    record_ids = ArrayField(models.UUIDField(), default=list)  # what it became; one that was known keeps its own id
    problem = models.TextField(blank=True)  # why it became nothing, in words

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="inbound_event_once", fields=["route", "idempotency_key"], condition=~models.Q(idempotency_key="")
            ),
            models.UniqueConstraint(
                name="inbound_signature_once",
                fields=["route", "signature"],
                condition=models.Q(signature__isnull=False),
            ),
            models.CheckConstraint(name="inbound_event_via_is_known", condition=models.Q(via__in=Via.values)),
        ]
        indexes = [
            models.Index(name="inbound_event_due", fields=["due_at"], condition=models.Q(processed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.via} {self.received_at:%Y-%m-%d %H:%M}"


class Refusal(models.TextChoices):
    """Why a webhook was not accepted."""

    NO_SECRET = "no_secret", "the connection has no secret to check it with"
    MISSING = "missing", "the signature or its time is missing"
    WRONG = "wrong", "the signature is wrong"
    STALE = "stale", "the signature is too old or from the future"
    REPLAYED = "replayed", "the signature was used before"
    TOO_LARGE = "too_large", "the body is too large"
    MEDIA_TYPE = "media_type", "the body is not JSON by its media type"
    NO_ROUTE = "no_route", "no route takes this stream"
    KEY_LOST = "key_lost", "the secret cannot be decrypted"


class WebhookRefusal(models.Model):
    """How often webhooks of a connection were refused on a day, for one reason. Their bodies are kept nowhere."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()  # in UTC
    reason = models.CharField(max_length=12, choices=Refusal.choices)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    entity_path = "connection__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="webhook_refusal_once", fields=["connection", "day", "reason"]),
            models.CheckConstraint(name="webhook_refusal_is_known", condition=models.Q(reason__in=Refusal.values)),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.reason}: {self.count}"
