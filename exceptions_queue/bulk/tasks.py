"""Celery tasks of bulk runs: nudges, as everywhere. The sweep is in the beat schedule."""

from celery import shared_task
from django.db import transaction

from exceptions_queue.bulk import running

SECONDS = 20.0  # how long one call works
AT_ONCE = 2.0  # seconds that a page works at a bulk run before a worker goes on with it


@shared_task(ignore_result=True)
def sweep() -> None:
    """Go on with all bulk runs that are due."""
    running.work(seconds=SECONDS)


@shared_task(ignore_result=True)
def go_on(number: int) -> None:
    """Go on with one bulk run."""
    if running.work(seconds=SECONDS, run=number):
        nudge(number)


def at_once(number: int) -> None:
    """Work at a bulk run for a moment, so that small ones are done when their page comes, and leave it to a worker."""
    if running.work(seconds=AT_ONCE, run=number):
        nudge(number)


def nudge(number: int) -> None:
    """Say, once this commit stands, that a bulk run wants to go on."""
    transaction.on_commit(lambda: go_on.apply_async((number,), queue="master"))
