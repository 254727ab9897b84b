"""Celery: carries nudges ("there may be work on this lane and connection"), never the truth."""

import gc
import os

from celery import Celery
from celery.signals import worker_ready
from celery.worker.consumer import Consumer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
app = Celery("throughline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def _spare_the_collector(**_: object) -> None:
    """Leave what a worker loads once out of garbage collection: walking it cost a sixth of every request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@worker_ready.connect
def _send_for_its_lanes(sender: Consumer, **_: object) -> None:
    """Let this worker send straight what it receives for a lane that it carries, unless the operator says no."""
    from django.conf import settings

    from routes import senders

    if settings.STRAIGHT_THROUGH:
        senders.serve([lane for lane in sender.app.amqp.queues.consume_from if lane in settings.LANES])
