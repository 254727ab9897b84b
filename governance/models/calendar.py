"""Business calendars: when a legal entity works. The arithmetic is in `governance.working_time`, which knows no row."""

import zoneinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from governance import calendar_use
from governance.models.people import LegalEntity
from governance.scoping import EntityScopedQuerySet
from governance.working_time import Hours, WorkingTime, public_holidays, refuse_unknown_region

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


def check_time_zone(name: str) -> None:
    """Refuse a time zone that the IANA database does not know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f'"{name}" is not a time zone; write it as Europe/Berlin or America/New_York.')


class CalendarQuerySet(EntityScopedQuerySet["BusinessCalendar"]):
    """Calendars, which are kept as long as something goes by them."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete them. Raises ProtectedError, in words."""
        calendar_use.refuse_delete(self)
        return super().delete()


class BusinessCalendar(models.Model):
    """When one legal entity works: hours per weekday, public holidays of its region, and its own exceptions."""

    legal_entity = models.OneToOneField(LegalEntity, on_delete=models.CASCADE, related_name="calendar")
    country = models.CharField(max_length=2)  # ISO 3166-1; public holidays come from the holidays library
    subdivision = models.CharField(max_length=10, blank=True)  # state or province as ISO 3166-2 without country: "BE"
    time_zone = models.CharField(max_length=60, default="UTC", validators=[check_time_zone])  # IANA name

    weekday_hours: "RelatedManager[WeekdayHours]"
    days: "RelatedManager[CalendarDay]"
    objects = CalendarQuerySet.as_manager()
    history = HistoricalRecords()

    def __str__(self) -> str:
        return f"Calendar of {self.legal_entity}"

    def companies_concerned(self) -> list[LegalEntity]:
        """Return the companies that may want a second person for a change."""
        return [self.legal_entity] if self.legal_entity_id else []

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete it. Raises ProtectedError, in words, where something goes by it."""
        calendar_use.refuse_delete([self])
        return super().delete(*args, **kwargs)

    def clean(self) -> None:
        """Refuse a country or region whose holidays are not known."""
        try:
            refuse_unknown_region(self.country, self.subdivision)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    @cached_property
    def working_time(self) -> WorkingTime:
        """Return the calendar as a value to reckon with. Two queries; kept as long as this object."""
        hours = {each.weekday: Hours(each.opens_at, each.closes_at) for each in self.weekday_hours.all()}
        days = {day.on: day.is_working for day in self.days.all()}
        return WorkingTime(
            hours=hours,
            zone=zoneinfo.ZoneInfo(self.time_zone),
            holidays=public_holidays(self.country, self.subdivision),
            exceptions=days,
        )


class WeekdayHours(models.Model):
    """Opening hours on one weekday; a weekday without a row is not worked."""

    entity_path = "calendar__legal_entity"

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="weekday_hours")
    weekday = models.PositiveSmallIntegerField(
        choices=list(enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]))
    )
    opens_at = models.TimeField()  # local time of the calendar
    closes_at = models.TimeField()  # the same day

    objects = EntityScopedQuerySet["WeekdayHours"].as_manager()

    class Meta:
        verbose_name_plural = "weekday hours"
        ordering: ClassVar = ["weekday"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["calendar", "weekday"], name="weekday_hours_once"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="weekday_hours_weekday_is_known"),
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="weekday_hours_open_before_close"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M} to {self.closes_at:%H:%M}"


class CalendarDay(models.Model):
    """A day that differs from the rule: a company holiday, or a Saturday worked before year end."""

    entity_path = "calendar__legal_entity"

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="days")
    on = models.DateField()
    is_working = models.BooleanField()  # a worked day on a weekday without hours takes Monday's, else 9 to 17
    name = models.CharField(max_length=100)

    objects = EntityScopedQuerySet["CalendarDay"].as_manager()

    class Meta:
        ordering: ClassVar = ["on"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["calendar", "on"], name="calendar_day_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.name}"
