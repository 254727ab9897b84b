"""The one navigation: alike on our own pages and in the administration, by rights, and with the mark where one is."""

import re

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import Connection
from governance.models import RoleGrant
from governance.rights import Role
from hub.navigation import GROUPS, REST
from routes.models import Route
from tests.exceptions_queue.test_pages import signed_in
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
SIDE = re.compile(r'<header class="side">.*?</header>', re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)"\s*(aria-current="page")?>([^<]+)</a>')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
OURS = {
    "Overview",
    "Exceptions",
    "Order of exceptions",
    "Grouping rules",
    "Runs",
    "Transactions",
    "Connections",
    "Mappings",
    "Tables",
    "Lanes and workers",
}
OURS |= {"Events out", "Records", "Changes", "Bulk runs", "Approvals", "Corrections", "Emergency mode"}
LOOKS = OURS | {"Routes", "Business calendars", "Cut-offs", "API", "Companies", "Audit entries", "Administration"}
LOOKS |= {"Routing rules", "Teams", "Fallback teams", "Approval policies"}


def side_of(client: Client, address: str) -> str:
    (found,) = SIDE.findall(client.get(address).content.decode())
    return TOKEN.sub("", str(found))


def links(side: str) -> dict[str, str]:
    """Return the titles of the navigation with their addresses."""
    nav = side.partition("<nav")[2].partition("</nav>")[0]
    return {title: address for address, _, title in LINK.findall(nav)}


def mark(client: Client, address: str) -> list[str]:
    nav = side_of(client, address).partition("<nav")[2].partition("</nav>")[0]
    return [title for _, here, title in LINK.findall(nav) if here]


@pytest.mark.parametrize(
    ("role", "more", "sees"),
    [
        (None, {}, OURS),
        (Role.VIEWER, {}, OURS),
        (Role.FINANCE, {}, OURS),
        (Role.VIEWER, {"is_staff": True}, LOOKS),
        (Role.CONTROLLER, {}, LOOKS),
        (Role.INTEGRATION_ADMIN, {}, LOOKS),
        (Role.OPERATOR, {}, LOOKS | {"Users", "API clients"}),
        (None, {"is_superuser": True}, LOOKS | {"Users", "API clients"}),
    ],
)
def test_navigation_offers_what_opens(role: Role | None, more: dict[str, bool], sees: set[str]) -> None:
    client = signed_in(person("Ingrid Solheim", role, **more))
    found = links(side_of(client, "/sessions/"))
    assert found.keys() == sees
    assert {address: client.get(address).status_code for address in found.values()} == dict.fromkeys(
        found.values(), 200
    )


def test_operator_of_one_company_is_not_offered_clients_of_the_api() -> None:
    client = signed_in(person("Olga Petrenko", Role.OPERATOR, company("HP-DE")))
    assert "API clients" not in links(side_of(client, "/"))


def test_side_is_the_same_on_our_pages_and_in_the_administration() -> None:
    client = signed_in(person("Olga Petrenko", Role.OPERATOR))
    bare = {
        re.sub(r'\s*(aria-current="page"|\bopen)?\s*>', ">", side_of(client, address))
        for address in (
            "/",
            "/connections/",
            "/sessions/",
            "/admin/",
            "/admin/routes/route/",
            "/admin/governance/user/",
        )
    }
    assert len({re.sub(r"\s+", " ", side) for side in bare}) == 1
    for address in ("/connections/", "/admin/routes/route/"):
        page = client.get(address).content.decode()
        assert "queue/side.css" in page, address
        assert "queue/theme.js" in page, address
        assert page.count("data-search") == page.count('<nav aria-label="Main"') == 1, address
        assert "opencommand" not in page, "the library's own search finds no keys"
        assert "adminTheme ==" not in page, "the library's own switch of the theme"


def test_mark_stands_where_one_is() -> None:
    client = signed_in(person("Olga Petrenko", is_superuser=True))
    germany = company("HP-DE")
    harvest = Connection.objects.create(
        slug="harvest", name="Harvest", connector="harvest", legal_entity=germany, environment="sandbox"
    )
    route = Route.objects.create(slug="time", name="Time", legal_entity=germany, canonical_entity="time_entry")
    for address, title in (
        ("/", "Overview"), ("/connections/harvest/", "Connections"), ("/tables/new/", "Tables"), ("/api/", "API"),
        (f"/admin/connectors/connection/{harvest.pk}/change/", "Connections"),
        (f"/admin/routes/route/{route.pk}/schedules/", "Routes"), ("/admin/routes/destination/add/", "Routes"),
        ("/admin/routes/subscription/", "Events out"), ("/admin/governance/rolegrant/", "Users"),
        ("/admin/governance/apiclient/add/", "API clients"), ("/admin/governance/version/", "Administration"),
        ("/admin/", "Administration"), ("/admin/routes/", "Administration"),
        (f"/admin/governance/user/{person('Viktor Dahl').pk}/password/", "Users"),
    ):  # fmt: skip
        assert mark(client, address) == [title], address
    for address in ("/search/?q=time", "/sessions/"):
        assert mark(client, address) == [], address
    assert 'value="time"' in side_of(client, "/search/?q=time")


def test_long_groups_are_folded_until_one_is_in_them() -> None:
    """Titles of all groups fit on a low screen; whoever works in one has its links before them."""
    client = signed_in(person("Olga Petrenko", is_superuser=True))
    folded = ["Rules for exceptions", "People and companies", "Operation"]
    pages = ("/", "/queue/order/", "/admin/governance/user/", "/lanes/")
    for address, opened in zip(pages, ["", *folded], strict=True):
        groups = re.findall(r"<details\s*(open)?\s*>\s*<summary>([^<]+)", side_of(client, address))
        closed = [title for is_open, title in groups if not is_open]
        assert closed == [each for each in folded if each != opened], address


def test_every_list_of_the_administration_has_its_place() -> None:
    """A model that is registered later belongs to an entry, or it is reached by the administration's first page."""
    named = {model for _, entries in GROUPS for entry in entries for model in entry.models}
    registered = {model._meta.label_lower for model in admin.site._registry}
    assert named <= registered
    assert registered - named == {
        "governance.version", "mappings.crossreference", "routes.postingperiod", "routes.webhookrefusal",
    }  # fmt: skip
    shown = signed_in(person("Rosa Root", is_superuser=True)).get(reverse(REST.view)).content.decode()
    for label in registered - named:
        assert f"/admin/{label.replace('.', '/')}/" in shown, label


def test_pages_without_a_person_have_no_side() -> None:
    assert SIDE.search(Client().get("/login/").content.decode()) is None


def test_navigation_costs_no_query_where_rights_are_asked_anyway_and_one_elsewhere() -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    client = signed_in(ingrid)
    for address, most in (
        ("/password/", 4), ("/runs/", 7), ("/connections/", 7), ("/admin/", 4), ("/admin/routes/route/", 11),
        ("/admin/governance/legalentity/", 8),
    ):  # fmt: skip
        client.get(address)
        ContentType.objects.clear_cache()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        asked = [query["sql"] for query in queries if "governance_rolegrant" in query["sql"]]
        assert len(asked) == 1, (address, asked)
        assert len(queries) <= most, (address, [query["sql"] for query in queries])


def test_role_that_is_taken_counts_no_more_on_the_next_page() -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    client = signed_in(ingrid)
    assert client.get("/admin/").status_code == 200
    RoleGrant.objects.filter(user=ingrid).delete()
    assert client.get("/admin/").status_code == 302
