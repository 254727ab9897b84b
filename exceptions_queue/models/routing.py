"""Who an item comes to: teams, the teams to which it falls when no rule names one, and the rules that name one.

A team is called by its name. Those that every hub has are words of the code (`teams.SHIPPED`); a row of the same name
says otherwise who belongs to one of them, and a company's own row stands before the one for all.
"""

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from canonical.failure import Category
from governance.actor import By
from governance.models import LegalEntity, User
from governance.roles import Right, Role
from governance.scoping import ALL, EntityScopedQuerySet, entity_ids

ANY = "any"  # in the place of a category: whatever has no team of its own, and whose team nobody is in
LONGEST = 60  # of a team's name
MOST = 50  # values of one condition of a rule
NEEDS_RESULT = "Say to which team or to whom it goes."


class FirmScopedQuerySet(EntityScopedQuerySet[Any]):
    """Rows of one company, or of all of them: the latter are seen by everybody, and changed by who may everywhere."""

    def visible_to(self, by: By, right: Right = Right.VIEW) -> Self:
        """Keep the rows of companies in which somebody has a right; to look at, also those of all companies."""
        ids = entity_ids(by, right, using=self.db)
        if ids is ALL:
            return self.all()
        own = Q(legal_entity__in=ids)
        return self.filter(own | Q(legal_entity=None) if ids and right is Right.VIEW else own)


class Team(models.Model):
    """People who look at items together: those who are named, and whoever has a role in the item's company."""

    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=LONGEST)  # as lists say it: "billing"
    role = models.CharField(max_length=20, choices=Role, blank=True)  # whoever has it belongs to it
    members = models.ManyToManyField(User, blank=True, related_name="+")

    objects = FirmScopedQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "legal_entity"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="team_name_once", fields=["legal_entity", "name"], nulls_distinct=False,
                violation_error_message="There is a team of that name here already. Choose another name.",
            ),
            models.CheckConstraint(name="team_role_is_known", condition=Q(role__in=["", *Role.values])),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} of {self.legal_entity.code}" if self.legal_entity else self.name

    def clean(self) -> None:
        """Keep the name without blanks around it, and refuse what no line could name."""
        self.name = " ".join(self.name.split())
        if self.name.casefold() in ("mine", "nobody", ANY):
            raise ValidationError({"name": f"“{self.name}” means something of its own. Choose another name."})


class FallbackTeam(models.Model):
    """To which team an item falls when no rule fits: by its kind, or whatever there is."""

    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=20, choices=[(ANY, ANY), *((c.value, c.value) for c in Category)])
    team = models.CharField(max_length=LONGEST)

    objects = FirmScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "fallback team"
        ordering: ClassVar = ["legal_entity", "category"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="fallback_team_once", fields=["legal_entity", "category"], nulls_distinct=False,
                violation_error_message="For this kind and company a team is said already. Change that one.",
            ),
            models.CheckConstraint(
                name="fallback_team_category_is_known", condition=Q(category__in=[ANY, *(c.value for c in Category)])
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        place = self.legal_entity.code if self.legal_entity else "all companies"
        return f"{self.team} for {self.category.replace('_', ' ')} in {place}"


def _texts(longest: int) -> Any:
    return ArrayField(models.CharField(max_length=longest), default=list, blank=True, size=MOST)


class RoutingRule(models.Model):
    """What comes to whom. A condition that says nothing fits everything; the rule with the most conditions wins."""

    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)  # as people call it
    position = models.PositiveSmallIntegerField(default=100)  # of those that fit as closely, the lower number wins
    is_on = models.BooleanField(default=True)
    categories = _texts(20)
    entities = _texts(40)  # canonical entities of what it holds
    clients = _texts(120)
    projects = _texts(120)
    contract_types = _texts(40)  # how all that it holds is billed: "fixed_fee"
    workers = _texts(120)  # numbers of those whose time it is, as the records say them
    periods = _texts(10)  # as the records say it: "2026-10"
    routes = ArrayField(models.BigIntegerField(), default=list, blank=True, size=MOST)  # ids
    amount_from = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)  # reporting currency
    amount_below = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    unknown_too = models.BooleanField(default=False)  # an amount that nobody knows counts as one between them
    team = models.CharField(max_length=LONGEST, blank=True)
    person = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    priority = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(100)])
    tags = _texts(40)
    changed_at = models.DateTimeField(auto_now=True, editable=False)

    objects = FirmScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "routing rule"
        ordering: ClassVar = ["position", "name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="routing_rule_name_once", fields=["legal_entity", "name"], nulls_distinct=False,
                violation_error_message="There is a rule of that name here already. Choose another name.",
            ),
            models.CheckConstraint(
                name="routing_rule_amounts_in_order",
                condition=Q(amount_from__isnull=True) | Q(amount_below__isnull=True)
                | Q(amount_below__gt=F("amount_from")),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a rule that leads nowhere, and amounts between which nothing lies, each at its field."""
        wrong = {}
        if not self.team and self.person is None:
            wrong["team"] = NEEDS_RESULT
        least, most = self.amount_from, self.amount_below
        if least is not None and most is not None and most <= least:
            wrong["amount_below"] = "Give an amount above the one from which it counts."
        if self.unknown_too and least is None and most is None:
            wrong["unknown_too"] = "Without an amount the rule fits whatever it is worth. Leave this out, or give one."
        if wrong:
            raise ValidationError(wrong)
