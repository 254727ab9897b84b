"""Telling workers that there may be work. A nudge that gets lost changes nothing: the sweep repeats it."""

import logging
import time

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
EVENTS_OUT = "analytics"  # the lane of events out: a subscriber that is slow must hold up no posting
SILENCE = 10.0  # seconds without nudges after the broker did not answer: work must not wait for it
_silent_until = 0.0


def delivery(connection_id: int, lane: str, stream: str) -> None:
    """Say, once this commit stands, that there may be something to deliver."""
    _after_commit("routes.tasks.deliver", (connection_id, lane, stream), lane)


def sending_back(connection_id: int) -> None:
    """Say, once this commit stands, that something goes back to a source."""
    _after_commit("routes.tasks.send_back", (connection_id,), "intake")


def run(route_id: int) -> None:
    """Say, once this commit stands, that a run may be due."""
    _after_commit("routes.tasks.pull", (route_id,), "intake")


def events(route_id: int) -> None:
    """Say, once this commit stands, that something was pushed."""
    _after_commit("routes.tasks.take_in_events", (route_id,), "intake")


def telling() -> None:
    """Say, once this commit stands, that there may be something to tell to subscribers."""
    _after_commit("routes.tasks.tell", (), EVENTS_OUT)


def subscription(subscription_id: int) -> None:
    """Say, once this commit stands, that events may be due for a subscription."""
    _after_commit("routes.tasks.carry_events", (subscription_id,), EVENTS_OUT)


def _after_commit(task: str, args: tuple[object, ...], queue: str) -> None:
    transaction.on_commit(lambda: _send(task, args, queue))


def _send(task: str, args: tuple[object, ...], queue: str) -> None:
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        current_app.send_task(task, args, queue=queue, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        _silent_until = time.monotonic() + SILENCE
        logger.warning(
            "nudge not sent: the broker does not answer; the sweep goes on without", extra={"reason": str(error)}
        )
