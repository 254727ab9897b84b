"""The administration in the words of people: what is deleted, chosen, listed, refused and told afterwards."""

import re

import pytest
from django.test import Client

from connectors.models import Connection
from governance.models import LegalEntity
from governance.rights import Role
from mappings import shipped
from routes.models import Destination, Route
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def germany() -> LegalEntity:
    return company("HP-DE")


@pytest.fixture
def ingrid() -> Client:
    return signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))


@pytest.fixture
def harvest(germany: LegalEntity) -> Connection:
    return Connection.objects.create(slug="harvest", name="Harvest", connector="harvest", legal_entity=germany)


@pytest.fixture
def route(germany: LegalEntity) -> Route:
    return Route.objects.create(slug="time", name="Time", legal_entity=germany, canonical_entity="time_entry")


def test_what_is_deleted_is_named_with_what_goes_with_it(ingrid: Client, route: Route, harvest: Connection) -> None:
    Destination.objects.create(route=route, name="Ledger", connection=harvest, stream="time_entries")

    words = text_of(ingrid.get(f"/admin/routes/route/{route.pk}/delete/"))

    assert "Delete route “Time”" in words
    assert "These go with it: Destination: Ledger" in words
    assert "Are you sure" not in words
    ticked = {"action": "delete_selected", "_selected_action": [str(route.pk)]}
    asked = ingrid.post("/admin/routes/route/", ticked)
    assert "These go, each with what stands below it: Route: Time Destination: Ledger" in text_of(asked)
    sent = dict(re.findall(r'<input type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', asked.content.decode()))
    assert ingrid.post("/admin/routes/route/", sent).status_code == 302
    assert not Route.objects.exists()


def test_what_keeps_a_thing_is_said_and_nothing_else(ingrid: Client, route: Route, harvest: Connection) -> None:
    Route.objects.filter(pk=route.pk).update(connection=harvest, stream="time_entries")

    words = text_of(ingrid.get(f"/admin/connectors/connection/{harvest.pk}/delete/"))

    assert "It cannot be deleted as things are. It is used by route Time. Remove these first." in words
    assert "Delete it" not in words
    assert "protected related objects" not in words


def test_lists_say_yes_and_no(ingrid: Client, route: Route, harvest: Connection) -> None:
    Route.objects.filter(pk=route.pk).update(enabled=False)
    for address, head in (("/admin/routes/route/", "Switched on"), ("/admin/connectors/connection/", "Paused")):
        page = ingrid.get(address).content.decode()
        assert head in page
        assert "close_small" not in page, "a red cross looks like something that is wrong"
        assert re.search(r">\s*no\s*<", page)


@pytest.mark.parametrize("address", ["routes/route/add/", "routes/destination/add/", "governance/businesscalendar/add/",
                                     "connectors/connection/add/?connector=harvest"])  # fmt: skip
def test_forms_offer_no_menu_that_changes_another_row(ingrid: Client, harvest: Connection, address: str) -> None:
    page = ingrid.get(f"/admin/{address}").content.decode()
    assert "Choose…" in page
    assert "Select value" not in page
    assert "related-widget-wrapper" not in page, "it deletes a company from within a route's form, and has no key"


def test_route_offers_mappings_as_people_call_them_and_presumes_no_kind_of_record(ingrid: Client) -> None:
    shipped.install()
    form = ingrid.get("/admin/routes/route/add/").context["adminform"].form
    offered = str(form["mapping"])
    assert ">Harvest time to time entries</option>" in offered
    assert 'value="harvest.time_entries"' in offered
    assert form["canonical_entity"].value() in (None, "")
    assert 'value=""' in str(form["canonical_entity"])


def test_history_calls_fields_as_the_form_does(ingrid: Client, germany: LegalEntity, harvest: Connection) -> None:
    shipped.install()
    blank = ingrid.get("/admin/routes/route/add/").context["adminform"].form
    sent = {
        "name": "Clients", "slug": "clients", "legal_entity": str(germany.pk), "connection": str(harvest.pk),
        "stream": "clients", "canonical_entity": "customer", "mapping": "harvest.clients", "compare_days": "0",
        "order": str(blank["order"].value()), "shrink_limit_percent": "10", "lane": "intake",
        "destinations-TOTAL_FORMS": "0", "destinations-INITIAL_FORMS": "0",
    }  # fmt: skip
    answer = ingrid.post("/admin/routes/route/add/", sent)
    assert answer.status_code == 302, text_of(answer)

    words = text_of(ingrid.get(f"/admin/routes/route/{Route.objects.get().pk}/history/"))

    assert "Short name empty clients" in words
    assert "Kind of record there empty clients" in words
    assert "Slug" not in words


def test_wrong_window_is_told_by_its_fields_names(ingrid: Client, harvest: Connection) -> None:
    address = f"/admin/connectors/connection/{harvest.pk}/change/"
    page = ingrid.get(address)
    form = page.context["adminform"].form
    sent = {name: str(form[name].value() or "") for name in form.fields}
    sent |= {"windows-TOTAL_FORMS": "1", "windows-INITIAL_FORMS": "0", "windows-0-reason": "Nightly"}

    words = text_of(ingrid.post(address, sent)).replace(" :", ":")

    assert "Maintenance window 1, once: from (UTC): This is needed for a window once." in words
    assert "An answer is needed. Where to find it: Sign in at id.getharvest.com" in words


def test_columns_of_a_new_table_that_are_wrong_stand_in_the_list_of_mistakes(ingrid: Client) -> None:
    sent = {"title": "Rates", "name": "rates", "approval": "at_once", "column-TOTAL_FORMS": "2",
            "column-INITIAL_FORMS": "2", "column-0-kind": "key", "column-1-kind": "text"}  # fmt: skip

    page = ingrid.post("/tables/new/", sent).content.decode()

    (summary,) = re.findall(r'<section class="wrong".*?</section>', page, re.DOTALL)
    assert "2 things are not right yet" in summary
    assert 'href="#id_column-0-name">Column 1, column</a>' in summary


def test_page_of_a_connection_leads_to_its_test_records_and_form(harvest: Connection, ingrid: Client) -> None:
    viktor = signed_in(person("Viktor Lang", Role.VIEWER))
    ways = [f"/admin/connectors/connection/{harvest.pk}/{each}/" for each in ("tests", "samples", "change")]
    page, seen = (each.get("/connections/harvest/").content.decode() for each in (ingrid, viktor))
    assert [way for way in ways if f'href="{way}"' not in page] == []
    assert page.index("What waits to be sent to it") < page.index('class="columns"'), "its six columns need the width"
    assert [way for way in ways if way in seen] == []
    assert 'href="/connections/harvest/"' in ingrid.get(ways[-1]).content.decode(), "and back"
