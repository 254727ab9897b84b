"""One cause that a person must deal with. Its members are the failures with its fingerprint, which `routes` keeps."""

from functools import cached_property
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from canonical.failure import Category
from connectors.models import Connection
from governance.actor import as_actor
from governance.models import LegalEntity, User
from governance.scoping import EntityScopedQuerySet
from routes.models import Failure, Route, Snapshot


class State(models.TextChoices):
    """How far the work is. The value is stored; the label is what people read."""

    NEW = "new", "new"
    TRIAGED = "triaged", "looked at"
    IN_PROGRESS = "in_progress", "being worked on"
    WAITING = "waiting", "waiting"
    SNOOZED = "snoozed", "put aside"
    PENDING_APPROVAL = "pending_approval", "waiting for approval"
    RESUBMITTED = "resubmitted", "sent again"
    RESOLVED = "resolved", "resolved"


class Resolution(models.TextChoices):
    """How a work item ended. What the hub found by itself is kept apart from what people did."""

    FIXED = "fixed", "fixed, everything is posted"
    PASSED_ON = "passed_on", "went on, and not all of it is posted"
    WAIVED = "waived", "will not be delivered: a person decided"
    NO_ACTION = "no_action", "closed without action: a person decided"
    DUPLICATE = "duplicate", "the same as another one"
    ELSEWHERE = "elsewhere", "done by hand in the target system: a person said so"
    MERGED = "merged", "merged into another one, which holds it now"
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


class CauseCode(models.TextChoices):
    """Why it came to it, as people say it once they know."""

    MISSING_DATA = "missing_data", "master data were missing"
    LATE = "late", "it came too late"
    WRONG_ENTRY = "wrong_entry", "wrongly entered at the source"
    WRONG_SETUP = "wrong_setup", "a mapping, table or rule was wrong"
    NOT_AGREED = "not_agreed", "a contract or rate was not agreed yet"
    NO_RIGHT = "no_right", "a right or an approval was missing"
    OUTAGE = "outage", "a system was down, or its access had ended"
    TARGET_CHANGED = "target_changed", "the target system was changed"
    HUB = "hub", "an error of the hub"
    OTHER = "other", "something else"


UNKNOWN_FIRST = 1_000  # added to the rank of what nobody knows the worth of

WHOSE = [
    ("mine", "Mine"),
    ("nobody", "Nobody's"),
    ("watched", "Watched by me"),
    ("mentioned", "With a remark for me"),
]


class WorkItemQuerySet(EntityScopedQuerySet["WorkItem"]):
    """Work items, asked in the domain's words."""

    def open(self) -> "WorkItemQuerySet":
        """Keep what is not resolved."""
        return self.exclude(state=State.RESOLVED)

    def waiting(self) -> "WorkItemQuerySet":
        """Keep what goes on by itself once something arrives."""
        return self.filter(state=State.WAITING)

    def whose(self, whose: str, user: User) -> "WorkItemQuerySet":
        """Keep somebody's own, nobody's, those that they watch, or those with a remark for them (see WHOSE)."""
        if whose == "nobody":
            return self.filter(assignee="")
        if whose == "watched":
            return self.filter(watchers__user=user)
        if whose == "mentioned":
            return self.filter(comments__mentioned=user).distinct()
        return self.filter(assignee=as_actor(user).reference)

    def by_money(self) -> "WorkItemQuerySet":
        """Order by money and deadline: an unknown amount may be any amount and comes first, then by priority, then
        what is due first, then the oldest.
        """
        return self.order_by("-rank", models.F("due_at").asc(nulls_last=True), "number")

    def by_age(self, *, newest_first: bool) -> "WorkItemQuerySet":
        """Order by when it was first seen."""
        return self.order_by("-first_seen", "-number") if newest_first else self.order_by("first_seen", "number")


class WorkItem(models.Model):
    """One cause in one legal entity. People act on it; only the engine changes the transactions it holds."""

    number = models.BigAutoField(primary_key=True)  # as people call it
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    fingerprint = models.CharField(max_length=64)  # what makes two failures the same cause
    fingerprint_version = models.SmallIntegerField(default=1, db_default=1)  # see routes.fingerprints
    gathers = models.BooleanField(default=False, db_default=False)  # whether it holds, or held, more than one cause
    split_from = models.ForeignKey(  # loose, as duplicate_of
        "self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="split_off"
    )
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
    owner = models.CharField(max_length=60)  # the team that looks at it first, by name; never empty
    assignee = models.CharField(max_length=100, blank=True)  # who took it or was given it; actor reference
    placed_by = models.CharField(max_length=100, blank=True)  # who gave it or gave it back: rules leave it alone then
    routed_rule = models.BigIntegerField(null=True)  # the routing rule by which it came there; null: none
    routed_why = models.TextField(blank=True)  # in words: why it came to its team or person
    routed_worth = models.DecimalField(max_digits=20, decimal_places=4, null=True)  # its worth at that moment
    routed_at = models.DateTimeField(null=True)  # null: no rule was asked yet
    state = models.CharField(max_length=16, choices=State, default=State.NEW)
    waiting_on = models.CharField(max_length=200, blank=True)  # in words: "project P-881"
    came_from = models.CharField(max_length=16, choices=State, blank=True)  # state to return to, of one put aside
    wakes_at = models.DateTimeField(null=True)  # when one that waits or is put aside comes back by itself
    wakes_above = models.PositiveIntegerField(null=True)  # … once it holds more than so many
    wakes_above_amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)  # … or a sum is above this
    duplicate_of = models.ForeignKey(  # loose: items are never deleted, and the table is not to be locked for it
        "self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="duplicates"
    )
    members = models.PositiveIntegerField(default=0)  # failures open now
    seen = models.PositiveIntegerField(default=0)  # failures ever
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)  # largest sum of one currency
    currency = models.CharField(max_length=3, blank=True)
    # What all of them amount to in the reporting currency, by the rates of their days; null: unknown. See `reckoning`.
    worth = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    worth_once = models.DecimalField(  # of that, what no other open item counts: sums over many items add this
        max_digits=20, decimal_places=4, null=True
    )
    worth_currency = models.CharField(max_length=3, blank=True)
    worth_lacks = models.CharField(max_length=200, blank=True)  # the rate that is missing: "USD to EUR on 2026-10-05"
    due_at = models.DateTimeField(null=True)  # the earliest deadline of any member; null: none that the hub knows of
    due_key = models.CharField(max_length=120, blank=True)  # names it in addresses
    due_of = models.CharField(max_length=300, blank=True)  # what is due then, in words
    due_bills = models.BooleanField(default=False)  # whether that is a billing run
    priority = models.SmallIntegerField(default=0)  # 0 to 100: as set by a person, else worked out
    priority_set = models.SmallIntegerField(null=True)  # what a person has set
    priority_set_by = models.CharField(max_length=100, blank=True)  # actor reference
    priority_reason = models.CharField(max_length=500, blank=True)  # why it was set
    rank = models.SmallIntegerField(default=UNKNOWN_FIRST)  # the priority, above all others while worth is unknown
    reckoned_at = models.DateTimeField(null=True)  # when worth, deadline and priority were last worked out
    hours = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    without_amount = models.PositiveIntegerField(default=0)  # open members whose amount nobody knows
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    opened_at = models.DateTimeField()  # of this episode: a cause that comes back is opened again
    reopened = models.PositiveIntegerField(default=0)
    resolution = models.CharField(max_length=24, choices=Resolution, blank=True)
    root_cause = models.CharField(max_length=12, choices=RootCause, blank=True)
    cause_code = models.CharField(max_length=16, choices=CauseCode, blank=True, default="", db_default="")
    finding = models.TextField(blank=True, default="", db_default="")  # what people found, for the next time
    rule_candidate = models.BooleanField(default=False, db_default=False)  # whether a rule could do it next time
    resolved_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 - half of a who/when pair; actor reference
    resolved_at = models.DateTimeField(null=True)

    # Of one that gathers: only what has this fingerprint of its own is meant, and what that is in words. Never stored.
    part: str | None = None
    part_holds = ""

    entity_path = "legal_entity"
    objects = WorkItemQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                models.F("rank").desc(), models.F("due_at").asc(nulls_last=True), "number",
                name="work_item_by_rank", condition=~Q(state="resolved"),
            ),
            models.Index(name="work_item_due", fields=["due_key"], condition=~Q(state="resolved")),
            models.Index(
                models.F("reckoned_at").asc(nulls_first=True), name="work_item_reckoned", condition=~Q(state="resolved")
            ),
            models.Index(
                Coalesce("worth_once", "worth").desc(), "number", name="work_item_by_worth",
                condition=~Q(state="resolved"),
            ),
            models.Index(name="work_item_by_age", fields=["first_seen", "number"], condition=~Q(state="resolved")),
            models.Index(name="work_item_fingerprint", fields=["fingerprint", "-number"]),
            models.Index(
                name="work_item_wakes", fields=["wakes_at"],
                condition=Q(state__in=["waiting", "snoozed"], wakes_at__isnull=False),
            ),
            GinIndex(  # keys that are missing, and what all members share: exactly, one value of a list or object
                name="work_item_table_key", fields=["table_key"], opclasses=["jsonb_path_ops"],
                condition=~Q(state="resolved"),
            ),
            GinIndex(
                name="work_item_about", fields=["about"], opclasses=["jsonb_path_ops"], condition=~Q(state="resolved")
            ),
            models.Index(name="work_item_resolved", fields=["-resolved_at"], condition=Q(state="resolved")),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                name="one_open_work_item_per_cause", fields=["fingerprint"], condition=~Q(state="resolved")
            ),
            models.CheckConstraint(
                name="work_item_priority_set_pair",
                condition=Q(priority_set__isnull=True, priority_set_by="", priority_reason="")
                | Q(priority_set__isnull=False, priority_set=models.F("priority")) & ~Q(priority_set_by=""),
            ),
            models.CheckConstraint(
                name="work_item_priority_in_range", condition=Q(priority__gte=0, priority__lte=100, rank__gte=0)
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

    @property
    def put_right(self) -> str:
        """Return in words where its cause was put right, "" where nobody has said."""
        return f"put right {self.get_root_cause_display()}" if self.root_cause else ""

    @property
    def how_it_ended(self) -> str:
        """Return in words how a resolved one ended, and where its cause was put right."""
        return "; ".join(filter(None, (str(self.get_resolution_display()), self.put_right)))

    def failures(self) -> "models.QuerySet[Failure]":
        """Return the members that are open now; of a part, its own."""
        held = Failure.objects.filter(fingerprint=self.fingerprint, closed_at__isnull=True)
        return held if self.part is None else held.filter(own_fingerprint=self.own_part)

    @property
    def own_part(self) -> str | None:
        """Return what the own fingerprint of a part's members is as it is stored; None for all members."""
        return "" if self.part == self.fingerprint else self.part

    @cached_property
    def route(self) -> Route | None:
        """Return the route where it was first seen, None where that is no longer there. Asked for once."""
        routes = Route.objects.select_related("connection")
        return routes.filter(pk=self.route_id).first() if self.route_id else None

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """Return the newest configuration of its route as a whole, empty where there is none. Asked for once."""
        newest = Snapshot.objects.filter(route_id=self.route_id).order_by("-pk").first() if self.route_id else None
        return newest.content if newest else {}


class WorkItemAmount(models.Model):
    """What an item's open members amount to, one row for each currency."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="amounts")
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=20, decimal_places=4)
    # Of this, what no other open item counts: sums over many items add this, so that no record's money counts twice.
    once = models.DecimalField(max_digits=20, decimal_places=4, null=True)  # null: not counted yet, all of it

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["WorkItemAmount"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="work_item_amount_once", fields=["item", "currency"])]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class WorkItemDay(models.Model):
    """What of an item's open members lies on one day: what a deadline is worked out from."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="days")
    route_id = models.BigIntegerField()  # by which its members came
    day = models.DateField(null=True)  # on which their work was done; null: nobody knows, or no record is behind them
    currency = models.CharField(max_length=3, blank=True)
    members = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    once = models.DecimalField(max_digits=20, decimal_places=4, null=True)  # as in WorkItemAmount
    without_amount = models.PositiveIntegerField()  # of which nobody knows what they amount to

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["WorkItemDay"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="work_item_day_once", fields=["item", "route_id", "day", "currency"], nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.day}"


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


class Recount(models.Model):
    """Word that an item wants to be counted anew: another one let go, or took, records that it holds as well."""

    item = models.ForeignKey(  # loose: whoever leaves word waits for nobody who has the item locked
        WorkItem, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    entity_path = "item__legal_entity"
    objects = EntityScopedQuerySet["Recount"].as_manager()

    def __str__(self) -> str:
        return f"{self.item_id}"
