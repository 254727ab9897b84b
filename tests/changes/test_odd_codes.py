"""Companies' codes that stand in addresses: which characters they may have, and those of older releases."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from governance import calendars
from governance.actor import ENGINE
from governance.models import BusinessCalendar, LegalEntity
from governance.rights import Role
from tests.changes.looking import browser
from tests.governance.people import person

pytestmark = pytest.mark.django_db
ODD = ["HP/IT", ".", "..", "HP?x", "HP IT", "HP#1", "~48", "Köln", "-HP"]


@pytest.mark.parametrize("code", ODD)
def test_code_that_cannot_stand_in_an_address_is_refused_at_its_field(code: str) -> None:
    everywhere = person("Ada Lund", Role.INTEGRATION_ADMIN, is_staff=True)
    given = {"code": code, "name": "Halden Italia", "country": "IT", "currency": "EUR"}

    answer = browser(everywhere).post("/admin/governance/legalentity/add/", given)

    words = str(answer.context["adminform"].form.errors["code"])
    assert "Letters from A to Z, digits, hyphens, underscores and dots are possible" in words
    assert not LegalEntity.objects.filter(code=code).exists()


@pytest.mark.parametrize("code", ["HP-IT", "it.2", "4711", "HP_IT"])
def test_usual_codes_are_taken(code: str) -> None:
    LegalEntity(code=code, name="Halden", country="IT", currency="EUR").full_clean()


@pytest.mark.parametrize("code", ODD)
def test_page_of_an_older_releases_company_opens(code: str) -> None:
    company = LegalEntity.objects.create(code=code, name="Halden Italia", country="IT", currency="EUR")
    calendars.set_up(legal_entity=company, time_zone="Europe/Rome", by=ENGINE)
    everywhere = browser(person("Ada Lund", Role.INTEGRATION_ADMIN, is_staff=True))
    row = BusinessCalendar.objects.get()

    assert everywhere.get(f"/admin/governance/businesscalendar/{row.pk}/change/").status_code == 200
    place = reverse("changes:states", args=["calendar", code])
    assert "/../" not in place
    assert "/./" not in place
    assert everywhere.get(place).status_code == 200
    company.name = "Halden Roma"
    company.full_clean()
    company.code = "HP?y"
    with pytest.raises(ValidationError, match="nothing else"):
        company.full_clean()
    assert everywhere.get("/changes/of/calendar/~zz/").status_code == 404
    assert everywhere.get("/changes/of/calendar/~00/").status_code == 404
