"""A form that is refused says at its head what is wrong: each field by its name, led to, and tied to its words."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from mappings.models import LookupTable
from tests.exceptions_queue.test_pages import signed_in
from tests.governance.people import company, person
from tests.hub.test_table_pages import rates

pytestmark = pytest.mark.django_db
SUMMARY = re.compile(r'<section class="wrong".*?</section>', re.DOTALL)
LINK = re.compile(r'<a href="#([^"]+)">([^<]+)</a>: ([^<]+)')
ADMIN = [
    "governance_legalentity",
    "governance_user",
    "governance_businesscalendar",
    "routes_route",
    "routes_subscription",
]


@pytest.fixture
def client() -> Client:
    company("HP-DE")
    return signed_in(person("Root Solheim", is_superuser=True, is_staff=True))


def refused(client: Client, address: str, given: dict[str, str]) -> str:
    return str(client.post(address, given).content.decode())


def dangling(page: str) -> list[str]:
    """Return the ids that the page's inputs say they are described by, and that nothing on it has."""
    there = set(re.findall(r'\bid="([^"]+)"', page))
    told = [each for words in re.findall(r'aria-describedby="([^"]+)"', page) for each in words.split()]
    return [each for each in told if each not in there]


@pytest.mark.parametrize("model", ADMIN)
def test_administration_names_each_field_and_leads_to_it(client: Client, model: str) -> None:
    address = reverse(f"admin:{model}_add")
    blank = client.get(address).content.decode()
    sent = dict(re.findall(r'name="([\w-]+_FORMS)" value="(\d+)"', blank))

    page = refused(client, address, sent)

    (summary,) = SUMMARY.findall(page)
    links = LINK.findall(summary)
    assert links
    assert [at for at, _, _ in links if page.count(f'id="{at}"') != 1] == []
    assert all(label.strip() and words.strip() for _, label, words in links)
    assert dangling(page) == []
    assert 'role="alert"' in summary
    for at, _, words in links:
        assert f'{at}_error"' in page, words


def ours(table: LookupTable) -> dict[str, dict[str, str]]:
    return {
        f"/tables/{table.pk}/rows/": {},
        f"/tables/{table.pk}/sheets/": {},
        "/tables/new/": {"column-TOTAL_FORMS": "1", "column-INITIAL_FORMS": "0"},
        "/cross-references/new/": {},
        "/mappings/new/": {},
    }


def test_our_pages_do_the_same(client: Client) -> None:
    for address, given in ours(rates()).items():
        page = refused(client, address, given)
        assert len(SUMMARY.findall(page)) == 1, address
        links = LINK.findall(SUMMARY.findall(page)[0])
        assert links, address
        assert [at for at, _, _ in links if page.count(f'id="{at}"') != 1] == [], address
        assert dangling(page) == [], address


def test_rows_that_are_edited_with_a_thing_are_named_with_their_number(client: Client) -> None:
    address = reverse("admin:governance_businesscalendar_add")
    blank = client.get(address).content.decode()
    sent = dict(re.findall(r'name="([\w-]+_FORMS)" value="(\d+)"', blank))
    names = re.findall(r'name="days-__prefix__-(\w+)"', blank)

    page = refused(client, address, sent | {"days-TOTAL_FORMS": "1"} | {f"days-0-{name}": "nonsense" for name in names})

    (summary,) = SUMMARY.findall(page)
    assert re.search(r'href="#id_days-0-\w+">[^<]+ 1, \w+', summary), summary


def test_form_without_mistakes_has_no_such_list(client: Client) -> None:
    assert SUMMARY.findall(client.get("/tables/new/").content.decode()) == []
    assert SUMMARY.findall(client.get(reverse("admin:routes_route_add")).content.decode()) == []


def test_a_form_of_one_field_says_it_there(client: Client) -> None:
    table = rates()
    page = refused(client, f"/tables/{table.pk}/deletions/", {})
    assert SUMMARY.findall(page) == []
    assert dangling(page) == []
