"""What of a deed in emergency mode still stands, so that whoever objects to it sees what can be undone, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from exceptions_queue.models import EmergencyDeed
from governance.scoping import EntityScopedQuerySet
from routes import submitters
from routes.models import Failure, Overlay, Record, Transaction
from routes.states import State

SHOWN = 10  # of a kind; further ones are counted


@dataclass(frozen=True, slots=True)
class Undoing:
    """What of a deed stands."""

    posted: int  # transactions
    waived: Sequence[Transaction]
    waived_more: int
    corrections: Sequence[Overlay]  # made in the mode, and open
    corrections_more: int
    closed: bool  # whether its exception is resolved

    @property
    def anything(self) -> bool:
        """Whether something of it stands that could be undone."""
        return bool(self.posted or self.waived or self.corrections)


def of(deed: EmergencyDeed) -> Undoing:
    """Return what of a deed stands now. At most eight queries, however much it was about."""
    rows = transactions_of(deed)
    records = Record.objects.filter(pk__in=records_of(deed)).values_list("route_id", "key")
    keys = set(records)
    open_ = Overlay.objects.open().filter(emergency=deed.emergency_id, key__in={key for _, key in keys})
    corrections = [each for each in open_.order_by("key", "field") if (each.route_id, each.key) in keys]
    waived = rows.filter(state=State.WAIVED)
    number = waived.count()
    return Undoing(
        rows.filter(state=State.POSTED).count(), list(waived.order_by("pk")[:SHOWN]) if number else [],
        max(0, number - SHOWN), corrections[:SHOWN], max(0, len(corrections) - SHOWN), not deed.item.is_open,
    )  # fmt: skip


def records_of(deed: EmergencyDeed) -> list[UUID]:
    """Return the records that a deed was about. Two queries."""
    members = Failure.objects.filter(pk__in=deed.failures).values_list("record_id", "transaction_id")
    moving = [transaction for _, transaction in members if transaction]
    return [*(record for record, _ in members if record), *submitters.of_transactions(moving)]


def transactions_of(deed: EmergencyDeed) -> EntityScopedQuerySet[Transaction]:
    """Return the transactions of a deed, and those that its records have made since. One query."""
    members = list(Failure.objects.filter(pk__in=deed.failures).values_list("record_id", "transaction_id"))
    moving = [transaction for _, transaction in members if transaction]
    records = [record for record, transaction in members if record and not transaction]
    return Transaction.objects.filter(Q(pk__in=moving) | Q(record_id__in=records), withdraws=False)
