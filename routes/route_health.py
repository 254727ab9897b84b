"""How each route is just now: its last run and how that ended, what failed today, what stops it, when it runs next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from routes.models import Route, Run
from routes.models.movement import RunState
from routes.newest import first_id
from routes.next_runs import NextRun, next_runs

MOST = 10_000  # failures of a day that are counted; beyond them nobody needs to know better

# The newest run of each route is found by its part of an index, and today's failures by the time in their ids.
FOUND = """
SELECT of_route.id, run.id, 0, 0 FROM unnest(%(routes)s::bigint[]) AS of_route(id) CROSS JOIN LATERAL (
    SELECT id FROM routes_run WHERE route_id = of_route.id ORDER BY created_at DESC LIMIT 1) run
UNION ALL
SELECT route_id, NULL, count(*), 0 FROM (
    SELECT route_id FROM routes_failure WHERE id >= %(midnight)s AND route_id = ANY(%(routes)s::bigint[])
    LIMIT %(most)s) today
GROUP BY 1
UNION ALL
SELECT route_id, NULL, 0, count(*) FROM routes_destination
WHERE NOT enabled AND route_id = ANY(%(routes)s::bigint[]) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class RouteHealth:
    """One route's health. `kind` is good, busy, warn, bad or empty."""

    route: Route
    kind: str
    title: str
    words: str
    last: Run | None
    next: NextRun | None
    failures: int  # written down today; at most MOST are counted over all routes

    @property
    def trouble(self) -> int:
        """Return how much it wants to be looked at: 0 is worst."""
        return {"bad": 0, "warn": 1}.get(self.kind, 2)


def route_healths(routes: Sequence[Route], now: datetime) -> list[RouteHealth]:
    """Return how routes are, what needs somebody first. At most six queries, however many there are.

    Failures count today, by UTC, and of all legal entities that a route reads for.
    """
    ids = [each.pk for each in routes]
    if not ids:
        return []
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    failed, off, newest = dict.fromkeys(ids, 0), dict.fromkeys(ids, 0), []
    with connection.cursor() as cursor:
        cursor.execute(FOUND, {"routes": ids, "midnight": first_id(midnight), "most": MOST})
        for id_, run, failures, destinations in cursor.fetchall():
            failed[id_] += failures
            off[id_] += destinations
            newest += [run] if run else []
    last = {run.route_id: run for run in Run.objects.filter(pk__in=newest)}
    times = next_runs(routes, now)
    found = []
    for route in routes:
        kind, title, words = _state(route, last.get(route.pk), off[route.pk])
        found.append(RouteHealth(route, kind, title, words, last.get(route.pk), times.get(route.pk), failed[route.pk]))
    return sorted(found, key=lambda each: (each.trouble, each.route.name))


def _state(route: Route, last: Run | None, off: int) -> tuple[str, str, str]:
    if not route.enabled:
        return "warn", "switched off", "It reads nothing and takes nothing in."
    if last is not None and last.state == RunState.STOPPED:
        return "bad", "stopped", last.message
    if last is not None and last.state == RunState.HELD:
        return "warn", "held for a person", last.message
    if off:
        return "warn", "holds back", f"{off} of its destinations {'is' if off == 1 else 'are'} switched off."
    if last is not None and last.state in (RunState.RUNNING, RunState.WAITING):
        return "busy", "running" if last.state == RunState.RUNNING else "waiting for a worker", last.message
    if last is None:
        return ("good", "takes what is sent", "") if route.takes_events else ("", "has not run yet", "")
    return "good", "working", ""
