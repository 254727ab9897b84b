"""Lanes and workers: what waits where, since when, and who works on it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import RedisError

from exceptions_queue.pages.door import context, page, person
from governance.rights import NotAllowed, Right, allowed, allowed_anywhere
from hub import signs
from routes import lanes as routes_lanes

PATIENCE = 1.0  # seconds that workers have to answer


@page
def lanes(request: HttpRequest) -> HttpResponse:
    """Show each lane with what waits in it, of what the person may see."""
    user = person(request)
    more = context("lanes", lanes=routes_lanes.lanes(user), operates=allowed_anywhere(user, Right.OPERATE))
    return render(request, "hub/lanes.html", more)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process that answered. Its place names the machine, which is technical."""

    name: str
    place: str
    lanes: tuple[str, ...]


@page
def workers(request: HttpRequest) -> HttpResponse:
    """Show the workers that answer now, as a part of the lanes' page: asking them takes a moment."""
    user = person(request)
    if not allowed_anywhere(user, Right.OPERATE):
        raise NotAllowed("Workers are shown to those who operate the hub. Ask an operator for the role Operator.")
    found, unreachable = _workers()
    served = {lane for worker in found for lane in worker.lanes}
    unserved = [] if unreachable else [lane for lane in settings.LANES if lane not in served]
    more = {
        "workers": found, "unreachable": unreachable, "unserved": unserved,
        "clock": _clock(),
        "technical": allowed(user, Right.SEE_TECHNICAL, None) and allowed(user, Right.OPERATE, None),
    }  # fmt: skip
    if request.GET.get("by") == "lane":
        served_by = {name: sum(name in worker.lanes for worker in found) for name in settings.LANES}
        return render(request, "hub/lane_workers.html", more | {"served_by": served_by})
    return render(request, "hub/workers.html", more)


def _clock() -> dict[str, object]:
    """Return when the clock gave its last sign of life (`at`, none when never), and whether it hangs (`is_late`)."""
    found = [sign for sign in signs.signs(Path(settings.STATE)) if sign.name == signs.CLOCK]
    if not found:
        return {"at": None, "is_late": False}
    newest = min(found, key=lambda sign: sign.seconds)
    return {"at": timezone.now() - timedelta(seconds=newest.seconds), "is_late": newest.is_late}


def _workers() -> tuple[list[Worker], bool]:
    """Return the workers that answer within a second, and whether the broker could not be asked."""
    try:
        answered = current_app.control.inspect(timeout=PATIENCE).active_queues() or {}
    except (OperationalError, OSError, RedisError):
        return [], True
    found = enumerate(sorted(answered.items()), 1)
    return [Worker(f"Worker {n}", place, tuple(q["name"] for q in queues)) for n, (place, queues) in found], False
