"""Celery tasks of the queue: nudges, as everywhere. The sweep is in the beat schedule."""

import time

from celery import shared_task
from django.db import transaction

from exceptions_queue import (
    coming_back,
    corrected,
    intake,
    reckoning,
    recount,
    releasing,
    sent_back,
    settle,
    tallies,
    value_tallies,
    waking,
)
from exceptions_queue.verbs import expire_overtaken
from routes import failures, unforeseen

SECONDS = 20.0  # how long one call works


@shared_task(ignore_result=True)
def sweep() -> None:
    """Take failures in, close what has arrived, wake what was put aside, reckon anew what orders the list, sum up what
    it is counted by, and go on with releases.
    """
    until = time.monotonic() + SECONDS
    unforeseen.each_by_itself(
        "the queue",
        lambda: failures.close_of_recovered(how="auto:retry_succeeded"),
        lambda: failures.close_of_caught_up(how="auto:retry_succeeded"),
        lambda: intake.take_in_what_waits(until=until),
        settle.settle_sent_again, sent_back.sweep, waking.wake_due, expire_overtaken, corrected.release,
        lambda: _bring_up_to_date(until),
        tallies.sum_up, value_tallies.sum_up,
        lambda: releasing.work(seconds=max(0.0, until - time.monotonic())),
        coming_back.sweep,
    )  # fmt: skip


def _bring_up_to_date(until: float) -> None:
    while time.monotonic() < until and (recount.sweep() or reckoning.sweep()):
        pass


@shared_task(ignore_result=True)
def release(number: int) -> None:
    """Go on with one release."""
    if releasing.work(seconds=SECONDS, release=number):
        nudge_release(number)


def nudge_release(number: int) -> None:
    """Say, once this commit stands, that a release wants to go on."""
    transaction.on_commit(lambda: release.apply_async((number,), queue="master"))
