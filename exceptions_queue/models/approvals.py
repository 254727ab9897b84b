"""Four eyes by risk: what needs a second person, who asked for one, and what was decided."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from exceptions_queue.models.routing import MOST, FirmScopedQuerySet
from exceptions_queue.models.work_item import WorkItem
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet


class Deed(models.TextChoices):
    """What a policy may ask a second person for. The value is the remedy's noun."""

    CORRECT = "corrections", "Correct a field"
    RESUBMIT = "resubmissions", "Send again what was corrected"
    WAIVE = "waivers", "Do not deliver"
    WAIVE_RULE = "rule-waivers", "Let pass a rule once"
    LINK = "links", "Link what stands at the target already"
    REVERSE = "reversals", "Reverse what is posted"


def _texts(longest: int) -> Any:
    return ArrayField(models.CharField(max_length=longest), default=list, blank=True, size=MOST)


class ApprovalPolicy(models.Model):
    """When acting on an item needs a second person. A condition that says nothing fits everything."""

    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)  # as people call it
    is_on = models.BooleanField(default=True)
    deeds = ArrayField(models.CharField(max_length=20, choices=Deed), size=len(Deed))  # at least one
    fields = _texts(80)  # of records of the hub, whose correction it is about; none: any, and also what corrects none
    categories = _texts(20)
    entities = _texts(40)  # canonical entities of what the item holds
    contract_types = _texts(40)  # how anything of what is acted on is billed
    amount_from = models.DecimalField(  # of what is acted on, in the reporting currency; null: whatever it is
        max_digits=18, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    unknown_too = models.BooleanField(default=True)  # an amount that nobody knows may be any

    objects = FirmScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "approval policy"
        verbose_name_plural = "approval policies"
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="approval_policy_name_once", fields=["legal_entity", "name"], nulls_distinct=False,
                violation_error_message="There is a policy of that name here already. Choose another name.",
            ),
            models.CheckConstraint(name="approval_policy_asks_something", condition=Q(deeds__len__gt=0)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse fields where nothing is corrected."""
        if self.fields and not {Deed.CORRECT, Deed.RESUBMIT} & set(self.deeds or ()):
            raise ValidationError({"fields": "Fields count for corrections only. Choose those too, or no field."})


class LoosenedPolicy(models.Model):
    """A policy as it was before somebody made it ask less: they stay bound by it until another person agrees."""

    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    was = models.JSONField()  # the policy's fields, as `policies.written` says them
    now_told = models.CharField(max_length=500)  # in words: what it asks for since
    was_told = models.CharField(max_length=500)
    made_by = models.CharField(max_length=100)  # actor reference
    made_at = models.DateTimeField(auto_now_add=True)
    agreed_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 - half of a who/when pair; actor reference
    agreed_at = models.DateTimeField(null=True)

    objects = FirmScopedQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="loosened_policy_agreed_pair",
                condition=Q(agreed_by__isnull=True, agreed_at__isnull=True)
                | Q(agreed_by__isnull=False, agreed_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"That “{self.name}” asks for less"


class RequestState(models.TextChoices):
    """What became of a request. The value is stored; the label is what people read."""

    WAITING = "waiting", "waits for a second person"
    APPROVED = "approved", "approved and done"
    REFUSED = "refused", "refused"
    WITHDRAWN = "withdrawn", "taken back"
    EXPIRED = "expired", "expired: what it was about has changed"


class ApprovalRequest(models.Model):
    """Somebody asks a second person to let something be done to an item, exactly as it stands."""

    number = models.BigAutoField(primary_key=True)  # as people call it
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="approval_requests")
    deed = models.CharField(max_length=20, choices=Deed)
    typed = models.JSONField(default=dict)  # what the verb is told beside the members
    failures = ArrayField(models.UUIDField())  # the members that are meant
    stood = models.JSONField()  # how each of them stood: version, state, …; see `asking.standing`
    differences = models.JSONField(default=list)  # what would differ: field, before, after, how many
    policies = models.TextField()  # in words: why a second person is asked
    amounts = models.CharField(max_length=200, blank=True)  # in words: what the members come to
    reason = models.TextField()  # of whoever asks
    made_by = models.CharField(max_length=100)  # actor reference
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.WAITING)
    decided_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 - half of a who/when pair; actor reference
    decided_by_name = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_reason = models.TextField(blank=True)

    entity_path = "legal_entity"
    objects = EntityScopedQuerySet["ApprovalRequest"].as_manager()

    class Meta:
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            models.Index(name="approval_request_waits", fields=["number"], condition=Q(state="waiting")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(name="approval_request_state_is_known", condition=Q(state__in=RequestState.values)),
            models.CheckConstraint(
                name="approval_request_decided_pair",
                condition=Q(state="waiting", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(state="waiting") & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.number}: {self.get_deed_display()}"
