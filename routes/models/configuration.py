"""Routes, their destinations and the snapshots that transactions name."""

from typing import Any, ClassVar

from django.db import models

from connectors.models import Connection
from governance import rights
from governance.actor import By
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from governance.taken import Asked, NamedOnce
from routes import checking, concerned, in_use, released


class Order(models.TextChoices):
    """What a newer version of a record means for an older one."""

    SUPERSEDING = "superseding", "the newest version wins"
    IN_ORDER = "in_order", "every version counts (usage, drawdown): in order, never superseded"


class RouteQuerySet(EntityScopedQuerySet["Route"]):
    """Routes, which are kept as long as one of their destinations has records, with the source of what they took in."""

    def update(self, **values: Any) -> int:
        """Change them where they stand. Raises ProtectedError, in words."""
        in_use.refuse_sources(self, values)
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete them with their destinations. Raises ProtectedError, in words."""
        in_use.refuse_delete(Destination.objects.filter(route__in=self))
        return super().delete()


class DestinationQuerySet(EntityScopedQuerySet["Destination"]):
    """Destinations, which are kept as long as they have records, with their connection and stream."""

    def update(self, **values: Any) -> int:
        """Change them where they stand. Raises ProtectedError, in words."""
        in_use.refuse_update(self, values)
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete them. Raises ProtectedError, in words."""
        in_use.refuse_delete(self)
        return super().delete()


class Route(NamedOnce, models.Model):
    """From one source through a mapping to a canonical entity, and from there to destinations.

    The source is a stream of a connection (pulled, or pushed by its webhooks), what another route has posted, or, with
    neither, our own API: canonical records that need no mapping.
    """

    named_once: ClassVar = {"slug": "short name"}

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    legal_entity = models.ForeignKey(
        LegalEntity, on_delete=models.PROTECT, help_text="owns what fails before a record names its own entity"
    )
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    stream = models.CharField(max_length=80, blank=True, help_text="the stream of the source connection")
    upstream = models.ForeignKey(
        "routes.Destination",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="downstream",
        help_text="instead of a stream: what this destination has posted",
    )
    group_by = models.TextField(blank=True, help_text="formula: posted transactions of one group become one record")
    canonical_entity = models.CharField(max_length=40)
    mapping = models.CharField(max_length=120, blank=True, help_text="name of the normalising mapping")
    order = models.CharField(max_length=12, choices=Order.choices, default=Order.SUPERSEDING)
    compare_days = models.PositiveSmallIntegerField(
        default=0, help_text="window in days in which ids are compared to find deletions; 0: never"
    )
    shrink_limit_percent = models.PositiveSmallIntegerField(
        default=10, help_text="a comparison that would withdraw more than this share is held for a person"
    )
    fixed_fields = models.CharField(
        max_length=500, blank=True, help_text="canonical fields that nobody corrects here, with commas: bill_rate"
    )
    role_fields = models.CharField(
        max_length=500, blank=True,
        help_text="canonical fields that only some roles correct: bill_rate: controller; role: finance, controller",
    )  # fmt: skip
    lane = models.CharField(max_length=20, default="intake")
    enabled = models.BooleanField(default=True)

    entity_path = "legal_entity"
    objects = RouteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="route_has_one_source",
                condition=models.Q(connection__isnull=False, upstream__isnull=True)
                | models.Q(connection__isnull=True, upstream__isnull=False)
                | models.Q(connection__isnull=True, upstream__isnull=True, stream="", mapping="", group_by=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it. Raises ProtectedError, in words, where it has taken in records and its source changes."""
        if self.pk is not None:
            in_use.refuse_source(self)
        super().save(*args, **kwargs)

    def companies_concerned(self) -> list[LegalEntity]:
        """Return the companies that may want a second person for a change: its own first, then all on its way."""
        own = [self.legal_entity] if self.legal_entity_id else []
        read = [self.connection.legal_entity] if self.connection else []
        return [*own, *read, *_on_the_way(routes=[self.pk], upstream=[self.upstream_id])]

    def clean(self) -> None:
        """Refuse what could not run, every problem at its field. Raises ValidationError."""
        checking.check_route(self)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete it with its destinations. Raises ProtectedError, in words, where one of them has records."""
        in_use.refuse_delete(self.destinations.all())
        return super().delete(*args, **kwargs)

    @property
    def fixed(self) -> frozenset[str]:
        """Return the canonical fields that nobody corrects here."""
        return frozenset(checking.names_in(self.fixed_fields))

    def kept_from(self, by: By, legal_entity: int | None) -> frozenset[str]:
        """Return the canonical fields that somebody does not correct here: fixed ones, and those of other roles.

        No query where the route names no roles; else as many as roles take.
        """
        kept = set(self.fixed)
        for name, roles in released.roles_of(self.role_fields).items():
            if not rights.has_role(by, roles, legal_entity):
                kept.add(name)
        return frozenset(kept)

    @property
    def takes_events(self) -> bool:
        """Whether its source is our own API."""
        return self.connection_id is None and self.upstream_id is None


class Correction(models.TextChoices):
    """How a destination takes a newer version of something that is posted there."""

    UPDATE = "update", "change it in place"
    REVERSE = "reverse", "reverse it and post it again"
    DELTA = "delta", "post the difference"
    NONE = "none", "a person decides"


class Destination(Asked, models.Model):
    """Where a route's records go: a write stream of a connection, with condition, mapping and policies."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="destinations")
    name = models.CharField(max_length=120)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    stream = models.CharField(max_length=80, help_text="the write stream, the object of the effect")
    lane = models.CharField(max_length=20, default="posting")
    condition = models.TextField(blank=True, help_text="formula on the canonical record; empty: always")
    condition_name = models.CharField(
        max_length=120, blank=True, help_text="what goes there, in words that runs and records show: billable time"
    )
    group = models.CharField(max_length=80, blank=True, help_text="exactly one destination of a group is chosen")
    mapping = models.CharField(max_length=120, help_text="name of the translating mapping")
    key_formula = models.TextField(blank=True, help_text="formula for the business key; empty: the record's key")
    correction = models.CharField(max_length=8, choices=Correction.choices, default=Correction.NONE)
    delta_fields = models.JSONField(
        default=list, blank=True, help_text='fields of the request that a delta subtracts: ["hours"]'
    )
    posting_date = models.CharField(max_length=80, blank=True, help_text="canonical field that decides the period")
    approval_formula = models.TextField(blank=True, help_text="formula: true holds for a second person")
    batch_size = models.PositiveSmallIntegerField(default=200)
    window = models.PositiveSmallIntegerField(
        default=50, help_text="how many effects may be on the wire, and so in doubt, at once per worker"
    )
    keeps_reference = models.BooleanField(
        default=False, help_text="others refer to these records: keep their ids there, and release who waits for them"
    )
    enabled = models.BooleanField(default=True)  # switched off, it holds what comes for it until it is on again

    entity_path = "route__legal_entity"
    objects = DestinationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="destination_name_once_per_route", fields=["route", "name"]),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it. Raises ProtectedError, in words, where it has records and its connection or stream changes."""
        if self.pk is not None:
            in_use.refuse_change(self)
        super().save(*args, **kwargs)

    def companies_concerned(self) -> list[LegalEntity]:
        """Return the companies that may want a second person for a change: its route's, that of what it writes, and
        all on the way of its route.
        """
        own = self.route.companies_concerned() if self.route_id else []
        return [*own, *([self.connection.legal_entity] if self.connection_id else [])]

    def clean(self) -> None:
        """Refuse what could not run, every problem at its field. Raises ValidationError."""
        self.delta_fields = [] if self.delta_fields is None else self.delta_fields  # what an emptied field gives
        checking.check_destination(self)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete it. Raises ProtectedError, in words, where it has records."""
        in_use.refuse_delete([self])
        return super().delete(*args, **kwargs)


def _on_the_way(*, routes: list[int | None], upstream: list[int | None]) -> list[LegalEntity]:
    found = concerned.companies(routes=routes, upstream=upstream)
    return list(LegalEntity.objects.filter(pk__in=found).order_by("code")) if found else []


class Snapshot(models.Model):
    """One configuration of a route as a whole: what a transaction was processed with. Never changes."""

    route = models.ForeignKey(Route, on_delete=models.PROTECT)
    content_hash = models.CharField(max_length=64)  # SHA-256 of the content, hex
    content = models.JSONField()  # the route, its destinations, mappings with their version numbers
    created_at = models.DateTimeField(auto_now_add=True)

    entity_path = "route__legal_entity"
    objects = EntityScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="snapshot_once", fields=["route", "content_hash"])]

    def __str__(self) -> str:
        return f"{self.route_id} {self.content_hash[:12]}"


class ConfigurationChoice(models.Model):
    """With which configuration a stopped transaction was worked out anew, and who chose it. Written once, for ever.

    There is a row where it is another one than before, and where somebody chose one that is not that of now.
    """

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
                                     related_name="+")  # fmt: skip
    transaction_id = models.UUIDField(db_index=True)
    at = models.DateTimeField()  # by the database's clock
    before = models.BigIntegerField()  # the snapshot of until then
    snapshot = models.BigIntegerField()  # the one of since
    choice = models.CharField(max_length=220)  # "now", "then", or the version of a mapping as "ledger-time-out@2"
    actor_kind = models.CharField(max_length=6)  # person, rule, engine
    actor_name = models.CharField(max_length=200)

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["ConfigurationChoice"].as_manager()

    def __str__(self) -> str:
        return self.choice
