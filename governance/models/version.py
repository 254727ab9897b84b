"""Versions of anything configurable: draft → submitted → approved by another person → published → retired.

The database itself refuses what must never happen: a published version that changes, an approval by somebody who wrote
or sent in the content, a state without the person and time that brought it there.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from governance.actor import By
from governance.encrypted import EncryptedJSONField, seals
from governance.identifiers import new_id
from governance.models.people import LegalEntity
from governance.roles import Right
from governance.scoping import ALL, EntityScopedQuerySet, entity_ids


class State(models.TextChoices):
    """How far a version has come."""

    DRAFT = "draft", "Draft"  # may be edited
    SUBMITTED = "submitted", "Submitted"  # waits for another person
    APPROVED = "approved", "Approved"  # may be published, now or at a time
    PUBLISHED = "published", "Published"  # in force; one per object
    RETIRED = "retired", "Retired"  # was in force once


# Kinds whose content is put into the rows that people see when it is published: its empty content means that the thing
# is taken out. What is in force is always what stands in the rows; a version in force says the same.
PUT_INTO_ROWS = ("connection", "route", "schedule", "calendar")

READING = (Right.EDIT_CONFIGURATION, Right.APPROVE_CONFIGURATION, Right.PUBLISH_CONFIGURATION)  # one of them
_AFTER_SUBMISSION = [State.SUBMITTED, State.APPROVED, State.PUBLISHED, State.RETIRED]
_AFTER_APPROVAL = [State.APPROVED, State.PUBLISHED, State.RETIRED]
_AFTER_PUBLICATION = [State.PUBLISHED, State.RETIRED]


class VersionQuerySet(EntityScopedQuerySet["Version"]):
    """Versions, asked in the domain's words."""

    def of(self, kind: str, object_key: str) -> "VersionQuerySet":
        """Keep the versions of one object, newest first."""
        return self.filter(kind=kind, object_key=object_key).order_by("-number")

    def readable_by(self, by: By) -> "VersionQuerySet":
        """Keep those whose content somebody may read: what stands in rows, where they edit, approve or publish it."""
        seen, places = self.visible_to(by), [entity_ids(by, right, using=self.db) for right in READING]
        if ALL in places:
            return seen
        there = frozenset[int]().union(*(each for each in places if each is not None))
        return seen.filter(Q(legal_entity__in=there) | ~Q(kind__in=PUT_INTO_ROWS))

    def usable_by(self, by: "By | None") -> "VersionQuerySet":
        """Keep what somebody may build on: what serves all companies, and that of those that they see.

        Who builds is None where nobody in particular does: then only what serves all.
        """
        ids = frozenset[int]() if by is None else entity_ids(by, using=self.db)
        return self if ids is ALL else self.filter(Q(legal_entity=None) | Q(legal_entity__in=ids))

    def in_force(self) -> "VersionQuerySet":
        """Keep what is published now."""
        return self.filter(state=State.PUBLISHED)

    def waiting_for_approval(self) -> "VersionQuerySet":
        """Keep what another person has to look at."""
        return self.filter(state=State.SUBMITTED)

    def due(self, now: datetime) -> "VersionQuerySet":
        """Keep what is approved to be published by now, the earliest first."""
        return self.filter(state=State.APPROVED, publish_at__lte=now).order_by("publish_at")


class Version(models.Model):
    """One version of one configurable thing, such as the mapping `harvest.time_entry`.

    People are actor references ("person:12"): they outlive the users' rows. A legal entity of None means that the thing
    serves all of them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40)  # "mapping", "route", "connection" …
    object_key = models.CharField(max_length=200)  # which one of that kind
    number = models.PositiveIntegerField()  # 1, 2, 3 … per object
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    content = models.JSONField()  # the thing itself, as plain data
    content_hash = models.CharField(max_length=64)  # SHA-256 of the content in canonical JSON, hexadecimal
    note = models.TextField(blank=True)  # what changed and why, for the one who approves
    author = models.CharField(max_length=100)
    contributors = ArrayField(models.CharField(max_length=100))  # everybody who edited it, the author first
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_by = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - half of a who/when pair
    submitted_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - half of a who/when pair
    approved_at = models.DateTimeField(null=True, blank=True)
    scheduled_by = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - half of a who/when pair
    publish_at = models.DateTimeField(null=True, blank=True)  # when it is to be published by itself
    published_by = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - half of a who/when pair
    published_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - half of a who/when pair
    retired_at = models.DateTimeField(null=True, blank=True)
    rolls_back_to = models.ForeignKey(  # the earlier version whose content this one brings back
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    based_on = models.ForeignKey(  # what was in force when a draft of what is put into rows was made; empty: nothing
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = VersionQuerySet.as_manager()
    history = HistoricalRecords()  # what each draft said before it was revised, and who revised it

    class Meta:
        ordering: ClassVar = ["kind", "object_key", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "object_key", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["kind", "object_key"], condition=Q(state=State.PUBLISHED), name="version_one_published"
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="version_state_is_known"),
            models.CheckConstraint(
                condition=Q(submitted_by__isnull=True, submitted_at__isnull=True, state=State.DRAFT)
                | Q(submitted_by__isnull=False, submitted_at__isnull=False, state__in=_AFTER_SUBMISSION),
                name="version_submitted_pair",
            ),
            models.CheckConstraint(
                condition=Q(
                    approved_by__isnull=True, approved_at__isnull=True, state__in=[State.DRAFT, State.SUBMITTED]
                )
                | Q(approved_by__isnull=False, approved_at__isnull=False, state__in=_AFTER_APPROVAL),
                name="version_approved_pair",
            ),
            models.CheckConstraint(
                condition=Q(scheduled_by__isnull=True, publish_at__isnull=True)
                | Q(scheduled_by__isnull=False, publish_at__isnull=False, state__in=_AFTER_APPROVAL),
                name="version_scheduled_pair",
            ),
            models.CheckConstraint(
                condition=(Q(published_by__isnull=True, published_at__isnull=True) & ~Q(state__in=_AFTER_PUBLICATION))
                | Q(published_by__isnull=False, published_at__isnull=False, state__in=_AFTER_PUBLICATION),
                name="version_published_pair",
            ),
            models.CheckConstraint(
                condition=(Q(retired_by__isnull=True, retired_at__isnull=True) & ~Q(state=State.RETIRED))
                | Q(retired_by__isnull=False, retired_at__isnull=False, state=State.RETIRED),
                name="version_retired_pair",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | (~Q(approved_by=F("author")) & ~Q(approved_by=F("submitted_by"))),
                name="version_approved_by_another",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["publish_at"], condition=Q(state=State.APPROVED), name="version_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_key}, version {self.number} ({self.get_state_display().lower()})"

    @property
    def shown(self) -> str:
        """Return what a page carries of the version it shows: another text after it was changed or sent in anew."""
        sent = self.submitted_at.isoformat() if self.submitted_at else "draft"
        return f"{self.content_hash} {sent} {self.seal}".rstrip()

    @property
    def seal(self) -> str:
        """Return what is another text once secrets were entered anew with it; tells nothing of them."""
        return seals(ProposedSecrets.objects.filter(version=self), "secrets") if self.kind == "connection" else ""


def content_hash(content: Any) -> str:
    """Return the SHA-256 of plain data in canonical JSON (sorted keys, no spaces), hexadecimal."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class ProposedSecrets(models.Model):
    """Secrets that were typed with a draft of a connection: never in its content, and gone once they are in force."""

    entity_path = "version__legal_entity"

    version = models.OneToOneField(Version, on_delete=models.CASCADE, primary_key=True, related_name="proposed_secrets")
    secrets = EncryptedJSONField()
    entered_over = models.CharField(max_length=16, blank=True, default="")  # `seals` of those in force at that time

    objects = EntityScopedQuerySet["ProposedSecrets"].as_manager()

    def __str__(self) -> str:
        return f"Secrets of {self.version}"
