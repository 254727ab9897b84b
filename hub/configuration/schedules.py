"""Schedules as files: when a route runs by itself."""

from datetime import timedelta

from django_celery_beat.models import PeriodicTask

from governance.actor import By
from governance.still_there import held
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.kind import Kind, Put
from hub.configuration.work import Postponed, Work
from routes import schedules
from routes.models import Route


class Schedules(Kind):
    """When routes run; one that has no file runs only when somebody asks."""

    folder, one, key = "schedules", "schedule", ("route",)

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        tasks = schedules.all_schedules()
        return [_schedule(route, tasks[route.pk]) for route in Route.objects.visible_to(by) if route.pk in tasks]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Set a route's schedule."""
        value, slug = file.value, file.name
        if why := work.waiting.get(("routes", slug)):
            raise Postponed(f"waits for the route {slug}, which {why}")
        route = work.named("routes", slug, Route.objects.visible_to(work.by).filter(slug=slug), ("route",), "route")
        if route is None:
            return Put()
        held(Route.objects.all(), route)  # its form takes it, too
        work.require_as_found(here, schedules.schedule_of(route) or PeriodicTask())
        every = timedelta(seconds=value["every_seconds"]) if "every_seconds" in value else None
        try:
            schedules.set_schedule(
                route, by=work.by, every=every, crontab=value.get("times", ""),
                timezone=value.get("time_zone", "UTC"),
                working_days_only=value.get("working_days_only", False), reason=work.reason,
            )  # fmt: skip
        except schedules.NotASchedule as error:
            work.say(("times",) if "times" in value else ("every_seconds",), str(error))
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Let the route run only when somebody asks."""
        route = Route.objects.get(slug=name)
        task = PeriodicTask.objects.get(name=schedules.name_of(route))

        def act() -> None:
            held(PeriodicTask.objects.all(), task)
            schedules.remove_schedule(route, by=work.by, reason=work.reason)

        work.removal("schedule of route", name, act)


def _schedule(route: Route, task: PeriodicTask) -> Data:
    found: Data = {"route": route.slug}
    if schedules.only_on_working_days(task):
        found["working_days_only"] = True
    if task.crontab is not None:
        times = " ".join(str(getattr(task.crontab, name)) for name in schedules.CRON_FIELDS)
        return found | {"times": times, "time_zone": str(task.crontab.timezone)}
    return found | ({"every_seconds": task.interval.every} if task.interval is not None else {})
