"""When routes run next, for many of them at once, with a constant number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django_celery_beat.models import PeriodicTask

from governance.models import BusinessCalendar
from routes import schedule_words, schedules
from routes.models import Route


@dataclass(frozen=True, slots=True)
class NextRun:
    """When a route runs by itself: in words, and the next time; None where it comes all the time."""

    words: str
    at: datetime | None


def next_runs(routes: Iterable[Route], now: datetime) -> dict[int, NextRun]:
    """Return by route when it runs next; routes that are switched off or have no schedule are left out.

    What runs more often than once an hour has no next time that anybody would wait for. At most four queries.
    """
    by_name = {schedules.name_of(route): route for route in routes if route.enabled}
    if not by_name:
        return {}
    tasks = PeriodicTask.objects.filter(name__in=by_name, enabled=True).select_related("crontab", "interval")
    found = list(tasks)
    restricted = {task.name for task in found if schedules.only_on_working_days(task)}
    companies = {by_name[name].legal_entity_id for name in restricted}
    calendars = BusinessCalendar.objects.filter(legal_entity__in=companies).prefetch_related("weekday_hours", "days")
    working = {row.legal_entity_id: row.working_time for row in calendars} if companies else {}
    told = {}
    for task in found:
        route, only = by_name[task.name], task.name in restricted
        times = working.get(route.legal_entity_id) if only else None
        words = schedule_words.of(task, working_days_only=only)
        told[route.pk] = NextRun(words, schedule_words.next_time(task, now, times))
    return told
