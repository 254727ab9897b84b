"""Straight through: what a page brings for the first time is claimed in its own commit and sent from memory.

The long way stores a transaction as ready, lets a worker claim it, and reads its bytes back: three more changes of
rows for each record. A passage spares them where the worker that received a page may send at once. It promises no
less: the effect stands in the ledger before a byte leaves, the key belongs to this worker for a lease, and whoever
finds the lease ended goes on from what is written down. Only keys that no transaction ever came for go this way;
whatever has a past is queued.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.conf import settings

from connectors import gate
from routes import crashpoints, ledger, senders
from routes.arrivals import Arrival, Verdict
from routes.claims import Claim
from routes.plan import DestinationPlan, Plan
from routes.shipments import Shipment, first
from routes.states import State

SENT = "sent to the target"


@dataclass(slots=True)
class Passage:
    """Leave to send a page's new keys to one destination, and what goes by it."""

    destination: DestinationPlan
    admission: gate.Admission
    owner: UUID
    began: float  # time.monotonic() before the lease was taken
    left: int  # how many more may go
    shipments: list[Shipment] = field(default_factory=list)
    _taken: list[tuple[Arrival, Verdict, int]] = field(default_factory=list)

    def has_room(self) -> bool:
        """Return whether one more may go; it is counted."""
        self.left -= 1
        return self.left >= 0

    def take(self, arrival: Arrival, verdict: Verdict, head: int) -> None:
        """Let a transaction go by here whose key's head is claimed for it."""
        verdict.state, verdict.reason = State.DELIVERING, SENT
        self._taken.append((arrival, verdict, head))

    def write_down(self, plan: Plan) -> None:
        """Write the effects of what was taken; in the commit that stores its transactions and bodies."""
        to = self.destination
        shipments = [first(to.connection_id, self._claim(plan, *each), to) for each in self._taken]
        self._taken = []
        state = "sent" if to.write.write_class == "idempotent" else "intended"
        ledger.write_down([s.intent for s in shipments], state=state)
        self.shipments += shipments
        if shipments:
            crashpoints.point("deliver.before_claim_commit")

    def _claim(self, plan: Plan, a: Arrival, v: Verdict, head: int) -> Claim:
        assert a.legal_entity is not None
        payload = UUID(v.payload)
        return Claim(
            head, self.destination.stream, v.key, 0, 0, None, None, "", None, "", None, None, v.transaction,
            State.DELIVERING, a.record, self.destination.id, a.legal_entity, plan.snapshot_id, a.version, False, 0,
            payload, payload, v.content, *a.worth, v.body,
        )  # fmt: skip


@contextmanager
def opened(plan: Plan, records: int) -> Iterator[dict[int, Passage]]:
    """Open passages, by destination, for a page of so many records; what is not started inside is closed at the end.

    None opens in a process that is no worker of the destination's lane, to a destination that takes nothing now, or
    while all senders are busy.
    """
    passages: dict[int, Passage] = {}
    try:
        for to in plan.destinations:
            passage = _open(to, records) if to.enabled else None
            if passage is not None:
                passages[to.id] = passage
        yield passages
    finally:
        for passage in passages.values():
            _close(passage)


def start(passages: dict[int, Passage]) -> None:
    """Send, once the commit stands, what the passages hold."""
    for id_, passage in list(passages.items()):
        if passage.shipments:
            del passages[id_]
            senders.send(
                passage.destination, passage.shipments, passage.admission, owner=passage.owner, began=passage.began
            )


def _open(to: DestinationPlan, records: int) -> Passage | None:
    if not senders.reserve(to.connection_id, to.lane):
        return None
    owner, began = uuid4(), time.monotonic()
    wanted = min(records, settings.DELIVERY_BATCH)
    try:
        admission = gate.admit(to.connection_id, wanted, owner, stream=to.stream, at_once=settings.DELIVERY_AT_ONCE)
    except BaseException:
        senders.give_back(to.connection_id)
        raise
    if not admission.allowed:
        senders.give_back(to.connection_id)
        return None
    return Passage(to, admission, owner, began, admission.allowed)


def _close(passage: Passage) -> None:
    senders.give_back(passage.destination.connection_id)
    gate.release(passage.admission, passage.owner)
