"""Why something stopped, and what people changed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from canonical.failure import Category
from connectors.models import Connection
from governance.identifiers import new_id
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from routes.models.configuration import Route
from routes.models.movement import LOOSE


class Failure(models.Model):
    """Why a record, transaction or run stopped. Written by the engine, taken in by the exception queue."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    route = models.ForeignKey(Route, **LOOSE)
    record_id = models.UUIDField(null=True)
    transaction_id = models.UUIDField(null=True)
    run_id = models.UUIDField(null=True)
    connection_id = models.BigIntegerField(null=True)
    stage = models.CharField(max_length=10)  # receive, normalise, validate, translate, deliver, confirm
    category = models.CharField(max_length=20, choices=[(c.value, c.value) for c in Category])
    fingerprint = models.CharField(max_length=64)  # of the cause under which the exception queue holds it
    own_fingerprint = models.CharField(  # as it was written down, where the queue holds it with another cause
        max_length=64, blank=True, default="", db_default=""
    )
    fingerprint_version = models.SmallIntegerField(default=1, db_default=1)  # by which it was written down
    earlier_fingerprints = ArrayField(models.CharField(max_length=64), null=True)  # by earlier versions, see there
    field = models.CharField(max_length=120, blank=True)
    rule = models.CharField(max_length=120, blank=True)
    table = models.CharField(max_length=80, blank=True)  # the lookup table or entity that lacks the key
    table_key = models.JSONField(null=True)  # list of the key's columns
    value = models.CharField(max_length=250, blank=True)  # what was found
    accepted = models.CharField(max_length=250, blank=True)  # what would be accepted
    message = models.TextField()  # in words for finance
    hint = models.TextField(blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    hours = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    occurred_on = models.DateField(null=True)  # the day of its record, once the exception queue has taken it in
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_how = models.CharField(max_length=30, blank=True)  # fixed, waived, auto:newer_version, …
    taken = models.BooleanField(default=False)  # by the exception queue; false again when it is closed

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="failure_untaken", fields=["fingerprint"], condition=models.Q(taken=False)),
            models.Index(
                name="failure_open_transaction", fields=["transaction_id"], condition=models.Q(closed_at__isnull=True)
            ),
            models.Index(name="failure_open_record", fields=["record_id"], condition=models.Q(closed_at__isnull=True)),
            models.Index(  # what an exception held that is closed by now is asked for by its key, too
                name="failure_closed_transaction", fields=["transaction_id"],
                condition=models.Q(closed_at__isnull=False),
            ),
            models.Index(
                name="failure_closed_record", fields=["record_id"], condition=models.Q(closed_at__isnull=False)
            ),
            models.Index(name="failure_cause", fields=["fingerprint", "closed_at"]),
            models.Index(name="failure_own", fields=["own_fingerprint"], condition=~models.Q(own_fingerprint="")),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                name="failure_closed_has_how",
                condition=models.Q(closed_at__isnull=True, closed_how="")
                | models.Q(closed_at__isnull=False) & ~models.Q(closed_how=""),
            )
        ]

    def __str__(self) -> str:
        return self.message


class RuleWarning(models.Model):
    """What a rule of severity "warning" said of a transaction that goes on all the same."""

    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    transaction_id = models.UUIDField()
    stage = models.CharField(max_length=10)  # normalise, validate
    rule = models.CharField(max_length=120, blank=True)
    field = models.CharField(max_length=120, blank=True)
    message = models.TextField()  # in words for finance
    at = models.DateTimeField()

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(name="rule_warning_transaction", fields=["transaction_id"])]

    def __str__(self) -> str:
        return self.message


class RuleWaiver(models.Model):
    """A person's decision that a rule does not stop one version of one record. The next version is judged again."""

    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    record_id = models.UUIDField()  # the version
    rule = models.CharField(max_length=120)
    reason = models.TextField()
    made_by = models.CharField(max_length=100)  # actor reference
    made_at = models.DateTimeField(auto_now_add=True)

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="rule_waived_once", fields=["record_id", "rule"])]

    def __str__(self) -> str:
        return self.rule


class PostingPeriod(models.Model):
    """A period of a target's ledger, as last read: closed ones take no postings."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.CASCADE)
    starts_on = models.DateField()
    ends_on = models.DateField()
    closed = models.BooleanField(default=False)
    read_at = models.DateTimeField()

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="posting_period_once", fields=["connection", "legal_entity", "starts_on"]),
            models.CheckConstraint(
                name="posting_period_has_days", condition=models.Q(ends_on__gte=models.F("starts_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m}"
