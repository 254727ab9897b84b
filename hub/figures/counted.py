"""Figures that processes count as they work: web requests, and what they send to other systems.

Each process writes a small file in STATE/run/metrics, so that whichever web process is asked tells the sum of all that
share the folder: web and workers of one machine, or of all containers with that volume.
"""

import os
import socket
import time
from collections import Counter as Tally
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from django.conf import settings

from connectors import watching
from connectors.outcome import WriteOutcome

OLD_SECONDS = 7 * 86400  # after which the file of a process that no longer writes is dropped
REQUEST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ATTEMPT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


def folder() -> Path:
    """Return where the files of all processes lie."""
    return Path(settings.STATE) / "run" / "metrics"


def start() -> None:
    """Begin to count in this process and those that it forks."""
    folder().mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder())  # read by the package when it is loaded
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(_process)  # type: ignore[no-untyped-call]
    watching.on_sent.append(_sent)


def request(view: str, door: str, status: int, seconds: float) -> None:
    """Count one request that was answered."""
    figures = _figures()
    figures.requests.labels(view=view, status=str(status)).inc()
    figures.request_seconds.labels(door=door).observe(seconds)


def tidy() -> None:
    """Drop the files of processes that ended long ago, and what they counted; one that still writes touches its own."""
    for file in folder().glob("*.db"):
        if time.time() - file.stat().st_mtime > OLD_SECONDS:
            file.unlink(missing_ok=True)


def _sent(connector: str, outcomes: Sequence[WriteOutcome], seconds: float) -> None:
    figures = _figures()
    for result, count in Tally(str(outcome.result) for outcome in outcomes).items():
        figures.attempts.labels(connector=connector, outcome=result).inc(count)
    if any(outcome.result != "not_sent" for outcome in outcomes):
        figures.attempt_seconds.labels(connector=connector).observe(seconds)


@cache
def _figures() -> SimpleNamespace:
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry = CollectorRegistry()  # only the files are ever asked
    return SimpleNamespace(
        requests=Counter(
            "throughline_web_requests", "Requests that were answered", ["view", "status"], registry=registry
        ),
        request_seconds=Histogram(
            "throughline_web_request_seconds", "Seconds until a request was answered", ["door"],
            buckets=REQUEST_SECONDS, registry=registry,
        ),
        attempts=Counter(
            "throughline_attempts", "Writes that were tried at other systems", ["connector", "outcome"],
            registry=registry,
        ),
        attempt_seconds=Histogram(
            "throughline_attempt_seconds", "Seconds of one call that writes", ["connector"],
            buckets=ATTEMPT_SECONDS, registry=registry,
        ),
    )  # fmt: skip


def _process() -> str:
    """Return a name that no other process with the same folder has: containers all have a process 1."""
    return f"{socket.gethostname().replace('_', '-')}-{os.getpid()}"
