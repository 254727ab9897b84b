"""What moves: runs, records, payloads, transactions and the history of their states."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.identifiers import new_id
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from routes.models.configuration import Destination, Route, Snapshot
from routes.newest import NewestQuerySet
from routes.states import State

LOOSE: dict[str, Any] = {"on_delete": models.DO_NOTHING, "db_constraint": False, "db_index": False, "related_name": "+"}


class RunState(models.TextChoices):
    """How far a run is."""

    WAITING = "waiting", "waiting for a worker"
    RUNNING = "running", "running"
    HELD = "held", "held for a person"
    DONE = "done", "done"
    STOPPED = "stopped", "stopped by a failure"


class Run(models.Model):
    """One execution of a route, with its control totals."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    route = models.ForeignKey(Route, on_delete=models.PROTECT)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    trigger = models.CharField(max_length=10)  # schedule, webhook, api, person, upstream
    requested_by = models.CharField(max_length=150)  # the actor's name, as in the audit entry
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.WAITING)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # when a worker may take it; null: not by itself
    lease_owner = models.UUIDField(null=True)
    window_from = models.DateField(null=True)  # a backfill or comparison reads this range of days
    window_to = models.DateField(null=True)
    compares = models.BooleanField(default=False)  # ids of the window are compared to find deletions
    cursor = models.JSONField(null=True)  # how far this run has read; moves in the same commit as its page
    source = models.CharField(max_length=64, blank=True, db_default="", default="")  # what its cursor belongs to
    pages = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)  # read = new + changed + unchanged + unreadable
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)  # deletions found by comparison; part of changed
    echoes = models.PositiveIntegerField(default=0)  # part of unchanged: our own writes read back
    attempts = models.PositiveSmallIntegerField(default=0)
    message = models.TextField(blank=True)  # why it stopped or is held, in words

    holds_more = False  # than somebody may see who looks at it, once `routes.shares` has looked
    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="run_is_accounted",
                condition=models.Q(
                    read=models.F("new") + models.F("changed") + models.F("unchanged") + models.F("unreadable")
                ),
            ),
            models.UniqueConstraint(
                name="one_open_run_per_route", fields=["route"], condition=models.Q(state__in=["waiting", "running"])
            ),
        ]
        indexes = [
            models.Index(name="run_due", fields=["due_at"], condition=models.Q(due_at__isnull=False)),
            models.Index(name="run_by_route", fields=["route", "-created_at"]),
            models.Index(name="run_newest", fields=["-created_at", "-id"]),
            models.Index(  # most runs of a schedule find nothing, and lists leave them out
                name="run_telling", fields=["-created_at", "-id"], condition=~models.Q(state="done", read=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.created_at:%Y-%m-%d %H:%M}"


class StreamCursor(models.Model):
    """How far a route has read its stream, between runs."""

    route = models.OneToOneField(Route, on_delete=models.CASCADE, primary_key=True)
    cursor = models.JSONField(null=True)
    source = models.CharField(
        max_length=64, blank=True, db_default="", default=""
    )  # what it belongs to; empty: unknown
    moved_at = models.DateTimeField()

    entity_path = "route__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.route_id}"


class Outcome(models.TextChoices):
    """What a record was when it arrived."""

    NEW = "new", "new"
    CHANGED = "changed", "changed"
    UNREADABLE = "unreadable", "unreadable"
    WITHDRAWN = "withdrawn", "withdrawn at the source"


class RecordState(models.TextChoices):
    """Where a record stands before its destinations are chosen."""

    RECEIVED = "received", "received"
    ROUTED = "routed", "its destinations are chosen"
    FAILED = "failed", "needs a person"
    SUPERSEDED = "superseded", "a newer version arrived"
    WAIVED = "waived", "a person decided that it is not delivered"


class RecordQuerySet(NewestQuerySet["Record"]):
    """Records, listed the newest first."""

    place, frequent, moment = "route", RecordState.ROUTED.value, "received_at"


class Record(models.Model):
    """One version of one source record as it arrived. Partitioned by id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sequence = models.BigIntegerField(editable=False)  # from a sequence of the database: the order of arrival
    route = models.ForeignKey(Route, **LOOSE)
    run = models.ForeignKey(Run, null=True, **LOOSE)
    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    key = models.CharField(max_length=200)  # the business key at the source
    version = models.CharField(max_length=90)  # sorts as the source orders its versions, byte by byte
    content_hash = models.BinaryField(max_length=16)  # BLAKE2b-128 of the canonical bytes of the raw record
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    state = models.CharField(max_length=10, choices=RecordState.choices)
    received_at = models.DateTimeField()
    occurred_on = models.DateField(null=True)  # the day the work was done
    approved_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)  # at the source
    correlation_id = models.UUIDField()  # joins everything caused by one business event
    causation_id = models.UUIDField(null=True)  # the transaction that directly caused it
    source_payload_id = models.UUIDField(null=True)
    canonical_payload_id = models.UUIDField(null=True)
    amount = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    hours = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    not_chosen = models.JSONField(null=True)  # destination id → the condition that left it out

    entity_path = "legal_entity"
    objects = RecordQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "routes_record"

    def __str__(self) -> str:
        return self.key


class Stage(models.TextChoices):
    """Which body of a record or transaction a payload is."""

    SOURCE = "source", "as received"
    CANONICAL = "canonical", "in the hub's words"
    REQUEST = "request", "as sent"
    RESPONSE = "response", "as answered"


class Payload(models.Model):
    """Bodies of a stage that were stored together (`routes.bodies`); written once, never changed.

    Partitioned by id and dropped by data class.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    ends = ArrayField(models.IntegerField())  # where each body ends
    bodies = models.BinaryField()  # JSON exactly as received or sent, one behind the other
    data_class = models.CharField(max_length=10, default="business")
    retain_until = models.DateField(null=True)
    hits = ArrayField(models.BigIntegerField(), default=list)  # ids of the table rows that the mapping read for them
    hit_ends = ArrayField(models.IntegerField())  # where those of each body end
    entity_global = "reached only through a record or transaction, which carries the legal entity"

    class Meta:
        managed = False
        db_table = "routes_payload"

    def __str__(self) -> str:
        return f"{self.stage} {self.id}"


class SourceHead(models.Model):
    """The newest version of a source record that a route has seen."""

    pk = models.CompositePrimaryKey("route_id", "key")
    route = models.ForeignKey(Route, **LOOSE)
    key = models.CharField(max_length=200)
    record_id = models.UUIDField()
    version = models.CharField(max_length=90)
    content_hash = models.BinaryField(max_length=16)
    occurred_on = models.DateField(null=True)
    withdrawn = models.BooleanField(default=False)
    seen_run = models.UUIDField(null=True)  # the last comparing run that found it at the source
    missed_by = models.UUIDField(null=True)  # the held comparing run that did not, until the source shows it again

    entity_path = "route__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                name="source_head_window", fields=["route", "occurred_on"], condition=models.Q(withdrawn=False)
            )
        ]

    def __str__(self) -> str:
        return self.key


class TransactionQuerySet(NewestQuerySet["Transaction"]):
    """Transactions, listed the newest first."""


class Transaction(models.Model):
    """One record on its way to one destination. Slim: no bodies, no index on what the hot path changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record_id = models.UUIDField()
    run = models.ForeignKey(Run, null=True, **LOOSE)
    destination = models.ForeignKey(Destination, **LOOSE)
    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    snapshot = models.ForeignKey(Snapshot, **LOOSE)
    key = models.CharField(max_length=200)  # the business key at the destination
    version = models.CharField(max_length=90)
    group = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    return_to = models.CharField(max_length=10, blank=True)  # where held and parked go back to
    withdraws = models.BooleanField(default=False)  # the new version is "nothing": undo what is posted
    attempts = models.PositiveSmallIntegerField(default=0)
    waits_for = models.CharField(max_length=250, blank=True)  # parked: "project:P-881"; held: why
    request_payload_id = models.UUIDField(null=True)
    request_hash = models.BinaryField(max_length=16, null=True)
    canonical_payload_id = models.UUIDField(null=True)  # with overlays applied, when it differs from the record's
    correlation_id = models.UUIDField()
    amount = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    hours = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    created_at = models.DateTimeField()
    walk_id = models.UUIDField(null=True)  # how it came, with others, to the state it was stored in

    taken_back: "Transaction | None" = None  # what one that withdraws takes back, once `routes.taken_back` has looked
    entity_path = "legal_entity"
    objects = TransactionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                name="transaction_key", fields=["destination", "key"], opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(name="transaction_record", fields=["record_id"]),
            models.Index(name="transaction_run", fields=["run"]),
            models.Index(name="transaction_unposted", fields=["state", "id"], condition=~models.Q(state="posted")),
            models.Index(name="transaction_newest", fields=["destination", "legal_entity", "id"]),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(name="transaction_state_is_known", condition=models.Q(state__in=State.values)),
            models.CheckConstraint(
                name="waiting_transaction_remembers_where_to",
                condition=~models.Q(state__in=["held", "parked"]) | ~models.Q(return_to=""),
            ),
            models.CheckConstraint(  # nothing to send must never read as "take back what is posted"
                name="transaction_that_goes_has_its_request",
                condition=~models.Q(state__in=["ready", "delivering", "retrying"])
                | models.Q(withdraws=True)
                | models.Q(request_payload_id__isnull=False, request_hash__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def worth(self) -> "Transaction":
        """Return whose hours and money it is about: what it takes back, where it takes back something."""
        return self.taken_back or self


class Wait(models.Model):
    """What a parked or held transaction waits for; gone when it goes on. Apart from the state row, which stays slim."""

    transaction_id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=10)  # parent, approval, table, period, switch
    on = models.CharField(max_length=250)  # "project:P-881", "rates:Senior Consultant|EUR"
    connection_id = models.BigIntegerField(null=True)  # where the parent must exist
    legal_entity = models.ForeignKey(LegalEntity, **LOOSE)
    since = models.DateTimeField()

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(name="wait_on", fields=["kind", "on"])]

    def __str__(self) -> str:
        return self.on


class Collected(models.Model):
    """Which posted transaction went into which grouped record: each at most once per route."""

    route = models.ForeignKey(Route, on_delete=models.PROTECT)
    source_transaction_id = models.UUIDField()
    record_id = models.UUIDField()

    entity_path = "route__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="collected_once", fields=["route", "source_transaction_id"])]
        indexes = [models.Index(name="collected_record", fields=["record_id"])]

    def __str__(self) -> str:
        return f"{self.source_transaction_id} → {self.record_id}"


class Transition(models.Model):
    """One change of state of a transaction or record: history, outbox and metric at once. To be read, never written.

    A view over two tables: `routes_transition` has a row for each change, `routes_walk` one for the changes that many
    transactions of a page made together before they were stored (ADR 39).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject_id = models.UUIDField()  # the transaction, or the record before a destination is chosen
    from_state = models.CharField(max_length=10)  # empty at the beginning
    to_state = models.CharField(max_length=10)
    at = models.DateTimeField()  # the stage's own time, by the database's clock
    actor_kind = models.CharField(max_length=6)  # person, rule, engine
    actor = models.CharField(max_length=150)
    reason = models.TextField()
    entity_global = "reached only through its transaction or record, which carries the legal entity"

    class Meta:
        managed = False
        db_table = "routes_history"

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
