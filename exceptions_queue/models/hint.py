"""What people have written for whoever meets a cause next. Rows never change: another hint takes the place of one."""

from django.db import models
from django.db.models import Q

from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet

LONGEST = 2000


class Scope(models.TextChoices):
    """For which causes a hint is meant, the narrowest first."""

    CAUSE = "cause", "only this cause"
    RULE = "rule", "the same rule on the same route"
    KIND = "kind", "every cause of this kind"


class Hint(models.Model):
    """A hint for one cause, one rule on one route, or one kind of cause, in one company or in all of them."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True)  # null: for all companies
    scope = models.CharField(max_length=5, choices=Scope)
    place = models.CharField(max_length=300)  # what it is about, as `hints.place_of` writes it
    about = models.CharField(max_length=300)  # the same in words
    text = models.TextField(blank=True)  # empty: the one before was taken away
    link = models.URLField(max_length=500, blank=True)  # where more stands, such as a page of the firm's handbook
    written_by = models.CharField(max_length=100)  # actor reference
    written_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)  # null: it is the one that counts

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["Hint"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="hint_once", fields=["place", "legal_entity"], condition=Q(replaced_at__isnull=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="hint_scope_is_known", condition=Q(scope__in=Scope.values)),
        ]  # fmt: skip
        indexes = [models.Index(name="hint_of_place", fields=["place", "-id"])]

    def __str__(self) -> str:
        return self.about
