"""Celery tasks: nudges. Each says only "there may be work"; what there is, the database knows."""

import datetime as dt
import logging
import time
from collections.abc import Callable

from celery import shared_task
from django.db import connection

from connectors.models import Connection
from connectors.outcome import ConnectorFailure
from routes import (
    ahead,
    clock,
    consignments,
    day_totals,
    intake,
    nudges,
    pages,
    partitions,
    periods,
    releases,
    runs,
    schedules,
    sending_back,
    settling,
    unforeseen,
)
from routes import deliver as delivering
from routes.draining import Drains
from routes.models import Route
from routes.outbound import carrying, cleaning, tap

logger = logging.getLogger(__name__)
SECONDS = 10.0  # how long a nudge works before it makes room for others
SHORT_WAIT = 1.5  # seconds that a nudge waits for a connection to take work again; longer ones are the sweep's
DELIVERING = 2  # threads for one write stream: a call that hangs holds up its own batch, the other goes on
_drains = Drains()


@shared_task(ignore_result=True)
def deliver(connection_id: int, lane: str, stream: str) -> None:
    """Deliver what is due for a write stream of a connection in a lane."""

    def once() -> bool:
        if ahead.reading() and not delivering.is_late(connection_id, lane, stream):
            return False  # a worker that only sends is faster at it; this one says so once it has read
        done = delivering.deliver(connection_id=connection_id, lane=lane, stream=stream)
        if not done.more and 0 < done.wait <= SHORT_WAIT:
            time.sleep(done.wait)  # a throttled target lets go in a moment: the next sweep may be seconds away
            return True
        return done.more

    if _drain(("deliver", connection_id, lane, stream), once, places=DELIVERING):
        nudges.delivery(connection_id, lane, stream)


@shared_task(ignore_result=True)
def pull(route_id: int) -> None:
    """Work on a route's due run."""
    if _drain(("pull", route_id), lambda: runs.work(route_id, seconds=SECONDS)):
        nudges.run(route_id)


@shared_task(ignore_result=True)
def take_in_events(route_id: int) -> None:
    """Work on what was pushed for a route."""
    if _drain(("events", route_id), lambda: intake.work(route_id)):
        nudges.events(route_id)


@shared_task(ignore_result=True)
def send_back(connection_id: int) -> None:
    """Carry what people have sent back to a source."""
    if _drain(("send_back", connection_id), lambda: sending_back.carry(connection_id)):
        nudges.sending_back(connection_id)


def _drain(name: tuple[object, ...], once: Callable[[], bool], *, places: int = 1) -> bool:
    """Repeat some work until there is no more or the time is up; return whether there is more.

    Few threads of a process drain one thing: a hanging target holds these and not all.
    """
    if not _drains.enter(name, places=places):
        return False
    until = time.monotonic() + SECONDS
    try:
        while once():
            if time.monotonic() > until:
                return True
        return False
    finally:
        _drains.leave(name)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Nudge whatever is due: lost, doubled or late nudges change nothing because of this."""
    unforeseen.each_by_itself(
        "what is due",
        clock.mend, consignments.sweep, settling.sweep, releases.arrived_meanwhile, releases.rows_available,
        releases.switched_on, sending_back.note_answers,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(delivering.DUE)
        deliveries = cursor.fetchall()
    for connection_id, lane, stream in deliveries:
        nudges.delivery(connection_id, lane, stream)
    for connection_id in sending_back.due():
        nudges.sending_back(connection_id)
    for route in runs.due_routes():
        nudges.run(route)
    for route in intake.due_routes():
        nudges.events(route)
    if tap.is_open():
        nudges.telling()


@shared_task(ignore_result=True)
def count_days() -> None:
    """Count the days in which something has changed."""
    day_totals.bring_up_to_date()


@shared_task(ignore_result=True)
def tell() -> None:
    """Turn what happened into events, and nudge the subscriptions that events are due for."""
    if _drain(("tell",), tap.tell):
        nudges.telling()
    for subscription in carrying.due():
        nudges.subscription(subscription)


@shared_task(ignore_result=True)
def carry_events(subscription_id: int) -> None:
    """Send the events that are due for a subscription."""
    if _drain(("carry", subscription_id), lambda: carrying.carry(subscription_id)):
        nudges.subscription(subscription_id)


@shared_task(ignore_result=True)
def drop_old_events() -> None:
    """Drop the events that are older than the operator keeps them."""
    cleaning.drop_old()


@shared_task(ignore_result=True)
def scheduled_run(route_id: int, working_days_only: bool = False) -> None:
    """Ask for a run because its time has come; a route that is switched off, gone or has a day off needs none."""
    route = Route.objects.filter(pk=route_id, enabled=True).select_related("legal_entity").first()
    if route is not None and not (working_days_only and schedules.is_closed_today(route)):
        schedules.run_by_schedule(route)


@shared_task(ignore_result=True)
def compare() -> None:
    """Ask for the day's comparing runs."""
    schedules.ask_for_comparisons()


@shared_task(ignore_result=True)
def read_periods(connection_id: int | None = None) -> None:
    """Read which periods a ledger has closed; without a connection, nudge that for each where it matters."""
    if connection_id is None:
        for id_ in periods.connections_to_read():
            read_periods.apply_async((id_,), queue="master")
        return
    try:
        periods.refresh(Connection.objects.get(pk=connection_id))
    except pages.NotNow as not_now:
        logger.info("periods not read now", extra={"connection": connection_id, "reason": not_now.message})
    except ConnectorFailure as failure:  # traffic to the same system tells a person; the ledger itself refuses
        logger.warning("periods not read", extra={"connection": connection_id, "reason": failure.message})


@shared_task(ignore_result=True)
def make_partitions() -> None:
    """Make next months' partitions in good time."""
    partitions.ensure(dt.datetime.now(tz=dt.UTC).date())
