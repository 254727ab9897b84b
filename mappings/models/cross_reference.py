"""Cross-references: which id in one system is which record of ours. Kept by the hub, written in sets."""

from typing import ClassVar

from django.db import models

from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet


class CrossReference(models.Model):
    """One record of ours and its id at one connection. Unique both ways."""

    entity = models.CharField(max_length=40)  # "project"
    connection_id = models.BigIntegerField()  # the connection's row; no foreign key, it must outlive the connection
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)
    canonical_key = models.CharField(max_length=200)  # our key as text
    external_id = models.CharField(max_length=200)  # the system's own id
    reference = models.CharField(max_length=200, blank=True)  # what people see there: a document number
    recorded_at = models.DateTimeField()  # when we learned it, or learned it anew

    objects = EntityScopedQuerySet["CrossReference"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection_id", "entity", "canonical_key"], name="cross_reference_one_external_id"
            ),
            models.UniqueConstraint(
                fields=["connection_id", "entity", "external_id"], name="cross_reference_one_canonical_key"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["reference"], condition=~models.Q(reference=""), name="cross_reference_by_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.canonical_key} = {self.external_id}"
