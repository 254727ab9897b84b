"""Forms of the administration offer the companies in which somebody may edit, and refuse another at its field."""

from typing import Any

import pytest
from django.test import Client

from connectors.models import Connection
from governance.models import AuditEntry, BusinessCalendar, RoleGrant
from governance.rights import Role
from routes.models import Destination, Route
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def counts(*prefixes: str) -> dict[str, str]:
    return {f"{each}-{name}_FORMS": "0" for each in prefixes for name in ("TOTAL", "INITIAL")}


CALENDAR = {"country": "GB", "time_zone": "Europe/London", **counts("weekday_hours", "days")}
ROUTE = {"name": "Time", "slug": "time", "canonical_entity": "time_entry", "order": "arrival", "lane": "default",
         "compare_days": "0", "shrink_limit_percent": "10", **counts("destinations")}  # fmt: skip
CONNECTION = {"name": "Harvest", "slug": "harvest", "connector": "harvest", "environment": "production",
              "auth": "", "concurrency": "4", **counts("windows")}  # fmt: skip
FORMS = [
    ("/admin/governance/businesscalendar/add/", CALENDAR, "country"),
    ("/admin/routes/route/add/", ROUTE, "name"),
    ("/admin/connectors/connection/add/?connector=harvest", CONNECTION, "name"),
]


@pytest.fixture
def ingrid(settings: Any, tmp_path: Any) -> Client:
    """Return the browser of somebody who edits in HP-DE, only looks in HP-GB, and is nobody in HP-US."""
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    made = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"))
    RoleGrant.objects.create(user=made, role=Role.VIEWER, legal_entity=company("HP-GB"), granted_by="engine:engine")
    company("HP-US")
    client = Browser()
    client.force_login(made)
    return client


def form_of(answer: Any) -> Any:
    return answer.context["adminform"].form


@pytest.mark.parametrize(("address", "typed", "kept"), FORMS)
def test_new_thing_is_offered_companies_with_the_right_to_edit_and_keeps_what_was_typed(
    ingrid: Client, address: str, typed: dict[str, str], kept: str
) -> None:
    offered = form_of(ingrid.get(address)).fields["legal_entity"].queryset
    assert [each.code for each in offered] == ["HP-DE"]

    for code in ("HP-GB", "HP-US"):
        answer = ingrid.post(address, typed | {"legal_entity": company(code).pk})

        assert answer.status_code == 200, "the form again, and not a page that says no"
        assert "let you change nothing there" in form_of(answer).errors["legal_entity"][0]
        assert form_of(answer)[kept].value() == typed[kept]
    for model in (BusinessCalendar, Route, Connection, AuditEntry):
        assert not model._default_manager.exists()


def test_thing_that_is_there_moves_to_no_company_without_the_right(ingrid: Client) -> None:
    there = BusinessCalendar.objects.create(legal_entity=company("HP-DE"), country="DE", time_zone="Europe/Berlin")
    address = f"/admin/governance/businesscalendar/{there.pk}/change/"

    answer = ingrid.post(address, CALENDAR | {"legal_entity": company("HP-GB").pk})

    assert (answer.status_code, set(form_of(answer).errors)) == (200, {"legal_entity"})
    there.refresh_from_db()
    assert there.legal_entity == company("HP-DE")


def test_destination_is_offered_routes_that_may_be_changed(ingrid: Client) -> None:
    for code in ("HP-DE", "HP-GB"):
        Route.objects.create(name=code, slug=code.lower(), legal_entity=company(code), canonical_entity="time_entry")
    there = Connection.objects.create(
        slug="ledger", name="Ledger", connector="netsuite", legal_entity=company("HP-DE"), environment="sandbox"
    )
    page = ingrid.get("/admin/routes/destination/add/")

    assert [each.name for each in form_of(page).fields["route"].queryset] == ["HP-DE"]
    typed = {"route": Route.objects.get(name="HP-GB").pk, "name": "Ledger", "connection": there.pk}
    answer = ingrid.post("/admin/routes/destination/add/", typed)
    assert "let you change nothing there" in form_of(answer).errors["route"][0]
    assert not Destination.objects.exists()


def test_whoever_only_looks_sees_the_company_and_lists_still_narrow_to_it(ingrid: Client) -> None:
    there = BusinessCalendar.objects.create(legal_entity=company("HP-GB"), country="GB", time_zone="Europe/London")

    page = ingrid.get(f"/admin/governance/businesscalendar/{there.pk}/change/").content.decode()

    assert "HP-GB Halden" in page
    assert f"legal_entity__id__exact={company('HP-GB').pk}" in ingrid.get("/admin/routes/route/").content.decode()
