"""The write ledger: what was written where, how often and with what outcome."""

from django.db import models

from connectors.models import Connection
from governance.identifiers import new_id
from governance.scoping import EntityScopedQuerySet
from routes.models.configuration import Destination
from routes.models.movement import LOOSE


class EffectState(models.TextChoices):
    """What is known of one operation at the target."""

    INTENDED = "intended", "written down, no byte sent"
    SENT = "sent", "may have reached the target"
    CONFIRMED = "confirmed", "the target has it"
    REFUSED = "refused", "the target certainly did nothing; final, the next try is a new number"
    UNKNOWN = "unknown", "may or may not have happened: ask the target"


OPEN = (EffectState.INTENDED, EffectState.SENT, EffectState.UNKNOWN)


class Effect(models.Model):
    """One operation on one business key at one target, numbered."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, **LOOSE)
    destination = models.ForeignKey(Destination, **LOOSE)
    transaction_id = models.UUIDField()  # its own; `EffectLink` has all that it stands for
    object = models.CharField(max_length=80)  # the write stream
    key = models.CharField(max_length=200)
    number = models.PositiveIntegerField()
    write_key = models.CharField(max_length=210)  # our key in the target's words: a repost after a reversal has its own
    operation = models.CharField(max_length=8)  # create, update, reverse, void
    source_version = models.CharField(max_length=90)
    payload_id = models.UUIDField()  # the exact bytes
    payload_hash = models.BinaryField(max_length=16)
    idempotency_key = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=EffectState.choices)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    settles_at = models.DateTimeField(null=True)  # from then on "not there" counts
    not_there = models.PositiveSmallIntegerField(default=0)  # how often the target said so after settling
    external_id = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=120, blank=True)  # the posting reference
    target_version = models.CharField(max_length=90, blank=True)  # what a read-back of ours would carry
    message = models.TextField(blank=True)

    entity_path = "destination__route__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="effect_number_once", fields=["connection", "object", "key", "number"]),
            models.UniqueConstraint(
                name="one_open_effect_per_key",
                fields=["connection", "object", "key"],
                condition=models.Q(state__in=["intended", "sent", "unknown"]),
            ),
            models.CheckConstraint(name="effect_state_is_known", condition=models.Q(state__in=EffectState.values)),
            models.CheckConstraint(
                name="effect_operation_is_known",
                condition=models.Q(operation__in=["create", "update", "reverse", "void"]),
            ),
        ]
        indexes = [
            models.Index(name="effect_transaction", fields=["transaction_id"]),
            models.Index(  # people search by what the target calls it
                name="effect_reference",
                fields=["reference"],
                opclasses=["text_pattern_ops"],
                condition=~models.Q(reference=""),
            ),
            models.Index(
                name="effect_external_id",
                fields=["external_id"],
                opclasses=["text_pattern_ops"],
                condition=~models.Q(external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object} {self.key} #{self.number}"


class _Link(models.Model):
    """An effect and a transaction for which it stands."""

    pk = models.CompositePrimaryKey("effect_id", "transaction_id")
    effect_id = models.UUIDField()
    transaction_id = models.UUIDField()
    entity_global = "reached only through its transaction, which carries the legal entity"

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.effect_id} ← {self.transaction_id}"


class EffectMember(_Link):
    """A transaction for which an effect stands beside its own (an invoice line for n time entries)."""

    class Meta:
        indexes = [models.Index(name="effect_link_transaction", fields=["transaction_id"])]


class EffectLink(_Link):
    """Which transactions an effect stands for: its own, and its members. A view, only read."""

    class Meta:
        managed = False
        db_table = "routes_effectlink"


class KeyHead(models.Model):
    """The head of an ordering key: the one transaction of a business key that may go to its target now.

    `due_at` is the whole queue: null means that nothing is to do by itself; a lease sets it to its own end, so that
    work of a dead worker comes up again by itself.
    """

    connection = models.ForeignKey(Connection, **LOOSE)
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    lane = models.CharField(max_length=20)
    transaction_id = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    lease_owner = models.UUIDField(null=True)
    live_effect_id = models.UUIDField(null=True)  # what stands at the target now
    live_hash = models.BinaryField(max_length=16, null=True)
    live_external_id = models.CharField(max_length=120, blank=True)
    live_payload_id = models.UUIDField(null=True)  # the request that stands there, deltas added up
    live_write_key = models.CharField(max_length=210, blank=True)
    live_transaction_id = models.UUIDField(null=True)
    generation = models.PositiveIntegerField(default=0)  # how often the key was undone or topped up at the target
    seen_version = models.CharField(max_length=90, blank=True)  # newest version that came this way
    waiting = models.BooleanField(default=False)  # others of this key wait behind the head
    mirrored = models.BooleanField(default=False)  # something stands there, and some route reads that system
    quiet_until = models.DateTimeField(null=True)  # an earlier request may still arrive late: write nothing before

    entity_path = "connection__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="key_head_once", fields=["connection", "object", "key"])]
        indexes = [
            models.Index(
                name="key_head_due",
                fields=["connection", "lane", "object", "due_at"],
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(
                name="key_head_mirrored",
                fields=["connection", "live_external_id"],
                condition=models.Q(mirrored=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object} {self.key}"


class Attempt(models.Model):
    """One try at an effect. Partitioned by id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    effect_id = models.UUIDField()
    kind = models.CharField(max_length=8)  # write, look_up
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10)  # confirmed, refused, not_sent, unknown, found, not_there
    status = models.PositiveSmallIntegerField(null=True)  # of HTTP
    category = models.CharField(max_length=20, blank=True)
    message = models.TextField(blank=True)
    exchange_id = models.UUIDField(null=True)
    entity_global = "reached only through its effect, which carries the legal entity"

    class Meta:
        managed = False
        db_table = "routes_attempt"

    def __str__(self) -> str:
        return self.outcome


class Exchange(models.Model):
    """One redacted request and response with a vendor. Partitioned by id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, **LOOSE)
    at = models.DateTimeField()
    body = models.JSONField()  # method, address, headers, request, status, response; redacted by the engine
    entity_path = "connection__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "routes_exchange"

    def __str__(self) -> str:
        return str(self.id)
