"""Celery: carries nudges ("there may be work on this lane and connection"), never the truth."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import (
    before_task_publish,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_ready,
    worker_shutdown,
)
from django.db import close_old_connections

from hub import correlation, garbage

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
# Django's checks load every page, and were made when the hub was prepared. Workers and the clock show none.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
app = Celery("throughline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["exceptions_queue.bulk"])
# Celery closes a thread's connection to the database around each task. Tasks are short here, and the backend of a new
# connection reads the catalogue anew. A thread keeps its connection (ADR 48).
app.conf.CELERY_DB_REUSE_MAX = sys.maxsize  # read by Celery under this name alone, not through the settings


before_task_publish.connect(correlation.carry_on)
task_prerun.connect(correlation.begin)
task_postrun.connect(correlation.end)


@setup_logging.connect
def _keep_the_hubs_own_lines(**_: object) -> None:
    """Leave the logs as the settings have them: Celery sets up its own form of lines unless somebody listens here."""


@task_prerun.connect
@task_postrun.connect
def _let_go_of_broken_connections(**_: object) -> None:
    """Close what is broken or old, as Django does around each request."""
    close_old_connections()


@worker_init.connect
def _let_go_of_rows_when_stopped(**_: object) -> None:
    """Let the database end a transaction in which this worker stands still."""
    from hub import standing_still

    standing_still.end_after_a_lease()


@worker_ready.connect
def _spare_the_collector(**_: object) -> None:
    """Leave what a worker loads once out of garbage collection, and let its threads take turns more often."""
    garbage.spare_what_is_loaded()
    # A thread that comes back from the database waits up to this long for a busy one to let go, at each of a page's
    # statements. Receiving took 5 % less time than with the usual 5 ms.
    sys.setswitchinterval(0.001)


@worker_ready.connect
def _read_ahead(**_: object) -> None:
    """Let this worker work out the next page while it stores one."""
    from routes import ahead

    ahead.serve(True)


@worker_ready.connect
def _show_signs_of_life(sender: Any, **_: object) -> None:
    """Leave a sign of life every few seconds, from the loop that takes messages."""
    from hub import pulse

    name = str(sender.hostname).partition("@")[0]
    pulse.beat(name)
    sender.timer.call_repeatedly(pulse.SECONDS, pulse.beat, (name,))


@worker_shutdown.connect
def _take_the_sign_away(sender: Any, **_: object) -> None:
    """Leave no sign behind when this worker ends in order."""
    from hub import pulse

    pulse.end(str(sender.hostname).partition("@")[0])
