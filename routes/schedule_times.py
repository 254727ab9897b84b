"""The next times of a schedule that nobody has kept yet, as its form has it while somebody types."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from connectors.gate import database_now
from governance.models import BusinessCalendar
from routes import schedule_words, schedules
from routes.models import Route

SHOWN = 3  # times


@dataclass(frozen=True, slots=True)
class Coming:
    """When a route would run: in words, and the next times where there are some that one waits for."""

    words: str
    times: list[str] = field(default_factory=list)


def coming(
    route: Route, *, every: timedelta | None = None, crontab: str = "", timezone: str = "UTC",
    working_days_only: bool = False,
) -> Coming:  # fmt: skip
    """Return when a route would run by a schedule, which is kept nowhere. Raises NotASchedule. At most four queries."""
    calendar = BusinessCalendar.objects.filter(legal_entity=route.legal_entity_id).first()
    if working_days_only and calendar is None:
        raise schedules.NotASchedule(f"{route.legal_entity} has no calendar that says what its working days are.")
    now, task = database_now(), PeriodicTask()
    if every is None:
        task.crontab = CrontabSchedule(**schedules.times_of(crontab), timezone=ZoneInfo(timezone))
    else:
        kept = schedules.schedule_of(route)
        task.interval = IntervalSchedule(every=int(every.total_seconds()), period=IntervalSchedule.SECONDS)
        task.last_run_at = kept.last_run_at if kept else None
    words = schedule_words.of(task, working_days_only=working_days_only)
    return Coming(words, _times(task, now, calendar if working_days_only else None))


def _times(task: PeriodicTask, now: datetime, calendar: BusinessCalendar | None) -> list[str]:
    working = calendar.working_time if calendar else None
    found: list[str] = []
    moment = schedule_words.next_time(task, now, working)
    while moment is not None and len(found) < SHOWN:
        found.append(schedule_words.told_time(moment))
        task.last_run_at = moment
        moment = schedule_words.next_time(task, moment, working)
    return found
