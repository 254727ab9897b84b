"""What decides about a member of a plan, and what is said of it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from exceptions_queue.models import Outcome


class Fact(NamedTuple):
    """What decides about one member."""

    id: int
    item: int
    failure: UUID | None
    transaction: UUID | None
    record: UUID | None
    route: int | None
    category: str
    waits_for_row: bool
    state: str  # of the transaction, or of the record
    closed: bool
    in_doubt: bool
    amount: Decimal | None
    currency: str
    legal_entity: int | None  # of the failure
    stage: str
    hours: Decimal | None


class Trying(NamedTuple):
    """A member's failure, as far as a trial needs it."""

    member: int
    pk: UUID
    transaction_id: UUID | None
    record_id: UUID | None
    legal_entity_id: int
    stage: str
    amount: Decimal | None
    currency: str
    hours: Decimal | None


def to_try(facts: Iterable[Fact]) -> list[Trying]:
    """Return the failures of members; those that no record is behind are left out."""
    return [
        Trying(f.id, f.failure, f.transaction, f.record, f.legal_entity, f.stage, f.amount, f.currency, f.hours)
        for f in facts if f.failure and f.legal_entity and f.record
    ]  # fmt: skip


class Verdict(NamedTuple):
    """What would become of one member."""

    id: int
    outcome: Outcome
    why: str = ""
    amount: Decimal | None = None
    currency: str = ""


class Said(NamedTuple):
    """What is said of one member; an amount only where it would be another one than before."""

    outcome: Outcome
    why: str = ""
    amount: Decimal | None = None
    currency: str = ""
