"""Lanes: what waits in each of them, of what somebody may see, and since when."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Count

from connectors.health import now_by_database
from connectors.models import Connection
from governance.models import User
from routes.backlog import Backlog, backlogs
from routes.models import Run
from routes.models.movement import RunState

LATE = 60.0  # seconds that due work waits until its lane is called late


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
    def later(self) -> int:
        """Return how many keys have their time still to come, or are with a worker."""
        return sum(each.later for each in self.backlogs)

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


def lanes(user: User) -> list[Lane]:
    """Return every lane with what waits in it, of what somebody may see. At most six queries."""
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
    return list(found.values())
