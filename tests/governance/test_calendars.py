"""Each legal entity has its own business calendar, in its own time zone and with its own exceptions."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from governance.actor import ENGINE
from governance.calendars import set_up, working_time
from governance.models import AuditEntry, CalendarDay, WeekdayHours
from governance.rights import NotAllowed, Role
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def test_calendar_knows_holidays_of_the_region_and_own_exceptions() -> None:
    calendar = set_up(legal_entity=company("HP-DE"), time_zone="Europe/Berlin", subdivision="BE", by=ENGINE)
    CalendarDay.objects.create(calendar=calendar, on=date(2026, 12, 24), is_working=False, name="Christmas Eve")
    found = working_time(company("HP-DE"))

    assert not found.is_business_day(date(2026, 3, 8))
    assert found.next_business_day(date(2026, 12, 23)) == date(2026, 12, 28)
    assert found.add_business_hours(datetime(2026, 10, 5, 7, tzinfo=UTC), timedelta(hours=8)) == datetime(
        2026, 10, 5, 15, tzinfo=UTC
    )


def test_calendar_is_set_up_once_with_an_audit_entry() -> None:
    first = set_up(legal_entity=company("HP-DE"), time_zone="Europe/Berlin", by=ENGINE)

    assert set_up(legal_entity=company("HP-DE"), time_zone="UTC", by=ENGINE) == first
    assert AuditEntry.objects.filter(verb="set_up").count() == 1


def test_without_a_calendar_usual_hours_and_the_country_count() -> None:
    assert working_time(company("HP-US")).next_business_day(date(2026, 11, 25)) == date(2026, 11, 27)


def test_working_time_costs_three_queries(django_assert_num_queries) -> None:
    germany = company("HP-DE")
    set_up(legal_entity=germany, time_zone="Europe/Berlin", by=ENGINE)

    with django_assert_num_queries(3):
        working_time(germany)


@pytest.mark.parametrize("wrong", [{"time_zone": "Berlin"}, {"time_zone": "UTC", "subdivision": "ZZ"}])
def test_unknown_time_zone_or_region_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"Europe/Berlin|not a region of DE; known are"):
        set_up(legal_entity=company("HP-DE"), by=ENGINE, **wrong)


def test_set_up_asks_for_the_right() -> None:
    with pytest.raises(NotAllowed):
        set_up(legal_entity=company("HP-DE"), time_zone="UTC", by=person("Viktor Lang", Role.VIEWER))


def test_database_refuses_hours_that_close_before_they_open() -> None:
    calendar = set_up(legal_entity=company("HP-DE"), time_zone="Europe/Berlin", by=ENGINE)

    with pytest.raises(IntegrityError, match="open_before_close"):
        WeekdayHours.objects.create(calendar=calendar, weekday=5, opens_at=time(17), closes_at=time(9))
