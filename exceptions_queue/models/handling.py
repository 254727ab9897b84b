"""What people attach to an item while they see to it: labels, remarks, and who wants to hear of it."""

from django.db import models

from exceptions_queue.models.work_item import WorkItem
from governance.models import User
from governance.scoping import EntityScopedQuerySet

LONGEST_TAG = 40


class WorkItemTag(models.Model):
    """A word by which people find items again."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=LONGEST_TAG)  # small letters, digits, hyphens

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["WorkItemTag"].as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(name="work_item_tag_once", fields=["name", "item"])]

    def __str__(self) -> str:
        return self.name


class WorkItemWatcher(models.Model):
    """Somebody who keeps an eye on an item."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="watchers")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["WorkItemWatcher"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="work_item_watcher_once", fields=["user", "item"])]

    def __str__(self) -> str:
        return f"{self.user}"


class WorkItemComment(models.Model):
    """A remark on an item. Written once, never changed: others may have acted on it."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="comments")
    at = models.DateTimeField()
    author_kind = models.CharField(max_length=6)  # actor, as in the history: it outlives the account
    author_id = models.CharField(max_length=200)
    author_name = models.CharField(max_length=200)
    text = models.TextField()
    mentioned = models.ManyToManyField(User, related_name="+", blank=True)

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["WorkItemComment"].as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text
