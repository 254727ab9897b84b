"""Sending: mark effects as sent, make the outside call, settle what came of it. Both ways of claiming end here."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.conf import settings

from connectors.models import Connection
from routes import crashpoints, ledger, outcomes
from routes.claims import put_back
from routes.shipments import Shipment, request, send


def send_all(
    connection: Connection, shipments: Sequence[Shipment], *, owner: UUID, began: float, concurrency: int
) -> None:
    """Send shipments whose heads belong to `owner` since `began` (time.monotonic()), window by window."""
    # A request that starts later than half the lease could end after it; the socket refuses its first byte.
    deadline = began + settings.LEASE_SECONDS / 2
    for window in _windows(shipments):
        _send_window(connection, window, owner, deadline, concurrency)


def _windows(shipments: Sequence[Shipment]) -> Iterable[list[Shipment]]:
    """Split a batch so that a crash leaves few effects in doubt; where a repeat is harmless it goes whole."""
    by_stream: dict[tuple[int, bool], list[Shipment]] = {}
    for s in shipments:
        harmless = s.destination.write.write_class == "idempotent" and s.claim.effect is None
        by_stream.setdefault((s.destination.id, harmless), []).append(s)
    for (_, harmless), members in by_stream.items():
        size = len(members) if harmless else members[0].destination.window
        for start in range(0, len(members), size):
            yield members[start : start + size]


def _send_window(
    connection: Connection, window: list[Shipment], owner: UUID, deadline: float, concurrency: int
) -> None:
    """Mark, send and settle effects of one write stream."""
    destination = window[0].destination
    marked_at_claim = destination.write.write_class == "idempotent" and window[0].claim.effect is None
    if not marked_at_claim:
        spare = settings.LEASE_SECONDS / 2
        may_go = ledger.mark_sent([s.intent.effect for s in window], owner=owner, spare=spare)
        # The windows before took half of the lease: what is left goes with the next claim, without waiting for its end.
        put_back([s.claim.head for s in window if s.intent.effect not in may_go], owner=owner, seconds=0)
        window = [s for s in window if s.intent.effect in may_go]
    crashpoints.point("deliver.after_mark_sent")
    if not window:
        return
    answers = send(connection, destination, [request(s, deadline) for s in window], concurrency)
    crashpoints.point("deliver.after_send")
    outcomes.settle(connection, destination, list(zip(window, answers, strict=True)), owner=owner)
    crashpoints.point("deliver.after_settle")
