"""People's corrections of single fields, and what became of each at every later version of its record."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from routes.models.configuration import Route


class Ended(models.TextChoices):
    """How a correction has ended."""

    SOURCE_AGREES = "source_agrees", "the source says the same by now"
    SOURCE_DISAGREES = "source_disagrees", "the source said something else"  # an earlier release ended it then
    SOURCE_TAKEN = "source_taken", "what the source says was taken instead"
    REPLACED = "replaced", "another correction stands in its place"
    WITHDRAWN = "withdrawn", "taken back"


class OverlayQuerySet(EntityScopedQuerySet["Overlay"]):
    """Corrections, as lists ask for them."""

    def open(self) -> "OverlayQuerySet":
        """Keep those that have not ended."""
        return self.filter(ended_at__isnull=True)

    def returned(self) -> "OverlayQuerySet":
        """Keep those that the source contradicts: somebody has to decide."""
        return self.filter(ended_at__isnull=True, returned_at__isnull=False)


class Overlay(models.Model):
    """A person's correction of one canonical field of one business key; compared with later source versions."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    route = models.ForeignKey(Route, on_delete=models.PROTECT)
    key = models.CharField(max_length=200)
    field = models.CharField(max_length=80)
    value = models.JSONField(null=True)
    source_value = models.JSONField(null=True)  # what the source said when the correction was made
    reason = models.TextField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    made_at = models.DateTimeField(auto_now_add=True)
    returned_at = models.DateTimeField(null=True)  # since when the source contradicts it; it does not count until then
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(max_length=20, blank=True, choices=Ended)
    emergency = models.BigIntegerField(null=True)  # number of the emergency mode in which it was made

    entity_path = "legal_entity"
    objects = OverlayQuerySet.as_manager()

    class Meta:
        verbose_name = "correction"
        indexes = [
            models.Index(name="overlay_open", fields=["-id"], condition=Q(ended_at__isnull=True)),
            models.Index(name="overlay_of_key", fields=["route", "key"]),
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_open_overlay_per_field", fields=["route", "key", "field"], condition=Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.field}"

    @property
    def is_open(self) -> bool:
        """Return whether it has not ended."""
        return self.ended_at is None


class Happened(models.TextChoices):
    """What happened to a correction."""

    MADE = "made", "made"
    KEPT = "kept", "kept"  # a newer version said what the source had said before
    RETURNED = "returned", "returned to a person"  # … something else
    RESUMED = "resumed", "in force again"  # … what it had said before, after it had said something else
    AGREED = "agreed", "ended: the source agrees"
    TAKEN = "taken", "ended: the source was taken"
    REPLACED = "replaced", "ended: replaced"
    WITHDRAWN = "withdrawn", "ended: taken back"


class OverlayEvent(models.Model):
    """One thing that happened to a correction: when, at which version, by whom. Written once, never changed."""

    overlay = models.ForeignKey(Overlay, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    what = models.CharField(max_length=10, choices=Happened)
    said = models.JSONField(null=True)  # what the source said then
    version = models.CharField(max_length=90, blank=True)  # of the record, as the source orders its versions
    actor_kind = models.CharField(max_length=6)  # person, rule, engine
    actor_id = models.CharField(max_length=200)
    actor_name = models.CharField(max_length=200)
    reason = models.TextField(blank=True)

    entity_path = "overlay__legal_entity"
    objects = EntityScopedQuerySet["OverlayEvent"].as_manager()

    class Meta:
        verbose_name = "history of a correction"
        constraints = [
            models.CheckConstraint(name="overlay_event_is_known", condition=Q(what__in=Happened.values)),
            models.CheckConstraint(
                name="overlay_event_has_actor", condition=Q(actor_kind__in=["person", "rule", "engine"])
            ),
        ]

    def __str__(self) -> str:
        return self.what
