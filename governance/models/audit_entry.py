"""Audit entries: who did what to what, when, from which value to which. No foreign keys: they outlive all that."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.actor import ActorKind
from governance.deeds import deed
from governance.identifiers import new_id
from governance.scoping import EntityScopedQuerySet


class AuditEntry(models.Model):
    """One deed. Only ever inserted; the database refuses to change or delete it."""

    entity_path = "legal_entity_id"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in ActorKind])
    actor_id = models.CharField(max_length=200)
    actor_name = models.CharField(max_length=200)
    verb = models.CharField(max_length=60)  # a word of the glossary: approve, publish, resubmit, waive …
    thing_kind = models.CharField(max_length=100)  # "governance.version"
    thing_id = models.CharField(max_length=200)
    thing_name = models.CharField(max_length=400)  # as shown to people at that time
    before = models.JSONField(null=True)  # values that changed, before; numbers and times as text
    after = models.JSONField(null=True)  # the same, after
    reason = models.TextField(blank=True)
    channel = models.CharField(max_length=20, blank=True)  # page, admin, api, command, rule, engine
    legal_entity_id = models.BigIntegerField(null=True)  # deliberately no foreign key
    digest = models.BinaryField(max_length=32)  # SHA-256 over all of the above

    objects = EntityScopedQuerySet["AuditEntry"].as_manager()

    class Meta:
        verbose_name_plural = "audit entries"
        indexes: ClassVar = [
            models.Index(fields=["thing_kind", "thing_id", "at"], name="audit_by_thing"),
            models.Index(fields=["actor_kind", "actor_id", "at"], name="audit_by_actor"),
            models.Index(fields=["at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {deed(self.verb)}: {self.thing_name}"


class AuditSeal(models.Model):
    """One link of the chain: hash = SHA-256(hash before, position, entry's id, entry's digest).

    Made by a deferred trigger at commit, so that the order is the order of commits and the lock on the chain's head is
    held for the commit only.
    """

    entity_global = "links of the chain over all audit entries; holds hashes, nothing of a legal entity"

    position = models.BigIntegerField(primary_key=True)  # 1, 2, 3 … without a gap
    entry_id = models.UUIDField(unique=True)
    hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"seal {self.position}"


class AuditHead(models.Model):
    """The end of the chain: one row, locked while a seal is added. A chain that was cut short does not reach it."""

    entity_global = "the end of the chain over all audit entries; holds one hash, nothing of a legal entity"

    id = models.SmallIntegerField(primary_key=True)  # always 1
    position = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="audit_head_one_row")]

    def __str__(self) -> str:
        return f"head at {self.position}"
