"""Drafts: the consignments that a page's commit is filling, see routes.consignments."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import msgspec
from django.conf import settings
from uuid_utils import uuid7

from connectors import gate
from routes import waybill
from routes.bulk import long_bytes, texts
from routes.new_heads import travels_to
from routes.plan import DestinationPlan, Plan
from routes.states import Step
from routes.waybill import Item, Waybill

INSERT = """
INSERT INTO routes_consignment (id, route_id, run_id, connection_id, lane, object, destination_id, record_keys, keys,
    worth, waybill, due_at)
VALUES (%s::uuid, %s, %s, %s, %s, %s, %s, %t::text[], %t::text[], %t::jsonb, %b, hub_now() + make_interval(secs => %s))
"""


@dataclass(slots=True)
class Draft:
    """What a page brings for one destination that may travel; `add` takes transactions whose keys are certainly new."""

    plan: Plan
    destination: DestinationPlan
    tail: str = ""
    steps: tuple[Step, ...] = ()
    items: list[Item] = field(default_factory=list)
    record_keys: list[str] = field(default_factory=list)
    amounts: list[tuple[str, Decimal | None]] = field(default_factory=list)  # currency and amount of each
    closed: list[tuple[object, ...]] = field(default_factory=list)  # rows put together

    def add(self, item: Item, record_key: str, amount: Decimal | None, currency: str) -> None:
        """Take a transaction along."""
        self.items.append(item)
        self.record_keys.append(record_key)
        self.amounts.append((currency, amount))

    def close(self, *, run: UUID | None) -> None:
        """Put what was added together and begin anew; `write` has less to do then."""
        for start in range(0, len(self.items), settings.DELIVERY_BATCH):
            part = slice(start, start + settings.DELIVERY_BATCH)
            self.closed.append(self._row(self.items[part], self.record_keys[part], _sums(self.amounts[part]), run))
        self.items, self.record_keys, self.amounts = [], [], []

    def empty(self) -> None:
        """Forget what was added."""
        self.items, self.record_keys, self.amounts, self.closed = [], [], [], []

    def write(self, *, run: UUID | None) -> None:
        """Write what was added and begin anew; in the commit that stores its records."""
        self.close(run=run)
        if self.closed:
            with long_bytes() as cursor:
                for row in self.closed:
                    cursor.execute(INSERT, row)
            self.closed = []

    def _row(
        self, items: list[Item], record_keys: list[str], worth: dict[str, Decimal], run: UUID | None
    ) -> tuple[object, ...]:
        to = self.destination
        bill = Waybill(self.plan.snapshot_id, self.tail, list(self.steps), items)
        return (
            uuid7().hex, self.plan.route_id, run, to.connection_id, to.lane, to.stream, to.id,
            texts(record_keys), texts([i.key for i in items]), msgspec.json.encode(worth).decode(),
            waybill.encode(bill), settings.LEASE_SECONDS,
        )  # fmt: skip


def _sums(amounts: Iterable[tuple[str, Decimal | None]]) -> dict[str, Decimal]:
    """Return the sums by currency."""
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts:
        if amount is not None:
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums


def open_for(plan: Plan) -> dict[int, Draft]:
    """Return the consignments that a page of a route may fill, by destination: those that would not wait."""
    if not settings.CONSIGNMENTS:
        return {}
    return {
        to.id: Draft(plan, to)
        for to in plan.destinations
        if to.enabled and travels_to(to) and gate.flows(to.connection_id, to.stream)
    }
