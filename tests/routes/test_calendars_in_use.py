"""A calendar stays as long as a schedule keeps to its working days."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.db.models import ProtectedError

from governance.actor import ENGINE
from governance.models import BusinessCalendar, WeekdayHours
from governance.rights import Role
from routes import schedules
from tests.door import Browser
from tests.governance.people import person
from tests.routes.world import World

Make = Callable[..., World]


@pytest.fixture
def world(quick_world: Make) -> World:
    """A world whose route keeps to the working days of its company."""
    made = quick_world()
    row = BusinessCalendar.objects.create(legal_entity=made.route.legal_entity, country="DE")
    WeekdayHours.objects.create(calendar=row, weekday=0, opens_at=time(9), closes_at=time(17))
    schedules.set_schedule(made.route, by=ENGINE, every=timedelta(hours=1), working_days_only=True)
    return made


def test_calendar_that_a_schedule_keeps_to_stays(world: World) -> None:
    row = BusinessCalendar.objects.get()
    for delete in (row.delete, BusinessCalendar.objects.all().delete):
        with pytest.raises(ProtectedError, match="“Time to ledger” keeps to its working days: change that first"):
            delete()
    schedules.set_schedule(world.route, by=ENGINE, every=timedelta(hours=1))
    row.delete()


def test_its_page_names_the_route_and_deletes_nothing(world: World, settings: Any, tmp_path: Any) -> None:
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    row, client = BusinessCalendar.objects.get(), Browser()
    client.force_login(person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True))
    asked = client.get(f"/admin/governance/businesscalendar/{row.pk}/delete/")
    assert "Time to ledger" in asked.content.decode()
    client.post(f"/admin/governance/businesscalendar/{row.pk}/delete/", {"post": "yes"})
    assert BusinessCalendar.objects.filter(pk=row.pk).exists()
