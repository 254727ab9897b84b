"""What the order of the queue goes by: cut-offs of companies, and the firm's yardstick for money and urgency."""

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from exceptions_queue.models.work_item import WorkItem
from exceptions_queue.recurrence import MOST_NUMBER, Covers, Recurrence, Rule
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_DATES = 120
RULES = {
    Rule.WORKING_DAY: "on a working day of the month, counted from its first",
    Rule.BEFORE_END: "on the last working day of the month, or some before it",
    Rule.DAY_BEFORE: "on a day of the month; where that is closed, on the working day before",
    Rule.DAY_AFTER: "on a day of the month; where that is closed, on the working day after",
    Rule.WEEKLY: "on a weekday; where that is closed, on the working day before",
    Rule.DATES: "on the days of a list",
}
COVERED = {
    Covers.MONTH_BEFORE: "work of the month before",
    Covers.OWN_MONTH: "work of the same month",
    Covers.WEEK_BEFORE: "work until the Sunday before",
    Covers.UP_TO: "work until that day",
}


class CutOffKind(models.TextChoices):
    """What ends with a cut-off."""

    BILLING = "billing_run", "Billing run"
    PAYROLL = "payroll_run", "Payroll run"
    CLOSE = "period_close", "Period close"


class CutOff(models.Model):
    """Until when work has to be through, again and again, in one legal entity and by its business calendar."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.CASCADE, related_name="cut_offs")
    name = models.CharField(max_length=80)  # as people call it: "Monthly billing"
    kind = models.CharField(max_length=12, choices=CutOffKind)
    entities = ArrayField(models.CharField(max_length=40), default=list, blank=True)  # of the hub; none: all
    routes = ArrayField(models.BigIntegerField(), default=list, blank=True)  # ids; none: all
    rule = models.CharField(max_length=12, choices=[(str(each), words) for each, words in RULES.items()])
    number = models.PositiveSmallIntegerField(null=True, blank=True)  # which working day or day of the month
    weekday = models.PositiveSmallIntegerField(null=True, blank=True, choices=list(enumerate(WEEKDAYS)))
    dates = ArrayField(models.DateField(), default=list, blank=True)
    at = models.TimeField()  # local time of the company's calendar
    covers = models.CharField(max_length=12, choices=[(str(each), words) for each, words in COVERED.items()])
    changed_at = models.DateTimeField(auto_now=True, editable=False)

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["CutOff"].as_manager()

    class Meta:
        verbose_name = "cut-off"
        ordering: ClassVar = ["legal_entity", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="cut_off_name_once", fields=["legal_entity", "name"],
                violation_error_message="This company has a cut-off of that name already. Choose another name.",
            ),
            models.CheckConstraint(name="cut_off_kind_is_known", condition=Q(kind__in=CutOffKind.values)),
            models.CheckConstraint(name="cut_off_rule_is_known", condition=Q(rule__in=[str(each) for each in Rule])),
            models.CheckConstraint(
                name="cut_off_covers_is_known", condition=Q(covers__in=[str(each) for each in Covers])
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete it, and let the sweep work out anew what was due by it."""
        of_it = WorkItem.objects.open().filter(due_key__startswith=f"{self.key}:")
        of_it.update(reckoned_at=None)
        return super().delete(*args, **kwargs)

    @property
    def key(self) -> str:
        """Return what the keys of its dates begin with, in addresses."""
        return f"cutoff:{self.pk}"

    def clean(self) -> None:
        """Refuse what the rule cannot go by, each at its field."""
        if found := rule_problems(self.rule, self.number, self.weekday, self.dates or []):
            raise ValidationError(found)

    @property
    def recurrence(self) -> Recurrence:
        """Return the rule as a value to reckon with."""
        return Recurrence(
            Rule(self.rule), self.at, Covers(self.covers), self.number or 0, self.weekday or 0, tuple(self.dates)
        )

    def concerns(self, route: int, entity: str) -> bool:
        """Return whether work of a kind that came by a route falls under it."""
        return (not self.routes or route in self.routes) and (not self.entities or entity in self.entities)


def rule_problems(rule: str, number: int | None, weekday: int | None, dates: list[dt.date]) -> dict[str, str]:
    """Return what a rule lacks or has wrong, by field."""
    if rule == Rule.WEEKLY:
        return {} if weekday in range(7) else {"weekday": "Choose the weekday."}
    if rule == Rule.DATES:
        if not dates:
            return {"dates": "List at least one day, such as 2026-12-18."}
        return {} if len(dates) <= MOST_DATES else {"dates": f"List at most {MOST_DATES} days; past ones may go."}
    if rule in MOST_NUMBER:
        least, most = (0 if rule == Rule.BEFORE_END else 1), MOST_NUMBER[rule]
        if number is None or not least <= number <= most:
            return {"number": f"Give a number from {least} to {most}."}
    return {}


class Yardstick(models.Model):
    """In which currency money is compared, and how much money and deadlines weigh. One row, or none: as usual."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    currency = models.CharField(
        max_length=3, validators=[RegexValidator(r"^[A-Z]{3}\Z", "A currency is three capital letters, such as EUR.")]
    )
    rate_table = models.SlugField(max_length=60, blank=True)  # lookup table, keyed by currency or by both currencies
    rate_column = models.CharField(max_length=60, blank=True)
    money = models.PositiveSmallIntegerField(default=40, validators=[MaxValueValidator(100)])
    deadline = models.PositiveSmallIntegerField(default=35, validators=[MaxValueValidator(100)])
    share = models.PositiveSmallIntegerField(default=15, validators=[MaxValueValidator(100)])
    again = models.PositiveSmallIntegerField(default=10, validators=[MaxValueValidator(100)])
    nothing_below = models.DecimalField(
        max_digits=14, decimal_places=2, default=Decimal(100), validators=[MinValueValidator(Decimal(1))]
    )
    all_above = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(1_000_000))
    days = models.PositiveSmallIntegerField(default=10, validators=[MinValueValidator(1), MaxValueValidator(60)])
    changed_at = models.DateTimeField(auto_now=True, editable=False)

    entity_global = "by what all companies' exceptions are ordered; holds a currency and weights"

    class Meta:
        verbose_name = "order of exceptions"
        constraints: ClassVar = [
            models.CheckConstraint(name="yardstick_is_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="yardstick_scale_in_order", condition=Q(nothing_below__gt=0, all_above__gt=F("nothing_below"))
            ),
        ]

    def __str__(self) -> str:
        return "the order of exceptions"

    def clean(self) -> None:
        """Refuse a scale that is none."""
        if self.all_above is not None and self.nothing_below is not None and self.all_above <= self.nothing_below:
            raise ValidationError({"all_above": "Give an amount above the one from which money begins to count."})
