"""The main job: let the firm's routes run, masters first, until nothing moves by itself any more.

Workers do the work; `inline` does it in this process. Either way the database says how far it is.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db import connection

from governance.actor import ENGINE
from hub.demonstration.movement import MASTERS, TIME
from routes import inline, periods
from routes.models import Route
from routes.runs import UnderWay, ask_for_run
from routes.tasks import read_periods

LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Progress:
    """How far the job is."""

    stage: str
    read: int  # records known of all routes
    moving: int  # keys with something to send
    retrying: int  # keys that will be tried again by themselves in a while
    ended: int  # transactions that are posted or stopped
    running: int  # runs that are not at their end


Told = Callable[[Progress], None]


def run(*, work_here: bool, seconds: float, tell: Told = lambda progress: None) -> bool:
    """Run the routes; return whether they came to rest within the time."""
    until = time.monotonic() + seconds
    _ask(MASTERS)
    # What a master still lacks at the target is tried again for a while; time need not wait for that.
    masters = _rest(
        "Customers, projects and people", MASTERS, patient=False, work_here=work_here, until=until, tell=tell
    )
    for ledger in periods.connections_to_read():
        read_periods(ledger)
    _ask((TIME,))
    return masters and _rest(
        "Approved time", (*MASTERS, TIME), patient=True, work_here=work_here, until=until, tell=tell
    )


def _ask(slugs: Sequence[str]) -> None:
    for route in Route.objects.filter(slug__in=slugs, enabled=True).order_by("pk"):
        with suppress(UnderWay):  # the night's comparison; what is new comes with it or with the next run
            ask_for_run(route, by=ENGINE, trigger="person")


def _rest(title: str, slugs: Sequence[str], *, patient: bool, work_here: bool, until: float, tell: Told) -> bool:
    while True:
        if work_here:
            inline.work_off()
        progress = look(title, slugs)
        tell(progress)
        if not (progress.moving or progress.running or (patient and progress.retrying)):
            return True
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS / 5 if work_here else LOOK_SECONDS)


LOOK = """
SELECT
    (SELECT count(*) FROM routes_sourcehead h WHERE h.route_id = ANY(%(routes)s)),
    (SELECT array[count(*) FILTER (WHERE t.state <> 'retrying'), count(*) FILTER (WHERE t.state = 'retrying')]
     FROM routes_keyhead k JOIN routes_transaction t ON t.id = k.transaction_id
     JOIN routes_destination d ON d.id = t.destination_id
     WHERE k.due_at IS NOT NULL AND d.route_id = ANY(%(routes)s)),
    (SELECT coalesce(sum(cardinality(c.keys)), 0) FROM routes_consignment c WHERE c.route_id = ANY(%(routes)s)),
    (SELECT count(*) FROM routes_transaction t JOIN routes_destination d ON d.id = t.destination_id
     WHERE d.route_id = ANY(%(routes)s) AND t.state IN ('posted', 'failed', 'parked', 'held')),
    (SELECT count(*) FROM routes_run r WHERE r.route_id = ANY(%(routes)s) AND r.state IN ('waiting', 'running'))
"""


def look(title: str, slugs: Sequence[str]) -> Progress:
    """Return how far these routes are."""
    routes = list(Route.objects.filter(slug__in=slugs).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"routes": routes})
        read, (moving, retrying), travelling, ended, running = cursor.fetchone()
    return Progress(title, read, moving + travelling, retrying, ended, running)
