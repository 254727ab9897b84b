"""The admin's shell for those who do not see it or use no mouse: landmarks, names, ways in and out."""

import re

import pytest
from django.conf import settings

from governance.rights import Role
from governance.templatetags.reachable import reachable
from tests.door import Browser
from tests.governance.people import company, person

WITH_ROWS = "/admin/governance/businesscalendar/add/"  # a form with rows in a table
pytestmark = pytest.mark.django_db


@pytest.fixture
def pages() -> dict[str, str]:
    """Return a page of each kind by its address: the first one, a list, a form with inline rows, one for a deed."""
    client = Browser()
    client.force_login(person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True))
    germany = company("HP-DE")
    addresses = (
        "/admin/", "/admin/governance/legalentity/", f"/admin/governance/legalentity/{germany.pk}/change/",
        "/admin/routes/route/add/", "/admin/connectors/connection/add/", WITH_ROWS,
    )  # fmt: skip
    return {address: client.get(address).content.decode() for address in addresses}


def test_pages_have_one_main_part_and_a_way_to_it(pages: dict[str, str]) -> None:
    for address, page in pages.items():
        assert page.count('role="main"') == 1, address
        assert page.count("<h1") == 1, address
        assert page.index('class="skip" href="#content"') < page.index("<nav"), address
        assert 'id="content"' in page, address


def test_parts_that_scroll_have_names_of_their_own(pages: dict[str, str]) -> None:
    for address, page in pages.items():
        names = re.findall(r'data-simplebar-aria-label="([^"]+)"', page)
        assert len(names) == len(set(names)), address
        assert re.search(r"data-simplebar(?=[\s>])(?! data-simplebar-aria-label)", page) is None, address
    assert 'data-simplebar-aria-label="Part 1, scrolls"' in pages["/admin/governance/legalentity/"]


def test_column_heads_say_what_stands_below(pages: dict[str, str]) -> None:
    assert re.search(r"<th\b[^>]*>\s*</th>", "".join(pages.values())) is None
    assert '<span class="sr-only">Delete</span>' in pages[WITH_ROWS]


def test_admin_leads_back_to_the_hubs_own_pages(pages: dict[str, str]) -> None:
    ways = ('href="/"', 'href="/queue/"', 'href="/runs/"', 'href="/password/"')
    for address, page in pages.items():
        assert [way for way in ways if way not in page] == [], address


def test_dates_are_written_as_on_the_hubs_own_pages() -> None:
    client = Browser()
    client.force_login(person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True))
    values = {"code": "HP-FR", "name": "Halden & Partner SAS", "country": "FR", "currency": "EUR"}
    client.post("/admin/governance/legalentity/add/", values)

    page = client.get("/admin/governance/auditentry/").content.decode()

    assert re.search(r">\s*20\d\d-\d\d-\d\d \d\d:\d\d\s*<", page)


def test_what_is_ours_in_the_admins_shell_is_light() -> None:
    own = [settings.BASE_DIR / "static" / "administration" / name for name in ("look.css", "keys.js")]
    assert sum(path.stat().st_size for path in own) < 8_000  # bytes


def test_halves_of_a_moment_have_names_of_their_own() -> None:
    halves = '<input type="text" name="start_time_0" class="vDateField"><input name="start_time_1" class="vTimeField">'
    named = '<input aria-label="Mine" name="start_time_0" class="vDateField">'
    assert re.findall('aria-label="([^"]+)"', reachable(halves)) == ["Start time, day", "Start time, time of day"]
    assert reachable(named) == named
