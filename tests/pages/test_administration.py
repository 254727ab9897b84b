"""Every page of the administration with every role that may see it: sound like ours, and axe finds nothing grave."""

from contextlib import suppress
from typing import Any

import pytest
from django.apps import apps
from django.urls import NoReverseMatch, reverse

from mappings.models import Mapping
from tests.pages.chromium import window
from tests.pages.crawl import ADMIN, ALIKE, Walk
from tests.pages.firm import Firm
from tests.pages.views import named

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
TECHNICAL = (
    "/admin/django_celery_beat/",  # the scheduler's own pages, which only superusers see
    "/admin/mappings/mapping/",  # trials take records as the vendor writes them
    "/admin/mappings/lookuptable/",  # columns and what they accept are typed as a structure
    "/admin/routes/destination/",  # so are the fields of a difference
)
NOT_WALKED = {
    "admin:login": "our own sign-in stands before it",
    "admin:logout": "our own stands before it",
    "admin:password_change": "our own stands before it",
    "admin:password_change_done": "our own page says so",
    "admin:autocomplete": "rows for a field, asked for while somebody types",
    "admin:jsi18n": "words for scripts",
    "admin:view_on_site": "leads from a row to its page; no page of ours is linked this way",
    "admin:mappings_lookuptable_add_row": "the table's own page stands before it",
    "admin:mappings_lookuptable_delete": "reached from the list by a deed; the table's own page has the rest",
    "admin:search": "a part of every page, while somebody types",
}
# Rows in different states, each with buttons of its own.
SEVERAL = {"admin:mappings_mapping_change": 30, "admin:routes_route_change": 3, "admin:routes_subscription_change": 3}
FORM = "#content form[method=post]"
WALKED: set[str] = set()
JUDGED: set[str] = set()


@pytest.mark.parametrize("who", ["root", "ingrid", "farid", "clara", "viktor", "olga"])
def test_administration_is_sound(hub: str, firm: Firm, chromium: Any, who: str) -> None:
    with window(chromium, hub, firm.sessions[who]) as page:
        walk = Walk(
            page, hub, part=lambda path: path.startswith(ADMIN), axe=JUDGED,
            most=SEVERAL, technical=lambda path: path.startswith(TECHNICAL),
            read=_is_read_only if who != "root" else _is_judged,
        )  # fmt: skip
        walk.go(ADMIN)
        if who == "root":
            _refused_forms(walk)
    WALKED.update(walk.views)
    assert walk.wrong == []
    assert len(walk.seen) > 20


def _is_judged(view: str) -> bool:
    """Whether a page was drawn and judged with other rows in it; of most views, one is visited anyway."""
    return ALIKE.sub("admin:any", view) in JUDGED


def _is_read_only(view: str) -> bool:
    """Whether a page is only read, not drawn: the superuser's window has drawn one of that view already."""
    return not view.endswith(("index", "app_list", "_changelist"))


def _refused_forms(walk: Walk) -> None:
    """Send every form that adds something as it stands; it comes back with what is missing."""
    for view in sorted(view for view in walk.seen if view.endswith("_add")):
        walk.page.goto(walk.root + reverse(view))
        if walk.page.locator(FORM).count():  # a connection's first asks for its system
            walk.send(FORM, "refused form", status=None)


def test_open_menus_are_sound(hub: str, firm: Firm, chromium: Any) -> None:
    with window(chromium, hub, firm.sessions["ingrid"]) as page:
        walk = Walk(page, hub, axe=JUDGED, technical=lambda path: True)
        place = reverse("admin:mappings_mapping_change", args=[Mapping.objects.earliest("pk").pk])
        walk.visit(place, "mapping")
        page.locator("[x-on\\:click*=actionDropdownOpen]").first.click()
        walk.look("menu of a mapping")
        page.reload()
        page.keyboard.press("Control+k")
        walk.look("search in the administration")
    assert walk.wrong == []


def test_every_page_of_the_administration_was_walked(hub: str, firm: Firm, chromium: Any) -> None:
    """Needs the tests above: what is added later is walked too, or it is no page (403, 405), or it has a reason."""
    missing = {name for name in named() if name.startswith("admin:")} - WALKED - NOT_WALKED.keys()
    with window(chromium, hub, firm.sessions["root"]) as page:
        answers = {name: page.context.request.get(hub + _place(name)).status for name in missing}
    assert {name: status for name, status in answers.items() if status not in (403, 405)} == {}


def _place(name: str) -> str:
    """Return the address of a page: about no row, or about the first."""
    app, _, rest = name.removeprefix("admin:").partition("_")
    with suppress(NoReverseMatch):
        return reverse(name)
    return reverse(name, args=[apps.get_model(app, rest.partition("_")[0])._default_manager.earliest("pk").pk])
