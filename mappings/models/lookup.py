"""Lookup tables and their rows: translations and rates that people keep, with validity dates and a second person.

A row never changes: a correction is a new row, and the old one keeps saying what was believed until then. The database
refuses two rows in force for one key on one day.
"""

import hashlib
from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from governance.actor import By
from governance.models import LegalEntity
from governance.roles import Right
from governance.same_person import counted_as
from governance.scoping import EntityScopedQuerySet
from mappings.accepted import NUMBERS, Accepted, accepted_of, column_problems, definition_problems

SEPARATOR = "\x1f"  # between the parts of a key; refused inside them


class Approval(models.TextChoices):
    """When a row needs a second person."""

    AT_ONCE = "at_once", "Rows count at once"
    ABOVE_AMOUNT = "above_amount", "A second person above an amount"
    ALWAYS = "always", "Always a second person"


class KeptTables(models.Manager["LookupTable"]):
    """The tables that nobody has deleted: their names are taken, formulas find their rows."""

    def get_queryset(self) -> EntityScopedQuerySet["LookupTable"]:
        """Leave out what was deleted; `LookupTable.ever` has it."""
        return EntityScopedQuerySet["LookupTable"](self.model, using=self._db).filter(deleted_at=None)

    def visible_to(self, by: By, right: Right = Right.VIEW) -> EntityScopedQuerySet["LookupTable"]:
        """Keep the tables of the legal entities in which somebody has the right."""
        return self.get_queryset().visible_to(by, right)


class LookupTable(models.Model):
    """A table that formulas read with LOOKUP. Without a legal entity it serves all of them, behind their own tables.

    A deleted one stays with its rows, which explain what was posted; its name is free, and no formula finds it. See
    `mappings.deleting`.
    """

    name = models.SlugField(max_length=60)  # as formulas write it: bill_rates
    title = models.CharField(max_length=200)  # as people read it
    meaning = models.TextField(blank=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)
    key_columns = ArrayField(models.CharField(max_length=60))  # names, in the order of LOOKUP's arguments
    value_columns = models.JSONField()  # name → kind: {"rate": "money"}
    accepted = models.JSONField(  # name → what it accepts, see mappings.accepted
        default=dict,
        blank=True,
        help_text='{"rate": {"lowest": "0", "highest": "900"}} or {"item": {"choices": ["A"]}}',
    )
    approval = models.CharField(max_length=12, choices=Approval, default=Approval.AT_ONCE)
    approval_column = models.CharField(max_length=60, blank=True)  # value column that the amount is compared with
    approval_amount = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    loosened_by = ArrayField(  # actor references of those whose rows wait nevertheless, see mappings.loosening
        models.CharField(max_length=100), default=list, blank=True, editable=False
    )

    deletion_reason = models.TextField(blank=True, editable=False)  # why somebody deleted it, or wants to
    deletion_asked_by = models.CharField(max_length=100, null=True, blank=True, editable=False)  # noqa: DJ001 - half of a pair
    deletion_asked_at = models.DateTimeField(null=True, blank=True, editable=False)  # waits for a second person, or did
    deleted_by = models.CharField(max_length=100, null=True, blank=True, editable=False)  # noqa: DJ001 - half of a pair
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = KeptTables()
    ever = EntityScopedQuerySet["LookupTable"].as_manager()  # deleted ones, too: for what tells of the past

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name", "legal_entity"],
                name="lookup_table_name_once",
                violation_error_message="There is a table of that name here already. Choose another name.",
                nulls_distinct=False,
                condition=Q(deleted_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(deletion_asked_by__isnull=True, deletion_asked_at__isnull=True)
                | Q(deletion_asked_by__isnull=False, deletion_asked_at__isnull=False),
                name="lookup_table_deletion_asked_pair",
            ),
            models.CheckConstraint(
                condition=Q(deleted_by__isnull=True, deleted_at__isnull=True)
                | Q(deleted_by__isnull=False, deleted_at__isnull=False),
                name="lookup_table_deleted_pair",
            ),
            models.CheckConstraint(condition=Q(approval__in=Approval.values), name="lookup_table_approval_is_known"),
            models.CheckConstraint(
                condition=~Q(approval=Approval.ABOVE_AMOUNT)
                | (Q(approval_amount__isnull=False) & ~Q(approval_column="")),
                name="lookup_table_amount_is_given",
            ),
            models.CheckConstraint(condition=Q(key_columns__len__gt=0), name="lookup_table_has_a_key"),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Refuse columns that cannot be what the table says of them. Raises ValidationError with every problem."""
        self.accepted = {} if self.accepted is None else self.accepted  # what an emptied field gives
        found = self.faults()
        numbers = [name for name, kind in self.value_columns.items() if kind in NUMBERS] if not found else []
        if not found and self.approval == Approval.ABOVE_AMOUNT and self.approval_column not in numbers:
            known = ", ".join(numbers) or "there is none yet"
            found["approval_column"] = [
                f"An amount is compared with a column that holds a number. Use one of: {known}."
            ]
        if found:
            raise ValidationError(found)

    def faults(self) -> dict[str, list[str]]:
        """Return what is wrong with the columns, by field; nothing for every table that this release has saved."""
        found = column_problems(self.key_columns, self.value_columns)
        if not found and (words := definition_problems(self.value_columns, self.accepted)):
            found["accepted"] = words
        return found

    def accepts(self, column: str) -> Accepted:
        """Return what a value column accepts."""
        return accepted_of(self.value_columns[column], self.accepted.get(column))

    @property
    def policy(self) -> str:
        """Return in words who agrees to rows."""
        if self.approval != Approval.ABOVE_AMOUNT:
            return Approval(self.approval).label
        return f"{Approval(self.approval).label}: {self.approval_column} above {self.approval_amount:f}"

    def binds(self, actor: str) -> bool:
        """Tell whether an actor (a reference), or a client of theirs, loosened the approval and nobody else agreed."""
        return bool(self.loosened_by) and not counted_as(actor).isdisjoint(self.loosened_by)

    def needs_second_person(self, values: dict[str, object], *, bound: bool) -> bool:
        """Tell whether a row with these values, of somebody who is bound (see `binds`) or not, waits for approval."""
        if bound:
            return True
        if self.approval != Approval.ABOVE_AMOUNT:
            return self.approval == Approval.ALWAYS
        amount = values.get(self.approval_column)
        return isinstance(amount, (Decimal, int)) and abs(Decimal(amount)) > (self.approval_amount or 0)


class TableRowQuerySet(EntityScopedQuerySet["TableRow"]):
    """Rows of lookup tables, asked in the domain's words."""

    def in_force(self) -> "TableRowQuerySet":
        """Keep the rows that count now."""
        return self.filter(approved_at__isnull=False, recorded_to__isnull=True)

    def waiting(self) -> "TableRowQuerySet":
        """Keep the rows that wait for a second person."""
        return self.filter(approved_at__isnull=True, recorded_to__isnull=True)

    def with_keys(self, keys: list[tuple[str, ...]]) -> "TableRowQuerySet":
        """Keep the rows of these keys."""
        return self.filter(key_hash__in=[hash_of(key) for key in keys])


class TableRow(models.Model):
    """One row: a key, values, the days on which it is valid, and the time during which we held it to be true."""

    entity_path = "table__legal_entity"

    table = models.ForeignKey(LookupTable, on_delete=models.PROTECT, related_name="rows")
    key = ArrayField(models.CharField(max_length=200))  # as text, one for each key column
    key_hash = models.BigIntegerField()  # 63 bits of SHA-256 over the key
    valid_from = models.DateField(null=True, blank=True)  # first day; none: since ever
    valid_to = models.DateField(null=True, blank=True)  # last day; none: for ever
    values = models.JSONField()  # column → value; numbers and dates as text, typed by the table's value columns
    proposed_by = models.CharField(max_length=100)  # actor reference: "person:12"
    proposed_at = models.DateTimeField()
    approved_by = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - half of a who/when pair
    approved_at = models.DateTimeField(null=True, blank=True)
    recorded_from = models.DateTimeField(null=True, blank=True)  # counts from here on; none while it waits
    recorded_to = models.DateTimeField(null=True, blank=True)  # replaced, withdrawn or refused here
    ended_by = models.CharField(max_length=100, blank=True)  # who replaced, withdrew or refused it
    reason = models.TextField(blank=True)

    objects = TableRowQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["table", "key", "valid_from"]
        indexes: ClassVar = [
            models.Index(
                fields=["key_hash", "table"], condition=Q(recorded_to__isnull=True), name="table_row_current_key"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True, recorded_from__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False, recorded_from__isnull=False),
                name="table_row_approved_pair",
            ),
            models.CheckConstraint(
                condition=Q(recorded_to__isnull=True, ended_by="") | (Q(recorded_to__isnull=False) & ~Q(ended_by="")),
                name="table_row_ended_pair",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lte=F("valid_to")),
                name="table_row_valid_in_order",
            ),
        ]

    def __str__(self) -> str:
        return " / ".join(self.key)

    @property
    def words(self) -> tuple[str, ...]:
        """Return the key as LOOKUP has it."""
        return tuple(self.key)

    @property
    def by_column(self) -> dict[str, str]:
        """Return the key by the columns of its table."""
        return dict(zip(self.table.key_columns, self.key, strict=False))


def hash_of(key: tuple[str, ...]) -> int:
    """Return 63 bits of SHA-256 over a key, as the database indexes it."""
    digest = hashlib.sha256(SEPARATOR.join(key).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
