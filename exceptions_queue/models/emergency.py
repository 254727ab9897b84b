"""Emergency mode: who worked without a second person, why, until when, and what one said of each deed afterwards."""

from datetime import timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from exceptions_queue.models.approvals import Deed
from exceptions_queue.models.work_item import WorkItem
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet

LONGEST = timedelta(hours=4)  # that a mode lasts


class Emergency(models.Model):
    """Somebody works in emergency mode in one company until a time, or until they end it."""

    number = models.BigAutoField(primary_key=True)  # as people call it
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    opened_by = models.CharField(max_length=100)  # actor reference; for themselves, never for others
    opened_by_name = models.CharField(max_length=200)
    opened_at = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.TextField()
    ended_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 - half of a who/when pair; actor reference
    ended_at = models.DateTimeField(null=True)  # by hand; null where it runs until its time, or ran out

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["Emergency"].as_manager()

    class Meta:
        verbose_name = "emergency mode"
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [models.Index(name="emergency_of_person", fields=["opened_by", "legal_entity", "-until"])]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="emergency_is_bounded", condition=Q(until__gt=F("opened_at"), until__lte=F("opened_at") + LONGEST)
            ),
            models.CheckConstraint(
                name="emergency_ended_pair",
                condition=Q(ended_by__isnull=True, ended_at__isnull=True)
                | Q(ended_by__isnull=False, ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"emergency mode {self.number}"


class Review(models.TextChoices):
    """What a second person said of a deed. The value is stored; the label is what people read."""

    WAITING = "waiting", "waits for its review"
    CONFIRMED = "confirmed", "confirmed"
    OBJECTED = "objected", "objected to"


class EmergencyDeed(models.Model):
    """One thing done in emergency mode that would have needed a second person, or could not have been done at all."""

    number = models.BigAutoField(primary_key=True)  # as people call it
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    emergency = models.ForeignKey(Emergency, on_delete=models.PROTECT, related_name="deeds")
    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="emergency_deeds")
    deed = models.CharField(max_length=20, choices=Deed)
    lifted = models.TextField()  # in words: what was not asked for, or not kept to
    failures = ArrayField(models.UUIDField())  # the members that were meant
    differences = models.JSONField(default=list)  # what was changed: field, before, after, how many
    amounts = models.CharField(max_length=200, blank=True)  # in words: what the members came to
    reason = models.TextField()  # of the deed itself
    channel = models.CharField(max_length=20, blank=True)  # page, api; as in the audit trail
    made_at = models.DateTimeField()
    review_by = models.DateTimeField()  # end of the next business day of the company
    review = models.CharField(max_length=10, choices=Review, default=Review.WAITING)
    reviewed_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 - half of a who/when pair; actor reference
    reviewed_by_name = models.CharField(max_length=200, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)  # of whoever reviewed it

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["EmergencyDeed"].as_manager()

    class Meta:
        verbose_name = "deed in emergency mode"
        verbose_name_plural = "deeds in emergency mode"
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            models.Index(name="emergency_deed_waits", fields=["review_by"], condition=Q(review="waiting")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(name="emergency_deed_review_is_known", condition=Q(review__in=Review.values)),
            models.CheckConstraint(
                name="emergency_deed_reviewed_pair",
                condition=Q(review="waiting", reviewed_by__isnull=True, reviewed_at__isnull=True)
                | ~Q(review="waiting") & Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"deed {self.number} in emergency mode {self.emergency_id}"
