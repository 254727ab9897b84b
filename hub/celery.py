"""Celery: carries nudges ("there may be work on this lane and connection"), never the truth."""

import gc
import os
import sys
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
app = Celery("throughline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _let_go_of_rows_when_stopped(**_: object) -> None:
    """Let the database end a transaction in which this worker has done nothing for a lease.

    A process that is stopped in the middle of one holds the rows that others are to take over from it.
    """
    from django.conf import settings
    from django.db.backends.signals import connection_created

    def bound(connection: Any, **_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = %s", [int(settings.LEASE_SECONDS * 1000)])

    connection_created.connect(bound, weak=False)


@worker_ready.connect
def _spare_the_collector(**_: object) -> None:
    """Leave what a worker loads once out of garbage collection, and let its threads take turns more often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    # A thread that comes back from the database waits up to this long for a busy one to let go, at each of a page's
    # statements. Receiving took 5 % less time than with the usual 5 ms.
    sys.setswitchinterval(0.001)


@worker_ready.connect
def _read_ahead(**_: object) -> None:
    """Let this worker work out the next page while it stores one."""
    from routes import ahead

    ahead.serve(True)
