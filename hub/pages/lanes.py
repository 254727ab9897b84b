"""Lanes and workers: what waits where, since when, and who works on it."""

from dataclasses import dataclass, field
from datetime import datetime

from celery import current_app
from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from kombu.exceptions import OperationalError

from connectors.health import now_by_database
from connectors.models import Connection
from exceptions_queue.pages.door import context, page, person
from governance.rights import NotAllowed, Right, allowed_anywhere
from routes.backlog import Backlog, backlogs
from routes.models import Run
from routes.models.movement import RunState

LATE = 60.0  # seconds that due work waits until its lane is called late
PATIENCE = 1.0  # seconds that workers have to answer


@dataclass(slots=True)
class Lane:
    """One lane with what waits in it."""

    name: str
    backlogs: list[Backlog] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)  # of connections
    runs: int = 0  # waiting or running
    since: datetime | None = None
    late: float = 0.0  # seconds

    @property
    def due(self) -> int:
        """Return how many keys could go now."""
        return sum(each.due for each in self.backlogs)

    @property
    def more(self) -> bool:
        """Whether more is due than was counted."""
        return any(each.more for each in self.backlogs)

    @property
    def lines(self) -> list[tuple[str, Backlog]]:
        """Return what waits, with the name of its connection; what waits longest first."""
        busy = [each for each in self.backlogs if each.due or each.later or each.consignments]
        busy.sort(key=lambda each: (each.since is None, each.since))
        return [(self.names.get(each.connection, ""), each) for each in busy]

    @property
    def is_late(self) -> bool:
        """Whether its oldest work has waited too long."""
        return self.late > LATE


@page
def lanes(request: HttpRequest) -> HttpResponse:
    """Show each lane with what waits in it, of what the person may see."""
    user = person(request)
    visible = dict(Connection.objects.visible_to(user).values_list("pk", "name"))
    now = now_by_database()
    found = {name: Lane(name, names=visible) for name in settings.LANES}
    for each in backlogs(visible):
        found.setdefault(each.lane, Lane(each.lane, names=visible)).backlogs.append(each)
    open_ = Run.objects.visible_to(user).filter(state__in=[RunState.WAITING, RunState.RUNNING])
    for name, number in open_.values_list("route__lane").annotate(number=Count("pk")).order_by():
        found.setdefault(name, Lane(name, names=visible)).runs = number
    for lane in found.values():
        lane.since = min((each.since for each in lane.backlogs if each.since), default=None)
        lane.late = (now - lane.since).total_seconds() if lane.since else 0.0
    more = context("lanes", lanes=list(found.values()), operates=allowed_anywhere(user, Right.OPERATE))
    return render(request, "hub/lanes.html", more)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process that answered."""

    name: str
    lanes: tuple[str, ...]


@page
def workers(request: HttpRequest) -> HttpResponse:
    """Show the workers that answer now, as a part of the lanes' page: asking them takes a moment."""
    if not allowed_anywhere(person(request), Right.OPERATE):
        raise NotAllowed("Workers are shown to those who operate the hub. Ask an operator for the role Operator.")
    found, unreachable = _workers()
    served = {lane for worker in found for lane in worker.lanes}
    unserved = [] if unreachable else [lane for lane in settings.LANES if lane not in served]
    more = {"workers": found, "unreachable": unreachable, "unserved": unserved}
    return render(request, "hub/workers.html", more)


def _workers() -> tuple[list[Worker], bool]:
    """Return the workers that answer within a second, and whether the broker could not be asked."""
    try:
        answered = current_app.control.inspect(timeout=PATIENCE).active_queues() or {}
    except (OperationalError, OSError):
        return [], True
    return [Worker(name, tuple(queue["name"] for queue in queues)) for name, queues in sorted(answered.items())], False
