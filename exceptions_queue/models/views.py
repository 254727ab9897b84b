"""Lists that people keep: a line with its columns and order, for oneself or for all who see a legal entity."""

from typing import Self

from django.db import models
from django.db.models import Q

from exceptions_queue.query.line import LONGEST
from governance.actor import By
from governance.models import LegalEntity, User
from governance.roles import Right
from governance.scoping import EntityScopedQuerySet


class SavedViewQuerySet(EntityScopedQuerySet["SavedView"]):
    """Saved views, asked in the domain's words."""

    def visible_to(self, by: By, right: Right = Right.VIEW) -> Self:
        """Keep somebody's own, and those shared in the legal entities in which they have the right."""
        shared = super().visible_to(by, right).filter(owner__isnull=True)
        return (shared | self.filter(owner=by)) if isinstance(by, User) else shared


class SavedView(models.Model):
    """A list that somebody keeps under a name. It says what to show, never whether somebody may see it."""

    owner = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")  # of a view of one's own
    legal_entity = models.ForeignKey(  # with whose people it is shared
        LegalEntity, null=True, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(max_length=60)
    line = models.CharField(max_length=LONGEST, blank=True)
    sort = models.CharField(max_length=10, blank=True)  # a name of `columns.SORTS`; "": the usual one
    columns = models.CharField(max_length=300, blank=True)  # names of `columns.COLUMNS` with commas; "": one's usual
    version = models.PositiveIntegerField(default=1)  # one more with each change
    changed_by = models.CharField(max_length=100)  # actor reference
    changed_at = models.DateTimeField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="saved_view_is_ones_own_or_shared",
                condition=Q(owner__isnull=True, legal_entity__isnull=False)
                | Q(owner__isnull=False, legal_entity__isnull=True),
            ),
            models.UniqueConstraint(
                name="saved_view_name_once", fields=["owner", "legal_entity", "name"], nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ListColumns(models.Model):
    """Which columns somebody wants to see of a list, in their order."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    view = models.CharField(max_length=30, blank=True)  # as addresses name it; "": every list without an own choice
    columns = models.CharField(max_length=300)  # names of `columns.COLUMNS` with commas

    entity_global = "a person's own choice, which says nothing of any company"

    class Meta:
        constraints = [models.UniqueConstraint(name="list_columns_once", fields=["user", "view"])]

    def __str__(self) -> str:
        return self.columns
