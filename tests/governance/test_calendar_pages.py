"""The admin of calendars: regions by name, the usual week, errors at their fields, and a year to look at."""

from typing import Any

import pytest
from django.test import Client

from governance.calendar_admin import countries
from governance.models import BusinessCalendar, CalendarDay, WeekdayHours
from governance.rights import Role
from governance.zones import zone_of
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ingrid(settings: Any, tmp_path: Any) -> Client:
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    client = Browser()
    client.force_login(person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True))
    return client


def typed(**more: str) -> dict[str, Any]:
    week = {
        f"weekday_hours-{day}-{name}": value
        for day in range(5)
        for name, value in (("weekday", str(day)), ("opens_at", "09:00"), ("closes_at", "17:00"))
    }
    counts = {"weekday_hours-TOTAL_FORMS": "5", "weekday_hours-INITIAL_FORMS": "0", "days-INITIAL_FORMS": "0"}
    own = {"days-TOTAL_FORMS": "1", "days-0-on": "2026-12-24", "days-0-name": "Christmas Eve"}
    place = {"legal_entity": company("HP-DE").pk, "country": "DE", "subdivision": "HH", "time_zone": "Europe/Berlin"}
    return place | counts | week | own | more


ADD = "/admin/governance/businesscalendar/add/"


def test_new_calendar_begins_with_the_usual_week_and_offers_regions_by_name(ingrid: Client) -> None:
    page = ingrid.get(ADD).content.decode()

    assert page.count('value="09:00"') == 5
    assert ">Germany</option>" in page
    assert ">HH: Hamburg</option>" in page
    assert ingrid.post(ADD, typed()).status_code == 302
    assert WeekdayHours.objects.count() == 5
    assert CalendarDay.objects.get().is_working is False


def test_every_mistake_stands_at_its_field_and_what_was_typed_stays(ingrid: Client) -> None:
    wrong = typed(subdivision="ZZ", **{"weekday_hours-0-closes_at": "08:00", "days-0-name": "x" * 101})
    wrong["time_zone"] = "Europe/Atlantis"

    answer = ingrid.post(ADD, wrong)

    form = answer.context["adminform"].form
    hours, days = (each.formset for each in answer.context["inline_admin_formsets"])
    assert set(form.errors) == {"subdivision", "time_zone"}
    assert "is not a region of DE" in form.errors["subdivision"][0]
    assert "end must lie after" in hours.errors[0]["closes_at"][0]
    assert "name" in days.errors[0]
    assert form["subdivision"].value() == "ZZ"
    assert not BusinessCalendar.objects.exists()


def test_day_that_stands_twice_is_said_in_words(ingrid: Client) -> None:
    answer = ingrid.post(ADD, typed(**{"weekday_hours-1-weekday": "0"}))

    assert "Give each day one line." in answer.content.decode()
    assert not BusinessCalendar.objects.exists()


def test_calendar_on_which_no_day_is_worked_is_refused_at_its_week(ingrid: Client) -> None:
    none = {f"weekday_hours-{day}-{name}": "" for day in range(5) for name in ("weekday", "opens_at", "closes_at")}
    for typed_none in ({"weekday_hours-TOTAL_FORMS": "0"}, {f"weekday_hours-{day}-DELETE": "on" for day in range(5)}):
        answer = ingrid.post(ADD, typed() | typed_none)
        (words,) = answer.context["inline_admin_formsets"][0].formset.non_form_errors()
        assert "works on one day of the week at least" in words
    assert ingrid.post(ADD, typed() | none).status_code == 200
    assert not BusinessCalendar.objects.exists()

    ingrid.post(ADD, typed())
    calendar = BusinessCalendar.objects.get()
    lines = {f"weekday_hours-{n}-id": row.pk for n, row in enumerate(calendar.weekday_hours.order_by("pk"))}
    sent = typed() | lines | {"weekday_hours-INITIAL_FORMS": "5"}
    sent |= {f"weekday_hours-{n}-calendar": calendar.pk for n in range(5)}
    page = f"/admin/governance/businesscalendar/{calendar.pk}/change/"
    gone = {f"weekday_hours-{day}-DELETE": "on" for day in range(5)}
    sent["days-TOTAL_FORMS"] = "0"

    assert "works on one day of the week at least" in ingrid.post(page, sent | gone).content.decode()
    assert calendar.weekday_hours.count() == 5
    del gone["weekday_hours-2-DELETE"]
    assert ingrid.post(page, sent | gone).status_code == 302
    assert [row.weekday for row in calendar.weekday_hours.all()] == [2]


def test_year_shows_holidays_and_own_days(ingrid: Client) -> None:
    ingrid.post(ADD, typed())
    calendar = BusinessCalendar.objects.get()
    page = f"/admin/governance/businesscalendar/{calendar.pk}/years/"

    body = ingrid.get(f"{page}?year=2026").content.decode()

    for words in ("Thu 2026-12-24", "Christmas Eve", "own day", "Fri 2026-12-25", "public holiday", "Reformation"):
        assert words in body, words
    assert "days are worked" in body
    for odd in ("9" * 400, "-1", "1%00", "two", ""):
        assert ingrid.get(f"{page}?year={odd}").status_code in (200, 400)


@pytest.mark.parametrize(("code", "zone"), [("HP-DE", "Europe/Berlin"), ("HP-GB", "Europe/London"), ("HP-US", "")])
def test_new_calendar_of_the_only_company_has_its_zone_where_its_country_has_one(
    ingrid: Client, code: str, zone: str
) -> None:
    client = Browser()
    client.force_login(person("Grace Field", Role.INTEGRATION_ADMIN, company(code)))

    form = client.get(ADD).context["adminform"].form

    begun = {name: form[name].value() for name in ("legal_entity", "country", "time_zone")}
    assert begun == {"legal_entity": company(code).pk, "country": company(code).country, "time_zone": zone}


def test_time_zone_that_nobody_chose_is_asked_for(ingrid: Client) -> None:
    client = Browser()
    client.force_login(person("Grace Field", Role.INTEGRATION_ADMIN))
    company("HP-US")
    page = client.get(ADD)
    field = page.context["adminform"].form["time_zone"]

    assert field.value() in (None, "")
    assert next(iter(field.subwidgets)).data["value"] == "", "what a browser chooses by itself"
    for country, named in (("DE", "lives by Europe/Berlin"), ("US", "Choose a time zone.")):
        errors = client.post(ADD, typed(country=country, subdivision="", time_zone="")).context["adminform"].form.errors
        assert set(errors) == {"time_zone"}
        assert named in errors["time_zone"][0]
    assert not BusinessCalendar.objects.exists()


def test_zone_of_a_country_is_the_one_by_which_all_of_it_lives() -> None:
    found = {code: zone_of(code) for code in ("DE", "GB", "CH", "US", "ES", "CN", "XK", "ZZ", "")}

    assert found == {"DE": "Europe/Berlin", "GB": "Europe/London", "CH": "Europe/Zurich", "US": "", "ES": "", "CN": "",
                     "XK": "", "ZZ": "", "": ""}  # fmt: skip


def test_countries_are_called_as_people_call_them() -> None:
    called = dict(countries())

    assert called["CD"] == "Congo, Democratic Republic"
    assert (called["IM"], called["HM"]) == ("Isle of Man", "Heard Island and McDonald Islands")
    assert (called["AG"], called["GB"]) == ("Antigua and Barbuda", "United Kingdom")
    assert called["TL"] == "Timor-Leste"
    assert not any(word in f" {name} " for name in called.values() for word in (" And ", " Of ", "Mc "))
    assert list(called.values()).index("Åland Islands") < 5, "where its letter stands"


def test_second_calendar_of_a_company_is_refused_in_our_words(ingrid: Client) -> None:
    assert ingrid.post(ADD, typed()).status_code == 302

    errors = ingrid.post(ADD, typed()).context["adminform"].form.errors

    assert errors["legal_entity"][0].startswith("This company has a calendar already. Change that one")
    assert BusinessCalendar.objects.count() == 1
