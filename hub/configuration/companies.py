"""Legal entities and their business calendars as files."""

from datetime import date, time

from governance.actor import By
from governance.calendars import NO_DAY
from governance.models import BusinessCalendar, CalendarDay, LegalEntity, WeekdayHours
from hub.configuration.file import File
from hub.configuration.form import Data, written_time
from hub.configuration.kind import Kind, Put
from hub.configuration.work import Work

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
IDLE = "it works on no day of the week: no cut-off has a date, and schedules that keep to working days never run"
FIELDS = ("code", "name", "country", "currency")


class LegalEntities(Kind):
    """The companies of the firm."""

    folder, one, key = "legal_entities", "legal entity", ("code",)

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        return [{name: getattr(row, name) for name in FIELDS} for row in LegalEntity.objects.visible_to(by)]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a company."""
        code = file.value.get("code", "")
        row = LegalEntity.objects.visible_to(work.by).filter(code=code).first() or LegalEntity(code=code)
        for name in FIELDS[1:]:
            setattr(row, name, file.value.get(name, getattr(row, name)))
        work.judge(row, {})
        work.save(row, [row if row.pk else None], here, file.value)
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Delete a company that nothing refers to."""
        row = LegalEntity.objects.get(code=name)
        work.removal(self.one, name, lambda: work.delete(row, row, {"code": name, "name": row.name}))


def entity(work: Work, code: object, place: tuple[str | int, ...] = ("legal_entity",)) -> LegalEntity | None:
    """Return the legal entity of a code that a file names; a mistake is told where there is none."""
    if not code:
        return None
    rows = LegalEntity.objects.visible_to(work.by).filter(code=code)
    found: LegalEntity | None = work.named("legal_entities", code, rows, place, "legal entity")
    return found


class Calendars(Kind):
    """When companies work."""

    folder, one, key = "calendars", "calendar", ("legal_entity",)

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        found = BusinessCalendar.objects.visible_to(by).select_related("legal_entity")
        return [_calendar(row) for row in found.prefetch_related("weekday_hours", "days")]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a calendar, with all of its hours and days."""
        value, owner = file.value, entity(work, file.value.get("legal_entity"))
        if owner is None:
            return Put()
        row = BusinessCalendar.objects.filter(legal_entity=owner).first() or BusinessCalendar(legal_entity=owner)
        row.country = value.get("country", owner.country)
        row.subdivision, row.time_zone = value.get("subdivision", ""), value.get("time_zone", "UTC")
        work.judge(row, {})
        idle = not value.get("hours")
        if idle and (here.get("hours") if here else not work.of_folder):
            work.say(("hours",), NO_DAY, "Give opening hours of one day at least.")
        work.save(row, [owner], here, value)
        row.weekday_hours.all().delete()
        for name, hours in value.get("hours", {}).items():
            self._hours(work, row, name, hours)
        row.days.all().delete()
        for number, each in enumerate(value.get("days", [])):
            self._day(work, row, number, each)
        return Put((IDLE,) if idle and here is None else ())

    def _hours(self, work: Work, row: BusinessCalendar, name: str, hours: Data) -> None:
        opens, closes = (read_time(hours.get(end)) for end in ("opens", "closes"))
        if opens is None or closes is None:
            return
        if opens >= closes:
            work.say(("hours", name), "it closes before it opens.", "Exchange the two times, or correct one.")
            return
        WeekdayHours.objects.create(calendar=row, weekday=WEEKDAYS.index(name), opens_at=opens, closes_at=closes)

    def _day(self, work: Work, row: BusinessCalendar, number: int, given: Data) -> None:
        on = read_day(work, given.get("day"), ("days", number, "day"))
        if on is not None and "name" in given and "working" in given:
            CalendarDay.objects.update_or_create(
                calendar=row, on=on, defaults={"name": given["name"], "is_working": given["working"]}
            )

    def remove(self, work: Work, name: str) -> None:
        """Delete a calendar."""
        row = BusinessCalendar.objects.get(legal_entity__code=name)
        work.removal(self.one, name, lambda: work.delete(row, row.legal_entity, {"legal_entity": name}))


def _calendar(row: BusinessCalendar) -> Data:
    return {
        "legal_entity": row.legal_entity.code,
        "country": row.country,
        "subdivision": row.subdivision,
        "time_zone": row.time_zone,
        "hours": {
            WEEKDAYS[each.weekday]: {"opens": written_time(each.opens_at), "closes": written_time(each.closes_at)}
            for each in row.weekday_hours.all()
        },
        "days": [{"day": str(day.on), "name": day.name, "working": day.is_working} for day in row.days.all()],
    }


def read_time(text: object) -> time | None:
    """Return the time of day that a file gives."""
    return time.fromisoformat(text) if isinstance(text, str) and text else None


def read_day(work: Work, text: object, place: tuple[str | int, ...]) -> date | None:
    """Return the day that a file gives; a mistake is told where no calendar has it."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        work.say(place, f"{text} is no day of any calendar.", "Write it as 2026-04-30.")
        return None
