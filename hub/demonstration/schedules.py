"""When the firm's routes run by themselves: time often, masters now and then, a comparison of ids every night."""

from collections.abc import Iterable
from datetime import timedelta

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from hub.demonstration.movement import MASTERS
from routes.models import Route

OFTEN, NOW_AND_THEN = timedelta(minutes=1), timedelta(minutes=15)
TASK = "hub.tasks.start_run"


def make(routes: Iterable[Route]) -> None:
    """Give every route its schedule; one that people have changed stays as it is."""
    for route in routes:
        every = NOW_AND_THEN if route.slug in MASTERS else OFTEN
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=int(every.total_seconds()), period=IntervalSchedule.SECONDS
        )
        _task(f"{route.name}: read", route, interval=interval)
        if route.compare_days:
            nightly, _ = CrontabSchedule.objects.get_or_create(minute="20", hour="2", timezone="Europe/Berlin")
            _task(f"{route.name}: find deletions", route, crontab=nightly, compares=True)


def _task(
    name: str,
    route: Route,
    *,
    interval: IntervalSchedule | None = None,
    crontab: CrontabSchedule | None = None,
    compares: bool = False,
) -> None:
    kwargs = f'{{"route": "{route.slug}", "compares": {str(compares).lower()}}}'
    PeriodicTask.objects.get_or_create(
        name=name,
        defaults={"task": TASK, "interval": interval, "crontab": crontab, "kwargs": kwargs, "queue": "intake"},
    )
