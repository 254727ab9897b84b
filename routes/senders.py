"""The threads of a worker process that send what went straight through, beside those that Celery drives.

They exist only where `serve()` was called: in workers, for the lanes that they carry. There are few places, and few of
them for one connection: a page that finds none is queued, so a slow target holds up no page for longer than PATIENCE.
"""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from django.db import close_old_connections

from connectors import gate
from connectors.models import Connection
from routes import crashpoints, sending
from routes.plan import DestinationPlan
from routes.shipments import Shipment

logger = logging.getLogger(__name__)
PLACES = 4  # batches on their way at once, in one process
PLACES_OF_ONE = 2  # of them to one connection: one is on the wire while the other is settled
PATIENCE = 0.25  # seconds that a page waits for a place
IMPATIENT = 5.0  # seconds without waiting after a place did not become free in time


@dataclass
class _Senders:
    lanes: frozenset[str] = frozenset()
    pool: ThreadPoolExecutor | None = None
    taken: dict[int, int] = field(default_factory=dict)  # connection → places
    changed: threading.Condition = field(default_factory=threading.Condition)
    no_waiting_until: dict[int, float] = field(default_factory=dict)  # connection → time.monotonic()


_senders = _Senders()


def serve(lanes: Sequence[str]) -> None:
    """Let this process send for these lanes; none: no longer, once what is on its way has ended."""
    pool = _senders.pool
    _senders.lanes = frozenset(lanes)
    _senders.pool = ThreadPoolExecutor(PLACES, thread_name_prefix="sender") if lanes else None
    if pool is not None:
        pool.shutdown(wait=True)


def serving() -> bool:
    """Return whether this process is a worker that has threads of its own."""
    return _senders.pool is not None


def reserve(connection_id: int, lane: str) -> bool:
    """Take a place for a batch to a connection, waiting a moment for it; return whether there was one."""
    if lane not in _senders.lanes:
        return False
    with _senders.changed:
        patient = time.monotonic() >= _senders.no_waiting_until.get(connection_id, 0.0)
        if not _senders.changed.wait_for(lambda: _is_free(connection_id), PATIENCE if patient else 0.0):
            _senders.no_waiting_until[connection_id] = time.monotonic() + IMPATIENT
            return False
        _senders.taken[connection_id] = _senders.taken.get(connection_id, 0) + 1
        return True


def _is_free(connection_id: int) -> bool:
    taken = _senders.taken
    return taken.get(connection_id, 0) < PLACES_OF_ONE and sum(taken.values()) < PLACES


def give_back(connection_id: int) -> None:
    """Give a place back."""
    with _senders.changed:
        _senders.taken[connection_id] -= 1
        if not _senders.taken[connection_id]:
            del _senders.taken[connection_id]
        _senders.changed.notify_all()


def send(
    destination: DestinationPlan, shipments: Sequence[Shipment], admission: gate.Admission, *, owner: UUID, began: float
) -> None:
    """Send shipments whose effects are committed on a thread of their own; the place and the slots go back after it."""
    pool = _senders.pool
    assert pool is not None, "a place was reserved"
    pool.submit(_send, destination, shipments, admission, owner, began)


def _send(
    destination: DestinationPlan, shipments: Sequence[Shipment], admission: gate.Admission, owner: UUID, began: float
) -> None:
    try:
        crashpoints.point("deliver.after_claim")
        close_old_connections()
        connection = Connection.objects.get(pk=destination.connection_id)
        sending.send_all(connection, shipments, owner=owner, began=began, concurrency=len(admission.slots))
    except Exception:
        # The leases end by themselves: another worker finds what is written down and goes on from there.
        logger.exception("what went straight through was not settled: connection %s", destination.connection_id)
    finally:
        give_back(destination.connection_id)
        try:
            gate.release(admission, owner)
        finally:
            close_old_connections()
