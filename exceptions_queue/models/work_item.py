"""One cause that a person must deal with. Its members are the failures with its fingerprint, which `routes` keeps."""

from django.db import models
from django.db.models import Q

from canonical.failure import Category
from connectors.models import Connection
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from routes.models import Failure


class State(models.TextChoices):
    """How far the work is. The value is stored; the label is what people read."""

    NEW = "new", "new"
    TRIAGED = "triaged", "looked at"
    IN_PROGRESS = "in_progress", "being worked on"
    WAITING = "waiting", "waiting"
    PENDING_APPROVAL = "pending_approval", "waiting for approval"
    RESUBMITTED = "resubmitted", "sent again"
    RESOLVED = "resolved", "resolved"


class Resolution(models.TextChoices):
    """How a work item ended. What the hub found by itself is kept apart from what people did."""

    FIXED = "fixed", "fixed, everything is posted"
    PASSED_ON = "passed_on", "went on, and part of it stopped for another cause"
    WAIVED = "waived", "will not be delivered: a person decided"
    NEWER_VERSION = "auto:newer_version", "by itself: a newer version arrived"
    RETRY_SUCCEEDED = "auto:retry_succeeded", "by itself: a later try succeeded"
    PARENT_ARRIVED = "auto:parent_arrived", "by itself: what it waited for arrived"
    SOURCE_WITHDRAWN = "auto:source_withdrawn", "by itself: the source took it back"


class RootCause(models.TextChoices):
    """Where the cause was put right."""

    SOURCE = "source", "in the source system"
    MAPPING = "mapping", "in a table, mapping or cross-reference"
    TRANSACTION = "transaction", "in the record itself, by a correction"
    TARGET = "target", "in the target system"
    NO_ACTION = "no_action", "nowhere"


class WorkItemQuerySet(EntityScopedQuerySet["WorkItem"]):
    """Work items, asked in the domain's words."""

    def open(self) -> "WorkItemQuerySet":
        """Keep what is not resolved."""
        return self.exclude(state=State.RESOLVED)

    def waiting(self) -> "WorkItemQuerySet":
        """Keep what goes on by itself once something arrives."""
        return self.filter(state=State.WAITING)

    def by_money(self) -> "WorkItemQuerySet":
        """Order by what is at stake: an unknown amount may be any amount and comes first, then the oldest."""
        return self.order_by(models.F("amount").desc(nulls_first=True), "first_seen", "number")


class WorkItem(models.Model):
    """One cause in one legal entity. People act on it; only the engine changes the transactions it holds."""

    number = models.BigAutoField(primary_key=True)  # as people call it
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    fingerprint = models.CharField(max_length=64)  # what makes two failures the same cause
    category = models.CharField(max_length=20, choices=[(c.value, c.value) for c in Category])
    route_id = models.BigIntegerField(null=True)  # where it was first seen
    connection = models.ForeignKey(  # loose: it may go before the item does, and must not stop it
        Connection, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    entity = models.CharField(max_length=40, blank=True)  # canonical entity of its members
    field = models.CharField(max_length=120, blank=True)  # the failing field
    rule = models.CharField(max_length=120, blank=True)
    table = models.CharField(max_length=80, blank=True)  # the table or entity that lacks the key
    table_key = models.JSONField(null=True)  # list of the key's columns
    title = models.CharField(max_length=300)  # in words: what is missing or wrong
    cause = models.TextField()  # in words for finance, as the oldest member tells it
    accepted = models.CharField(max_length=250, blank=True)
    hint = models.TextField(blank=True)
    about = models.JSONField(default=dict)  # client, project, worker, period: what all members share
    owner = models.CharField(max_length=60)  # the team or role that looks at it first
    assignee = models.CharField(max_length=100, blank=True)  # who took it; actor reference
    state = models.CharField(max_length=16, choices=State, default=State.NEW)
    waiting_on = models.CharField(max_length=200, blank=True)  # in words: "project P-881"
    members = models.PositiveIntegerField(default=0)  # failures open now
    seen = models.PositiveIntegerField(default=0)  # failures ever
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)  # largest sum of one currency; for order
    currency = models.CharField(max_length=3, blank=True)
    hours = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    without_amount = models.PositiveIntegerField(default=0)  # open members whose amount nobody knows
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    opened_at = models.DateTimeField()  # of this episode: a cause that comes back is opened again
    reopened = models.PositiveIntegerField(default=0)
    resolution = models.CharField(max_length=24, choices=Resolution, blank=True)
    root_cause = models.CharField(max_length=12, choices=RootCause, blank=True)
    resolved_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 - half of a who/when pair; actor reference
    resolved_at = models.DateTimeField(null=True)

    entity_path = "legal_entity"
    objects = WorkItemQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                models.F("amount").desc(nulls_first=True), "first_seen", "number",
                name="work_item_by_money", condition=~Q(state="resolved"),
            ),
            models.Index(name="work_item_fingerprint", fields=["fingerprint", "-number"]),
            models.Index(name="work_item_resolved", fields=["-resolved_at"], condition=Q(state="resolved")),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                name="one_open_work_item_per_cause", fields=["fingerprint"], condition=~Q(state="resolved")
            ),
            models.CheckConstraint(name="work_item_state_is_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="work_item_resolved_pair",
                condition=Q(resolved_by__isnull=True, resolved_at__isnull=True)
                | Q(resolved_by__isnull=False, resolved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="work_item_resolved_has_code",
                condition=Q(state="resolved", resolved_at__isnull=False, resolution__in=Resolution.values)
                | ~Q(state="resolved") & Q(resolved_at__isnull=True, resolution=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def is_open(self) -> bool:
        """Return whether somebody still has to see to it."""
        return self.state != State.RESOLVED

    def failures(self) -> "models.QuerySet[Failure]":
        """Return the members that are open now."""
        return Failure.objects.filter(fingerprint=self.fingerprint, closed_at__isnull=True)


class WorkItemAmount(models.Model):
    """What an item's open members amount to, one row for each currency."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="amounts")
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=20, decimal_places=4)

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["WorkItemAmount"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="work_item_amount_once", fields=["item", "currency"])]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class WorkItemEvent(models.Model):
    """One thing that happened to an item: who, when, from, to, why. Written once, never changed."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=6)  # person, rule, engine
    actor_id = models.CharField(max_length=200)
    actor_name = models.CharField(max_length=200)
    verb = models.CharField(max_length=24)  # opened, reopened, resubmitted, corrected, resolved …
    from_state = models.CharField(max_length=16, blank=True)
    to_state = models.CharField(max_length=16)
    reason = models.TextField(blank=True)

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["WorkItemEvent"].as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="work_item_event_has_actor", condition=Q(actor_kind__in=["person", "rule", "engine"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb}"
