"""When the firm's routes run by themselves: time often, masters now and then; ids are compared once a day."""

from collections.abc import Iterable
from datetime import timedelta

from governance.actor import ENGINE
from hub.demonstration.movement import MASTERS
from routes import schedules
from routes.models import Route

OFTEN, NOW_AND_THEN = timedelta(minutes=1), timedelta(minutes=15)


def make(routes: Iterable[Route]) -> None:
    """Give every route its schedule; one that people have changed stays as it is."""
    for route in routes:
        if schedules.schedule_of(route) is None and not route.takes_events:
            every = NOW_AND_THEN if route.slug in MASTERS else OFTEN
            schedules.set_schedule(route, every=every, by=ENGINE, reason="the demonstration firm")
