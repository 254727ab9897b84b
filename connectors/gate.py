"""Whether a worker may talk to a connection now, how much and how many at once. Timed by the database's clock.

Asked once per batch, by ordinary (synchronous) code. What it grants is leased: a worker that dies gives its slots back
when the lease ends.
"""

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from connectors import breaker, budget
from connectors.models import BreakerState, Connection, MaintenanceWindow
from connectors.registry import registry
from connectors.windows import open_window


@dataclass(frozen=True, slots=True)
class Admission:
    """`allowed` requests may be sent, at most `len(slots)` at once; none: why not, and when to ask again."""

    allowed: int
    slots: list[int] = field(default_factory=list)
    wait_until: datetime | None = None  # None with allowed 0: until a person acts
    reason: str = ""  # paused | breaker | window | throttled | concurrency | rate
    message: str = ""  # in words
    probe: bool = False  # the one request that tries whether a paused system works again
    connection_id: int = 0
    metered: bool = False  # somebody counts the requests by time: what is not sent is given back


class _Row(NamedTuple):
    """What a gate goes by; the connection's secrets, which it has no use for, are not read."""

    pk: int
    connector: str
    paused: bool
    paused_reason: str
    breaker_state: str
    breaker_message: str
    slow_until: datetime | None
    concurrency: int
    requests_allowed: int | None
    period_seconds: float | None
    has_windows: bool
    now: datetime  # by the database's clock


ROW = """
SELECT id, connector, paused, paused_reason, breaker_state, breaker_message, slow_until, concurrency, requests_allowed,
    period_seconds, EXISTS (SELECT FROM connectors_maintenancewindow w WHERE w.connection_id = c.id), hub_now()
FROM connectors_connection c WHERE id = %s
"""


def _row(connection_id: int) -> _Row:
    """Return what a gate goes by. One query: it is asked for every page and every batch."""
    with connection.cursor() as cursor:
        cursor.execute(ROW, [connection_id])
        row = cursor.fetchone()
    if row is None:
        raise Connection.DoesNotExist(f"There is no connection {connection_id}.")
    return _Row(*row)


def _window(row: _Row) -> tuple[datetime, str] | None:
    """Return end and reason of the maintenance window that is open now."""
    if not row.has_windows:
        return None
    return open_window(MaintenanceWindow.objects.filter(connection_id=row.pk), row.now)


@transaction.atomic
def admit(
    connection_id: int, wanted: int, worker: uuid.UUID, *, stream: str = "", at_once: int | None = None
) -> Admission:
    """Ask for `wanted` requests to a stream, at most `at_once` of them side by side (None: as many as there are slots).

    Raises Connection.DoesNotExist, UnknownConnector.
    """
    row = _row(connection_id)
    now = row.now
    if row.paused:
        return Admission(0, reason="paused", message=row.paused_reason or "Paused by a person.")
    window = _window(row)
    if window is not None:
        return Admission(0, wait_until=window[0], reason="window", message=f"Maintenance: {window[1]}")
    if row.slow_until is not None and row.slow_until > now:
        return Admission(
            0, wait_until=row.slow_until, reason="throttled", message="The system asked to be asked later."
        )
    if row.breaker_state != BreakerState.CLOSED:
        return _probe(row, worker, stream, now)
    return _granted(row, wanted, worker, stream, now, at_once or wanted)


def _probe(row: _Row, worker: uuid.UUID, stream: str, now: datetime) -> Admission:
    """Let one request of all that ask try a paused system; whoever gets no slot for it leaves the turn to others."""
    if not breaker.probe_due(row.pk):
        again = Connection.objects.values_list("breaker_probe_at", flat=True).get(pk=row.pk)
        wait_until = again or now + timedelta(seconds=1)  # None: it has been closed this moment
        return Admission(0, wait_until=wait_until, reason="breaker", message=row.breaker_message)
    granted = _granted(row, 1, worker, stream, now, 1)
    if not granted.allowed:
        breaker.probe_now(row.pk)
        return granted
    return replace(granted, probe=True, connection_id=row.pk)


def _granted(row: _Row, wanted: int, worker: uuid.UUID, stream: str, now: datetime, at_once: int) -> Admission:
    manifest = registry.connector(row.connector).manifest
    described = manifest.budget_of(stream)
    name = described.name if described is not None else ""
    at_most = budget.at_once(row.concurrency, described)
    wanted_slots = min(wanted, at_once)
    # The connection's own limit holds for all budgets together.
    if sum(budget.at_once(row.concurrency, each) for each in manifest.budgets) > row.concurrency:
        taken = budget.others_under_way(row.pk, name, lease_seconds=settings.LEASE_SECONDS)
        wanted_slots = min(wanted_slots, row.concurrency - taken)
    slots = budget.take_slots(
        row.pk, name, wanted_slots, at_most=at_most, worker=worker, lease_seconds=settings.LEASE_SECONDS
    )
    if not slots:
        soon = now + timedelta(seconds=1)
        return Admission(0, wait_until=soon, reason="concurrency", message="Other workers use all of its slots.")
    requests = row.requests_allowed or (described.requests if described is not None else None)
    if requests is None:
        return Admission(wanted, slots)
    seconds = row.period_seconds or (described.seconds if described is not None else 1.0)
    bucket = budget.bucket(row.requests_allowed, described)
    allowed, pause = budget.take_requests(row.pk, bucket, wanted, requests=requests, seconds=seconds)
    if not allowed:
        budget.give_back_slots(slots, worker)
        later = now + timedelta(seconds=pause)
        return Admission(0, wait_until=later, reason="rate", message="Its budget of requests is used up for now.")
    return Admission(allowed, slots, connection_id=row.pk, metered=True)


def flows(connection_id: int, stream: str) -> bool:
    """Return whether requests to a stream need not wait now: nothing is paused, and nobody counts them by time."""
    row = _row(connection_id)
    slow = row.slow_until is not None and row.slow_until > row.now
    if row.paused or row.breaker_state != BreakerState.CLOSED or slow:
        return False
    described = registry.connector(row.connector).manifest.budget_of(stream)
    metered = row.requests_allowed or (described.requests if described is not None else None)
    return not metered and _window(row) is None


def free_slots(admission: Admission, worker: uuid.UUID) -> None:
    """Give the slots back as soon as the requests are answered; `release` still follows."""
    if admission.slots:
        budget.give_back_slots(admission.slots, worker)
        admission.slots.clear()


def release(admission: Admission, worker: uuid.UUID) -> None:
    """Give the slots back after the batch, and the turn of a probe that has decided nothing."""
    if admission.slots:
        budget.give_back_slots(admission.slots, worker)
    if admission.probe:
        breaker.undecided(admission.connection_id)


def give_back(admission: Admission, stream: str, *, sent: int) -> None:
    """Give back the requests that were admitted and not needed, so that others have them."""
    if admission.metered and sent < admission.allowed:
        charge(admission.connection_id, stream, sent - admission.allowed)


def charge(connection_id: int, stream: str, requests: int) -> None:
    """Count requests of a stream beyond those admitted, or (negative) give back what was not needed."""
    connector, allowed = Connection.objects.values_list("connector", "requests_allowed").get(pk=connection_id)
    described = registry.connector(connector).manifest.budget_of(stream)
    budget.charge(connection_id, budget.bucket(allowed, described), requests)


def slow_down(connection_id: int, seconds: float) -> None:
    """Leave the connection alone for so many seconds, because the system said so; never shortens an earlier request."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_connection SET slow_until ="
            " greatest(coalesce(slow_until, hub_now()), hub_now() + make_interval(secs => %s)) WHERE id = %s",
            [seconds, connection_id],
        )


def database_now() -> datetime:
    """Return the database's clock, which every hold, lease and schedule goes by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now: datetime = cursor.fetchone()[0]
        return now
