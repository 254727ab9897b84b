"""What the clock starts. A few lines each: the verbs are in the apps."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from governance.actor import Actor, ActorKind
from routes.models import Route
from routes.runs import ask_for_run

SCHEDULE = Actor(ActorKind.RULE, "schedule", "Schedule")


@shared_task(ignore_result=True)
def start_run(route: str, *, compares: bool = False) -> None:
    """Ask for a run of a route, by its slug; with `compares` for one that finds what the source has deleted."""
    row = Route.objects.filter(slug=route, enabled=True).first()
    if row is None:  # switched off, or renamed: the schedule stays harmless
        return
    today = timezone.localdate()
    window = (today - timedelta(days=row.compare_days), today) if compares else None
    ask_for_run(row, by=SCHEDULE, trigger="schedule", window=window, compares=compares)
