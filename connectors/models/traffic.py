"""Rows that all workers of all machines share to keep a system's limits: slots, rates, tokens."""

from typing import ClassVar

from django.db import models

from connectors.models.connection import Connection
from governance.encrypted import EncryptedJSONField
from governance.scoping import EntityScopedQuerySet


class ConcurrencySlot(models.Model):
    """The right to have one request under way, leased to a worker. A dead worker's lease ends by itself."""

    entity_path = "connection__legal_entity"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="slots")
    budget = models.CharField(max_length=100, blank=True)  # of the manifest; empty: the connection's own
    number = models.PositiveSmallIntegerField()  # from 1
    worker = models.UUIDField(null=True)  # who holds it; empty: free
    leased_until = models.DateTimeField(null=True)

    objects = EntityScopedQuerySet["ConcurrencySlot"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "budget", "number"], name="concurrency_slot_once"),
            models.CheckConstraint(
                condition=models.Q(worker__isnull=True, leased_until__isnull=True)
                | models.Q(worker__isnull=False, leased_until__isnull=False),
                name="concurrency_slot_lease_has_holder_and_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection} {self.budget} {self.number}"


class RateBudget(models.Model):
    """A bucket of requests that fills with time, up to what one period allows."""

    entity_path = "connection__legal_entity"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="budgets")
    budget = models.CharField(max_length=100, blank=True)
    left = models.FloatField()  # requests that may be sent at `filled_at`
    filled_at = models.DateTimeField()

    objects = EntityScopedQuerySet["RateBudget"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "budget"], name="rate_budget_once"),
        ]

    def __str__(self) -> str:
        return f"{self.connection} {self.budget}"


class TokenCache(models.Model):
    """The token that a connection signs in with, and who is renewing it just now."""

    entity_path = "connection__legal_entity"

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="token", primary_key=True)
    values = EncryptedJSONField()
    seed = models.CharField(max_length=64, blank=True)  # fingerprint of the secrets that it was fetched with
    serial = models.PositiveBigIntegerField(default=0)  # raised by each renewal; 0: none yet
    expires_at = models.FloatField(null=True)  # epoch seconds at which to renew
    renewing_by = models.UUIDField(null=True)
    renewing_until = models.DateTimeField(null=True)  # a renewer that dies gives the others their turn after this

    objects = EntityScopedQuerySet["TokenCache"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(renewing_by__isnull=True, renewing_until__isnull=True)
                | models.Q(renewing_by__isnull=False, renewing_until__isnull=False),
                name="token_cache_renewal_has_holder_and_end",
            )
        ]

    def __str__(self) -> str:
        return f"token of {self.connection}"
