"""What came on each day and what became of it: counted beside the work, so that pages never count what grows."""

from django.db import models

from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from routes.models.configuration import Destination, Route
from routes.states import State

STOPPED = "stopped"  # records that failed before a destination was chosen: their money counts once, with them


class DayTotal(models.Model):
    """What came on a day (by UTC) for one destination and company, and stands in one state now."""

    day = models.DateField()
    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="+")
    destination = models.ForeignKey(  # null: it stopped before one was chosen
        Destination, null=True, on_delete=models.CASCADE, related_name="+"
    )
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=[*State.choices, (STOPPED, "stopped")])
    currency = models.CharField(max_length=3, blank=True)
    count = models.PositiveIntegerField()  # transactions; of what stopped, records
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    hours = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    without_amount = models.PositiveIntegerField()  # of which nobody knows what they amount to

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["DayTotal"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="day_total_once",
                fields=["day", "legal_entity", "route", "destination", "state", "currency"],
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.state} {self.currency}".strip()


class DayCount(models.Model):
    """How old the totals of a day are."""

    day = models.DateField(primary_key=True)
    stale = models.BooleanField(default=True)  # something of that day has changed since it was counted
    counted_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0.0)  # that counting took

    entity_global = "says of a day when it was counted, and nothing of what came"

    def __str__(self) -> str:
        return f"{self.day}"


class DayMark(models.Model):
    """How far the history of states was looked through for days that are to be counted again. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    horizon = models.BigIntegerField(null=True)  # the oldest database transaction that ran then; null: never
    looked_at = models.DateTimeField(null=True)

    entity_global = "the hub has one"

    class Meta:
        constraints = [models.CheckConstraint(name="one_day_mark", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"{self.horizon}"
