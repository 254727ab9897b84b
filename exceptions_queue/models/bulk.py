"""One action on many, as rows: a plan that says what would become of each member, and the run that does it.

The rows are the record that stays: who, what was chosen and how, what was planned, and what became of every member. A
worker that dies leaves nothing behind that the next one does not find here.
"""

from typing import Any

from django.db import models
from django.db.models import Q

from exceptions_queue.models.work_item import WorkItem
from governance.actor import Actor, ActorKind, By
from governance.models import LegalEntity
from governance.roles import Right
from governance.scoping import ALL, EntityScopedQuerySet, entity_ids

LOOSE: dict[str, Any] = {"on_delete": models.DO_NOTHING, "db_constraint": False, "db_index": False, "related_name": "+"}


class BulkState(models.TextChoices):
    """How far a bulk run is. The value is stored; the label is what people read."""

    PLANNING = "planning", "being planned"
    PLANNED = "planned", "planned"
    RUNNING = "running", "running"
    PAUSED = "paused", "paused"
    CANCELLING = "cancelling", "cancelled, some outcomes are still to come"
    CANCELLED = "cancelled", "cancelled"
    DONE = "done", "done"


OPEN = (BulkState.PLANNING, BulkState.PLANNED, BulkState.RUNNING, BulkState.PAUSED, BulkState.CANCELLING)


class Outcome(models.TextChoices):
    """What a plan expects of a member."""

    WILL = "will", "will be done"
    STOPS = "stops", "will be corrected, and stop again"
    APPROVAL = "approval", "needs approval"
    THERE = "there", "already there"
    LEFT_OUT = "left_out", "would be left out by the conditions"
    INVALID = "invalid", "still invalid"
    MISFIT = "misfit", "configuration does not fit"
    IMPOSSIBLE = "impossible", "not possible"


# What a run takes on; all others are left as they are.
TAKEN_ON = (Outcome.WILL, Outcome.STOPS, Outcome.APPROVAL, Outcome.THERE, Outcome.LEFT_OUT)


class Result(models.TextChoices):
    """What became of a member."""

    NONE = "", "not planned"
    WAITING = "waiting", "not yet begun"
    UNDER_WAY = "under_way", "on its way"
    DONE = "done", "done"
    FAILED = "failed", "failed again"
    SKIPPED = "skipped", "skipped"
    NOT_REACHED = "not_reached", "not reached"


class BulkRunQuerySet(EntityScopedQuerySet["BulkRun"]):
    """Bulk runs, asked in the domain's words."""

    def visible_to(self, by: By, right: Right = Right.VIEW) -> "BulkRunQuerySet":
        """Keep the runs that have members of a legal entity in which somebody has the right; each once."""
        ids = entity_ids(by, right, using=self.db)
        if ids is ALL:
            return self.all()
        of = BulkRun.legal_entities.through.objects.filter(legalentity_id__in=ids).values("bulkrun_id")
        return self.filter(pk__in=of)


class BulkRun(models.Model):
    """One action on many: its plan, and how far it is."""

    number = models.BigAutoField(primary_key=True)  # as people call it
    legal_entities = models.ManyToManyField(LegalEntity, related_name="+")  # of its members
    choice = models.CharField(max_length=24)  # what is done, as the addresses of single remedies name it
    title = models.TextField(blank=True)  # … and in words, as it was planned
    typed = models.JSONField(default=dict)  # what was typed for it
    reason = models.TextField(blank=True)
    selected = models.JSONField(default=dict)  # how the members were chosen, for planning anew
    selected_words = models.TextField(blank=True)
    left_out = models.TextField(blank=True)  # in words: what was chosen and is not in the plan, and why
    actor_kind = models.CharField(max_length=6)  # who planned it, and in whose name it runs
    actor_id = models.CharField(max_length=200)
    actor_name = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=BulkState, default=BulkState.PLANNING)
    state_reason = models.TextField(blank=True)  # why it is paused or was cancelled
    chosen = models.PositiveIntegerField(default=0)  # members, planned or not
    judged = models.PositiveIntegerField(default=0)  # members of which the plan says what would become of them
    planned = models.PositiveIntegerField(default=0)  # members that the run takes on
    snapshots = models.JSONField(default=dict)  # the configuration that was planned with: snapshot by route
    plan_hash = models.CharField(max_length=64, blank=True)  # of members, versions, states, outcomes, what is done
    canary = models.PositiveSmallIntegerField(default=0)  # members that go first, 0 for none
    canary_passed = models.BooleanField(default=False)
    pace = models.PositiveIntegerField()  # members in a minute, at most
    paced_from = models.DateTimeField(null=True)  # since when the pace is measured …
    paced = models.PositiveIntegerField(default=0)  # … and how many were begun since
    second_person = models.TextField(blank=True)  # why another person has to approve it; empty when nobody has to
    approved_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 - half of a who/when pair; actor reference
    approved_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # when a worker looks at it; null: it waits for a person
    lease_owner = models.UUIDField(null=True)  # the worker that has it
    lease_until = models.DateTimeField(null=True)  # by the database's clock

    entity_path = "legal_entities"
    objects = BulkRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="bulk_run_due", fields=["due_at"], condition=Q(due_at__isnull=False)),
            models.Index(name="bulk_run_by_person", fields=["actor_id", "-number"]),
            models.Index(name="bulk_run_made", fields=["-made_at"]),
        ]
        constraints = [
            models.CheckConstraint(name="bulk_run_state_is_known", condition=Q(state__in=BulkState.values)),
            models.CheckConstraint(
                name="bulk_run_approved_pair",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="bulk_run_ends",
                condition=Q(state__in=["done", "cancelled"], ended_at__isnull=False)
                | ~Q(state__in=["done", "cancelled"]) & Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Bulk run {self.number}"

    @property
    def actor(self) -> Actor:
        """Return who planned it."""
        return Actor(ActorKind(self.actor_kind), self.actor_id, self.actor_name)

    def places(self) -> list[int]:
        """Return the ids of the legal entities that its members are of. One query."""
        return list(self.legal_entities.values_list("pk", flat=True))

    @property
    def is_over(self) -> bool:
        """Return whether nothing comes any more."""
        return self.state in (BulkState.DONE, BulkState.CANCELLED)


class BulkMember(models.Model):
    """One member of a bulk run: what it was when it was planned, what was expected of it, and what became of it."""

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="members", db_index=False)
    position = models.PositiveIntegerField()  # in the order in which they are taken on
    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    item = models.ForeignKey[WorkItem, WorkItem](WorkItem, **LOOSE)
    failure_id = models.UUIDField(null=True)  # null: the item itself is meant
    record_id = models.UUIDField(null=True)
    transaction_id = models.UUIDField(null=True)
    route_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=200, blank=True)  # as people know it
    version = models.CharField(max_length=90, blank=True)  # of the record; of an item, its last event
    stood = models.CharField(max_length=16, blank=True)  # the state in which it was planned
    # Of the corrections that held for its record then; empty: an earlier release did not keep it.
    corrected = models.CharField(max_length=32, blank=True, default="", db_default="")
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)  # empty until it is judged
    why = models.TextField(blank=True)  # in words, where the outcome does not say it all
    second_person = models.TextField(  # in words: the policies that ask a second person because of it
        blank=True, default="", db_default=""
    )
    goes_first = models.BooleanField(default=False)  # one of those that are tried before the rest
    result = models.CharField(max_length=12, choices=Result, blank=True, default=Result.NONE)
    ended_as = models.CharField(max_length=60, blank=True)  # how, in a few words by which they are counted: posted
    ended = models.TextField(blank=True)  # … and what is said of this one
    ended_at = models.DateTimeField(null=True)
    stopped_as = models.UUIDField(null=True)  # the new failure of what failed again: it keeps the run's number

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["BulkMember"].as_manager()

    class Meta:
        indexes = [
            models.Index(name="bulk_member_result", fields=["run", "result", "position"]),
            models.Index(name="bulk_member_under_way", fields=["run"], condition=Q(result="under_way")),
            models.Index(name="bulk_member_stopped", fields=["stopped_as"], condition=Q(stopped_as__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(name="bulk_member_place", fields=["run", "position"]),
            models.UniqueConstraint(
                name="bulk_member_once", fields=["run", "item", "failure_id"], nulls_distinct=False
            ),
            models.CheckConstraint(name="bulk_member_outcome", condition=Q(outcome__in=["", *Outcome.values])),
            models.CheckConstraint(name="bulk_member_result_known", condition=Q(result__in=Result.values)),
        ]

    def __str__(self) -> str:
        return self.key


class BulkEdit(models.Model):
    """A field of a member's record that a sheet says has another value."""

    member = models.ForeignKey(BulkMember, on_delete=models.CASCADE, related_name="edits", db_index=False)
    field = models.CharField(max_length=80)
    value = models.CharField(max_length=2000, blank=True)  # as a person types it; empty: the field is emptied
    was = models.TextField(blank=True)  # in the same form, as it stood when the plan was made
    seen_until = models.BigIntegerField()  # the newest correction that whoever took the sheet saw

    entity_path = "member__legal_entity"
    objects = EntityScopedQuerySet["BulkEdit"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="bulk_edit_once", fields=["member", "field"])]

    def __str__(self) -> str:
        return f"{self.member_id} {self.field}"
