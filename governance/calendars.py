"""The business calendar of a legal entity: set up with usual hours, and asked for as a value to reckon with."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction

from governance import audit, second_person
from governance.actor import By
from governance.models import BusinessCalendar, LegalEntity, WeekdayHours
from governance.rights import Right, require
from governance.working_time import NINE_TO_FIVE, WorkingTime, public_holidays

MONDAY_TO_FRIDAY = range(5)
NO_DAY = (
    "A company works on one day of the week at least: without one no cut-off has a date, and schedules that keep to "
    "working days never run."
)


@transaction.atomic
def set_up(
    *,
    legal_entity: LegalEntity,
    time_zone: str,
    by: By,
    subdivision: str = "",
    opens_at: time = NINE_TO_FIVE.opens_at,
    closes_at: time = NINE_TO_FIVE.closes_at,
) -> BusinessCalendar:
    """Give a legal entity its calendar: Monday to Friday, public holidays of its country and region.

    A legal entity that has one keeps it. Raises ValidationError for an unknown time zone or region.
    """
    require(by, Right.EDIT_CONFIGURATION, legal_entity)
    existing = BusinessCalendar.objects.filter(legal_entity=legal_entity).first()
    if existing:
        return existing
    second_person.require_agreed(by, [legal_entity], thing=f"the calendar of {legal_entity}")
    calendar = BusinessCalendar(
        legal_entity=legal_entity, country=legal_entity.country, subdivision=subdivision, time_zone=time_zone
    )
    calendar.full_clean()
    calendar.save()
    WeekdayHours.objects.bulk_create(
        WeekdayHours(calendar=calendar, weekday=weekday, opens_at=opens_at, closes_at=closes_at)
        for weekday in MONDAY_TO_FRIDAY
    )
    after = {"country": calendar.country, "subdivision": subdivision, "time_zone": time_zone}
    audit.record(by=by, verb="set_up", thing=calendar, after=after, legal_entity=legal_entity)
    return calendar


def working_time(legal_entity: LegalEntity) -> WorkingTime:
    """Return when a legal entity works. Without a calendar: Monday to Friday, 9 to 17 UTC, holidays of its country."""
    calendar = (
        BusinessCalendar.objects.filter(legal_entity=legal_entity).prefetch_related("weekday_hours", "days").first()
    )
    if calendar:
        return calendar.working_time
    return _usual(legal_entity)


def working_times(entities: Iterable[int]) -> dict[int, WorkingTime]:
    """Return when legal entities work, by id; as `working_time`. Four queries, however many; none for none."""
    wanted = set(entities)
    if not wanted:
        return {}
    rows = BusinessCalendar.objects.filter(legal_entity__in=wanted).prefetch_related("weekday_hours", "days")
    found = {row.legal_entity_id: row.working_time for row in rows}
    if missing := wanted - found.keys():
        found |= {each.pk: _usual(each) for each in LegalEntity.objects.filter(pk__in=missing)}
    return found


def _usual(legal_entity: LegalEntity) -> WorkingTime:
    return WorkingTime(
        hours=dict.fromkeys(MONDAY_TO_FRIDAY, NINE_TO_FIVE),
        zone=ZoneInfo("UTC"),
        holidays=public_holidays(legal_entity.country),
    )


def today(companies: Collection[int], now: datetime) -> date:
    """Return the day that it is now where a company works; of several the latest, of none that of UTC. One query."""
    rows = BusinessCalendar.objects.filter(legal_entity__in=list(companies))
    zones = dict(rows.values_list("legal_entity_id", "time_zone"))
    return max((now.astimezone(ZoneInfo(zones.get(each, "UTC"))).date() for each in companies), default=now.date())
