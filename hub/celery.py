"""Celery: carries nudges ("there may be work on this lane and connection"), never the truth."""

import gc
import os

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
app = Celery("throughline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def _spare_the_collector(**_: object) -> None:
    """Leave what a worker loads once out of garbage collection: walking it cost a sixth of every request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
