"""A route's page in the admin: when it runs by itself, and a run at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from governance.actor import ENGINE
from governance.rights import Role
from routes import schedules
from routes.models import Run
from tests.governance.people import company, person
from tests.intake.firm import Firm


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(person("Olga Petrenko", role, company("HP-DE"), is_staff=True))
    return client


def page_of(firm: Firm) -> str:
    return f"/admin/routes/route/{firm.pushed.pk}"


def test_schedule_is_set_shown_and_removed_in_words(firm: Firm) -> None:
    admin, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"
    assert "only when somebody asks for it" in admin.get(page).content.decode()

    answer = admin.post(page, {"how": "every", "number": "15", "unit": "minutes"}, follow=True)
    assert "runs every 15 minutes." in answer.content.decode()
    form = admin.get(page).context["form"]
    assert (form.initial["how"], form.initial["number"], form.initial["unit"]) == ("every", 15, "minutes")

    times = {"how": "times", "times": "30 6 * * 1-5", "zone": "Europe/Berlin"}
    assert "runs at 30 6 * * 1-5 (Europe/Berlin)." in admin.post(page, times, follow=True).content.decode()
    assert admin.get(page).context["form"].initial["times"] == "30 6 * * 1-5"

    assert "only when somebody asks" in admin.post(page, {"how": "never"}, follow=True).content.decode()
    assert schedules.schedule_of(firm.pushed) is None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"how": "every"}, "how many minutes"),
        ({"how": "times"}, "at which times"),
        ({"how": "times", "times": "soon"}, "has 1 parts and not 5"),
        ({"how": "every", "number": "99", "unit": "days"}, "to 31 days"),
    ],
)
def test_schedule_that_cannot_be_followed_is_refused_and_what_was_typed_stays(
    firm: Firm, typed: dict[str, Any], told: str
) -> None:
    answer = signed_in(Role.INTEGRATION_ADMIN).post(f"{page_of(firm)}/schedules/", typed)

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert answer.context["form"]["how"].value() == typed["how"]
    assert schedules.schedule_of(firm.pushed) is None


def test_run_is_asked_for_by_those_who_may_send_again(firm: Firm) -> None:
    viewer = signed_in(Role.VIEWER)
    assert "/runs/" not in viewer.get(f"{page_of(firm)}/change/").content.decode().replace('href="/runs/"', "")
    assert viewer.post(f"{page_of(firm)}/runs/").status_code == 403
    assert not Run.objects.filter(route=firm.pushed).exists()

    client = Client()
    client.force_login(person("Carolin Seidel", Role.FINANCE, company("HP-DE"), is_staff=True))
    answer = client.post(f"{page_of(firm)}/runs/", follow=True)

    assert "A run is asked for." in answer.content.decode()
    assert Run.objects.get(route=firm.pushed).requested_by == "Carolin Seidel"
    assert client.post(f"{page_of(firm)}/schedules/", {"how": "never"}).status_code == 403


def test_schedule_of_whole_days_is_told_in_days(firm: Firm) -> None:
    schedules.set_schedule(firm.pushed, every=timedelta(days=1), by=ENGINE)

    assert "every day" in signed_in(Role.INTEGRATION_ADMIN).get(f"{page_of(firm)}/schedules/").content.decode()


def test_route_that_takes_events_has_neither(firm: Firm) -> None:
    page = f"/admin/routes/route/{firm.events.pk}"
    admin = signed_in(Role.INTEGRATION_ADMIN)

    assert "/schedules/" not in admin.get(f"{page}/change/").content.decode()
    assert admin.post(f"{page}/schedules/", {"how": "never"}).status_code == 403
