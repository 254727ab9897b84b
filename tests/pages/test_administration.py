"""Every page of the administration with every role that may see it: sound like ours, and axe finds nothing grave."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.urls import NoReverseMatch, reverse

from hub.navigation import REST
from mappings.models import LookupTable
from tests.pages.alike import Drawn
from tests.pages.chromium import window
from tests.pages.crawl import ADMIN, ALIKE, Walk
from tests.pages.firm import Firm
from tests.pages.looking import THEMES
from tests.pages.views import named

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
TECHNICAL = (
    "/admin/django_celery_beat/",  # the scheduler's own pages, which only superusers see
)
NOT_WALKED = {
    "admin:login": "our own sign-in stands before it",
    "admin:logout": "our own stands before it",
    "admin:password_change": "our own stands before it",
    "admin:password_change_done": "our own page says so",
    "admin:autocomplete": "rows for a field, asked for while somebody types",
    "admin:jsi18n": "words for scripts",
    "admin:exceptions_queue_cutoff_dates": "a part of a cut-off's form, while somebody types",
    "admin:exceptions_queue_routingrule_trial": "a part of a rule's form, while somebody types",
}
# Rows in different states, each with buttons of its own.
SEVERAL = {"admin:routes_route_change": 3, "admin:routes_subscription_change": 3}
FORM = "#content form[method=post]"
DARK = "document.documentElement.classList.contains('dark')"
ACCOUNT = "Ingrid Solheim, your account"
# A side that is longer than the window stands where its marked link is seen, which differs by page.
LAID = """() => document.querySelectorAll('.side, .side *').forEach((each) => { each.scrollTop = 0; })
  || [...document.querySelectorAll('.side, .side *')].filter((each) => each.offsetWidth).map((each) => {
  const place = each.getBoundingClientRect(), style = getComputedStyle(each);
  const text = each.children.length > 1 ? '' : each.textContent.trim();
  return [text, each.tagName, place.x, place.y, place.width, place.height,
    style.borderTopWidth === '0px' ? '' : style.borderTopColor,
    ...['color', 'backgroundColor', 'fontSize', 'fontWeight', 'fontFamily', 'borderTopWidth', 'borderRadius',
        'textDecorationLine', 'cursor'].map((name) => style[name])];
})"""
WALKED: set[str] = set()
JUDGED: set[str] = set()
DRAWN = Drawn()


@pytest.mark.parametrize("who", ["root", "ingrid", "farid", "clara", "viktor", "olga"])
def test_administration_is_sound(hub: str, firm: Firm, chromium: Any, who: str) -> None:
    with window(chromium, hub, firm.sessions[who]) as page:
        walk = Walk(
            page, hub, part=lambda path: path.startswith(ADMIN), axe=JUDGED, drawn=DRAWN,
            most=SEVERAL, technical=lambda path: path.startswith(TECHNICAL),
            read=_is_read_only if who != "root" else _is_judged,
        )  # fmt: skip
        walk.go(ADMIN, _history_of_a_table())  # to which a page of ours leads
        if who == "root":
            _refused_forms(walk)
    WALKED.update(walk.views)
    assert walk.wrong == [], "\n".join(walk.wrong)
    assert len(walk.seen) > 20


def _history_of_a_table() -> str:
    return reverse("admin:mappings_lookuptable_history", args=[LookupTable.objects.earliest("pk").pk])


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
    with window(chromium, hub, firm.sessions["olga"]) as page:
        walk = Walk(page, hub, axe=JUDGED, technical=lambda path: True)
        place = reverse("admin:governance_user_change", args=[firm.people["farid"].pk])
        walk.visit(place, "person")
        page.locator("[x-on\\:click*=actionDropdownOpen]").first.click()
        walk.look("menu of a person")
    assert walk.wrong == [], "\n".join(walk.wrong)


def test_search_and_theme_are_those_of_every_page(hub: str, firm: Firm, chromium: Any) -> None:
    with window(chromium, hub, firm.sessions["ingrid"]) as page:
        walk = Walk(page, hub)
        walk.visit(reverse("admin:routes_route_changelist"), "routes")
        page.keyboard.press("Control+k")
        page.keyboard.type("TE-0000020")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert urlsplit(page.url).path == reverse("queue:search")
        assert page.locator("main td:has-text('TE-0000020')").count() > 0
        for first, second in (("queue:runs", "admin:index"), ("admin:index", "queue:runs")):
            walk.visit(reverse(first), first)
            was = page.evaluate(DARK)
            page.click("[data-theme-switch]")
            assert page.evaluate(DARK) is not was
            walk.visit(reverse(second), second)
            assert page.evaluate(DARK) is not was, "chosen there, it is so here"
    assert walk.wrong == [], "\n".join(walk.wrong)


def test_side_is_drawn_alike_by_both(hub: str, firm: Firm, chromium: Any) -> None:
    """Not one element of it lies elsewhere, or has another colour or letters, under the two foundations."""
    with window(chromium, hub, firm.sessions["ingrid"]) as page:
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            drawn = []
            for name in ("own-password", "admin:governance_version_changelist"):
                page.goto(hub + reverse(name))
                page.add_style_tag(content=".side [data-keys-help] { display: none !important; }")  # works on our pages
                page.evaluate("document.querySelectorAll('.side details').forEach(each => { each.open = true; })")
                drawn.append([each for each in page.evaluate(LAID) if each[0] not in (ACCOUNT, REST.title)])
            assert drawn[0] == drawn[1], theme


def test_every_page_of_the_administration_was_walked(hub: str, firm: Firm, chromium: Any) -> None:
    """Needs the tests above: what is added later is walked too, or it is no page (403, 405), or it has a reason."""
    missing = {name for name in named() if name.startswith("admin:")} - WALKED - NOT_WALKED.keys()
    with window(chromium, hub, firm.sessions["root"]) as page:
        answers = {name: page.context.request.get(hub + _place(name)).status for name in missing}
    assert {name: status for name, status in answers.items() if status not in (403, 405)} == {}


def _place(name: str) -> str:
    """Return the address of a page: about no row, or about the first."""
    with suppress(NoReverseMatch):
        return reverse(name)
    [app] = [each for each in apps.app_configs if name.startswith(f"admin:{each}_")]
    model = name.removeprefix(f"admin:{app}_").partition("_")[0]
    return reverse(name, args=[apps.get_model(app, model)._default_manager.earliest("pk").pk])
