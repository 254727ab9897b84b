"""Nobody overwrites what somebody else has changed while a form was open, nor loses what they typed to a deletion."""

import re

import pytest
from django.test import Client

from governance.models import BusinessCalendar, LegalEntity, User, WeekdayHours
from governance.rights import Role
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
FORM = {"code": "HP-DE", "name": "Halden SE", "country": "DE", "currency": "EUR"}


def admin(name: str) -> Client:
    client = Browser()
    client.force_login(person(name, Role.INTEGRATION_ADMIN, is_staff=True))
    return client


def seen(page: str) -> str:
    [value] = re.findall(r'name="_seen" value="([0-9a-f]+)"', page)
    return str(value)


def test_second_writer_is_told_and_may_insist() -> None:
    germany = company("HP-DE")
    address = f"/admin/governance/legalentity/{germany.pk}/change/"
    ingrid, farid = admin("Ingrid Solheim"), admin("Farid Amini")
    form = FORM
    opened = seen(ingrid.get(address).content.decode())
    assert farid.post(address, form | {"name": "Halden KG", "_seen": opened}).status_code == 302

    refused = ingrid.post(address, form | {"_seen": opened})

    body = refused.content.decode()
    assert refused.status_code == 200
    assert "Farid Amini has changed this" in body
    assert 'value="Halden SE"' in body, "what was typed stays"
    assert LegalEntity.objects.get(pk=germany.pk).name == "Halden KG"
    assert ingrid.post(address, form | {"_seen": seen(body)}).status_code == 302
    assert LegalEntity.objects.get(pk=germany.pk).name == "Halden SE"


def test_rows_edited_together_count_too() -> None:
    calendar = BusinessCalendar.objects.create(legal_entity=company("HP-DE"), country="DE", time_zone="Europe/Berlin")
    address = f"/admin/governance/businesscalendar/{calendar.pk}/change/"
    ingrid = admin("Ingrid Solheim")
    opened = seen(ingrid.get(address).content.decode())
    WeekdayHours.objects.create(calendar=calendar, weekday=0, opens_at="08:00", closes_at="12:00")

    answer = ingrid.post(
        address,
        {"legal_entity": calendar.legal_entity_id, "country": "DE", "time_zone": "Europe/Berlin", "_seen": opened}
        | {f"{rows}-{name}_FORMS": "0" for rows in ("weekday_hours", "days") for name in ("TOTAL", "INITIAL")},
    )

    assert answer.status_code == 200
    assert "while you had it open" in answer.content.decode()


def test_row_that_was_deleted_meanwhile_is_said_in_words() -> None:
    britain = company("HP-GB")
    ingrid = admin("Ingrid Solheim")
    address = f"/admin/governance/legalentity/{britain.pk}/change/"
    LegalEntity.objects.filter(pk=britain.pk).delete()

    body = ingrid.post(address, {"code": "HP-GB"}, follow=True).content.decode()

    assert "somebody has deleted it" in body
    assert "What you typed is not saved." in body


def test_history_tells_field_by_field_who_changed_what() -> None:
    germany = company("HP-DE")
    address = f"/admin/governance/legalentity/{germany.pk}"
    ingrid = admin("Ingrid Solheim")
    ingrid.post(f"{address}/change/", {"code": "HP-DE", "name": "Halden SE", "country": "DE", "currency": "EUR"})

    body = ingrid.get(f"{address}/history/").content.decode()

    for words in ("Ingrid Solheim", "Changed", "Name", "Halden &amp; Partner GmbH", "Halden SE"):
        assert words in body


@pytest.mark.parametrize("odd", ["a\x00b", "🧮" * 30, "-1", "x" * 5000, "99999999999999999999"])
def test_odd_input_is_answered_in_words(odd: str) -> None:
    germany = company("HP-DE")
    answer = admin("Ingrid Solheim").post(
        f"/admin/governance/legalentity/{germany.pk}/change/",
        {"code": odd, "name": odd, "country": odd, "currency": odd},
    )
    assert answer.status_code in (200, 400)
    assert LegalEntity.objects.get(pk=germany.pk).code == "HP-DE"


def test_form_that_says_nothing_of_what_was_seen_overwrites_nothing_and_keeps_what_was_typed() -> None:
    germany = company("HP-DE")
    address = f"/admin/governance/legalentity/{germany.pk}/change/"
    ingrid = admin("Ingrid Solheim")
    ingrid.post(address, FORM | {"name": "Halden KG"})
    bare = Client()
    bare.force_login(User.objects.get(username="ingrid"))

    for mark in ({}, {"_seen": ""}, {"_seen": "x" * 24}, {"_seen": "None"}):
        refused = bare.post(address, FORM | mark)

        assert refused.status_code == 200
        body = refused.content.decode()
        assert ("does not say which state" in body) == (not mark.get("_seen"))
        assert 'value="Halden SE"' in body, "what was typed stays"
        assert LegalEntity.objects.get(pk=germany.pk).name == "Halden KG"
    assert bare.post(address, FORM | {"_seen": seen(body)}).status_code == 302, "told of it, one may insist"
    assert LegalEntity.objects.get(pk=germany.pk).name == "Halden SE"


def test_form_that_adds_has_nothing_to_have_seen() -> None:
    bare = Client()
    bare.force_login(person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True))

    answer = bare.post("/admin/governance/legalentity/add/", FORM | {"code": "HP-NL", "name": "Halden BV"})

    assert answer.status_code == 302
    assert LegalEntity.objects.filter(code="HP-NL").exists()
