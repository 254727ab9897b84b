"""How long there is until a deadline, in working time, as people say it. Pure: every moment is given and aware."""

import datetime as dt

from governance.working_time import NeverOpen, WorkingTime

FAR = dt.timedelta(days=400)  # beyond it nobody counts working days
HOUR = dt.timedelta(hours=1)
USUAL_DAY = dt.timedelta(hours=8)


def countdown(due: dt.datetime, now: dt.datetime, working: WorkingTime) -> str:
    """Return "in 1 working day 3 h", or "past since Fri 27 Nov 18:00"; hours and days of the company's calendar.

    A working day is counted from this time of day to the same time of the next one that is worked.
    """
    local = due.astimezone(working.zone)
    if due <= now:
        named = f"{local:%A %H:%M}" if now - due < dt.timedelta(days=6) else f"{local:%a} {local.day} {local:%b %Y}"
        return f"past since {named}"
    if due - now > FAR:
        return f"on {local:%a} {local.day} {local:%b %Y}"
    days, rest = _left(due, now, working)
    if not days and not rest:
        return f"before work goes on, {local:%A %H:%M}"
    hours, minutes = divmod(int(rest.total_seconds()) // 60, 60)
    parts = [f"{days} working day{'' if days == 1 else 's'}"] if days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if not days and not hours else []
    return f"in {' '.join(parts)}"


def absolute(due: dt.datetime, working: WorkingTime) -> str:
    """Return the time itself: "Fri 4 Dec 2026 18:00 (Europe/Berlin)"."""
    local = due.astimezone(working.zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} ({working.zone.key})"


def days_left(due: dt.datetime, now: dt.datetime, working: WorkingTime) -> float:
    """Return how many working days are left, parts of one included; 0 when it is past."""
    if due <= now:
        return 0.0
    if due - now > FAR:
        return float(FAR.days)
    days, rest = _left(due, now, working)
    return days + min(0.999, rest / USUAL_DAY)


def _left(due: dt.datetime, now: dt.datetime, working: WorkingTime) -> tuple[int, dt.timedelta]:
    """Return whole working days and the working time beyond them; where work ends for good, what is left of it."""
    try:
        start = _begins(now, working)
    except NeverOpen:
        return 0, dt.timedelta(0)
    if start >= due:
        return 0, dt.timedelta(0)
    clock, day = start.astimezone(working.zone).time(), start.astimezone(working.zone).date()
    days, at = 0, start
    while True:
        try:
            day = working.next_business_day(day)
        except NeverOpen:
            break
        then = dt.datetime.combine(day, clock, working.zone).astimezone(dt.UTC)
        if then > due:
            break
        days, at = days + 1, then
    return days, working.business_hours_between(at, due)


def _begins(now: dt.datetime, working: WorkingTime) -> dt.datetime:
    """Return now while work goes on, else when it goes on next."""
    day = now.astimezone(working.zone).date()
    if working.is_business_day(day):
        opens, closes = working.opening(day)
        if now < closes:
            return max(now, opens)
    return working.opening(working.next_business_day(day))[0]
