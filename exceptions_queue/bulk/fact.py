"""What decides about a member of a plan, and what is said of it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from exceptions_queue.models import Outcome


@dataclass(frozen=True, slots=True)
class Fact:
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


@dataclass(frozen=True, slots=True)
class Verdict:
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
