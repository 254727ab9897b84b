"""What people say about which causes belong together: merges, splits, and rules for what is to come."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from canonical.failure import CATEGORIES, Category
from connectors.models import Connection
from exceptions_queue.models.work_item import WorkItem
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet


class Merge(models.Model):
    """Word that an item's cause belongs to another item until somebody takes it apart again."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="merges")  # whose cause it is
    into = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="merged")  # that holds it
    fingerprint = models.CharField(max_length=64)  # of the one
    cause = models.CharField(max_length=64)  # fingerprint of the other
    brought = ArrayField(models.CharField(max_length=64), default=list)  # own fingerprints of what came with it
    moved = models.PositiveIntegerField(default=0)  # members that came with it
    reason = models.CharField(max_length=500)
    made_by = models.CharField(max_length=100)  # actor reference
    made_at = models.DateTimeField()
    ended_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 - half of a who/when pair; actor reference
    ended_at = models.DateTimeField(null=True)

    entity_path = "into__legal_entity"
    objects = EntityScopedQuerySet["Merge"].as_manager()

    class Meta:
        indexes = [models.Index(name="merge_by_cause", fields=["cause"], condition=Q(ended_at__isnull=True))]
        constraints = [
            models.UniqueConstraint(name="merged_into_one", fields=["fingerprint"], condition=Q(ended_at__isnull=True)),
            models.CheckConstraint(name="merged_with_another", condition=~Q(fingerprint=F("cause"))),
            models.CheckConstraint(
                name="merge_ended_pair",
                condition=Q(ended_by__isnull=True, ended_at__isnull=True)
                | Q(ended_by__isnull=False, ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} into {self.into_id}"


class SplitMember(models.Model):
    """A record whose failures of one cause belong to an item that was split off for it."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="split_members")  # that was split off
    cause = models.CharField(max_length=64)  # its fingerprint
    fingerprint = models.CharField(max_length=64)  # own one of the record's failures
    route_id = models.BigIntegerField()
    key = models.CharField(max_length=200)  # at the source: a later version of the record is the same member

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["SplitMember"].as_manager()

    class Meta:
        indexes = [models.Index(name="split_member_item", fields=["item"])]
        constraints = [models.UniqueConstraint(name="split_member_once", fields=["fingerprint", "route_id", "key"])]

    def __str__(self) -> str:
        return self.key


class GroupingRule(models.Model):
    """What causes of one legal entity have to agree in to be one item: a merge that was kept, for those to come."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    category = models.CharField(max_length=20, choices=[(c.value, CATEGORIES[c].title) for c in Category])
    connection = models.ForeignKey(Connection, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    route_id = models.BigIntegerField(null=True, blank=True)  # loose, as of an item
    table = models.CharField(max_length=80, blank=True)  # the table or entity that lacks a key
    field = models.CharField(max_length=120, blank=True)  # the failing field
    rule = models.CharField(max_length=120, blank=True)
    words = models.CharField(max_length=200, blank=True)  # a part of what the failure says; large and small alike
    # Fields (entity.field) hidden from who kept it: its words are not looked for in what is told of them; null: none.
    unseen = ArrayField(models.CharField(max_length=200), null=True)
    cause = models.CharField(max_length=64)  # fingerprint of the item that gathers
    reason = models.CharField(max_length=500)
    made_by = models.CharField(max_length=100)  # actor reference
    made_at = models.DateTimeField()
    hits = models.PositiveIntegerField(default=0)  # failures that it has brought together
    hit_at = models.DateTimeField(null=True)  # the last time

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["GroupingRule"].as_manager()

    class Meta:
        verbose_name = "grouping rule"
        ordering = ["legal_entity", "name"]
        constraints = [
            models.UniqueConstraint(name="grouping_rule_name_once", fields=["legal_entity", "name"]),
            models.CheckConstraint(
                name="grouping_rule_category_is_known", condition=Q(category__in=[each.value for each in Category])
            ),
            models.CheckConstraint(  # else all of a kind would be one
                name="grouping_rule_says_more_than_the_kind",
                condition=Q(connection__isnull=False) | Q(route_id__isnull=False) | ~Q(table="") | ~Q(field="")
                | ~Q(rule="") | ~Q(words=""),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name
