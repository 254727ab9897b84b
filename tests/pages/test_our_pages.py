"""Every page of our own with every role, signed out too: sound in both windows and both themes, as `looking` says."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from exceptions_queue.models import WorkItem
from governance.models import ApiClient
from mappings.models import LookupTable
from tests.pages import broken, looking
from tests.pages.alike import Drawn
from tests.pages.chromium import window
from tests.pages.crawl import ADMIN, Walk
from tests.pages.firm import PASSWORD, Firm
from tests.pages.views import ASKED_BY_THE_CLOCK, NOT_WALKED, named

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ALL = {
    "queue:item": 40,
    "queue:transaction": 20,
    "queue:run": 8,
    "queue:record": 4,
    "hub:connection": 4,
    "hub:delivery": 5,
    "tables:table": 4,  # one of them with an approval that was loosened
}
MORE = ("/search/", "/search/?q=TE-0000020", "/search/?q=nothing+of+the+kind", "/gallery/")
SETTLED = "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')"
WALKED: set[str] = set()  # the views that these tests have seen
JUDGED: set[str] = set()  # the kinds of pages that axe-core has judged
DRAWN = Drawn()


@contextmanager
def walking(browser: Any, hub: str, session: str = "", **more: Any) -> Iterator[Walk]:
    """Walk with a window of its own; what is wrong fails the test."""
    with window(browser, hub, session) as page:
        walk = Walk(page, hub, part=lambda path: not path.startswith(ADMIN), axe=JUDGED, drawn=DRAWN, **more)
        yield walk
    WALKED.update(walk.views)
    assert walk.wrong == [], "\n".join(walk.wrong)


@pytest.mark.parametrize("who", ["clara", "ingrid", "farid", "viktor", "olga", "nobody", "root"])
def test_pages_are_sound(hub: str, firm: Firm, chromium: Any, who: str) -> None:
    with walking(chromium, hub, firm.sessions[who], most=ALL if who == "clara" else {}) as walk:
        walk.go("/", *(MORE if who == "root" else MORE[:1]))
        assert {"queue:home", "queue:items", "queue:runs", "queue:transactions", "hub:connections"} <= walk.seen.keys()
        if who == "ingrid":
            walk.visit(f"/tables/{LookupTable.objects.earliest('pk').pk}/deletions/", "deletion of a table")
        if who == "olga":
            _wait_for_workers(walk)


def _wait_for_workers(walk: Walk) -> None:
    """Look at the lanes once the workers were asked, which the page does by itself."""
    with walk.page.expect_response("**/lanes/workers/"):
        walk.visit("/lanes/", "lanes")
    walk.page.wait_for_load_state("networkidle")
    walk.look("lanes with workers")


def test_api_can_be_read_in_both_themes_once_it_is_drawn(hub: str, firm: Firm, chromium: Any) -> None:
    with window(chromium, hub, firm.sessions["ingrid"]) as page:
        page.goto(f"{hub}/api/")
        page.wait_for_selector("input.operation-filter-input")  # drawn by a script, when the document has come
        assert [what for what in looking.judged(page, ours=True) if "color-contrast" in what] == []


def test_refusals_are_sound(hub: str, firm: Firm, chromium: Any) -> None:
    with walking(chromium, hub, firm.sessions["nobody"]) as walk:
        walk.visit("/gallery/", "403", status=403)
        walk.visit("/queue/999999/", "404", status=404)
        walk.visit("/nothing/of/the/kind/", "404 of no view", status=404)
    with walking(chromium, hub, firm.sessions["clara"]) as walk:
        number = WorkItem.objects.latest("pk").number
        walk.visit(f"/queue/{number}/taking/", "405", status=405)


def test_pages_of_what_went_wrong_are_sound(hub: str, firm: Firm, chromium: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = broken.__name__
    with walking(chromium, hub, firm.sessions["viktor"]) as walk:
        for name, (status, _) in broken.WAYS.items():
            walk.visit(f"/broken/{name}/", name, status=status)


def test_signing_in_is_sound(hub: str, firm: Firm, chromium: Any) -> None:
    with walking(chromium, hub) as walk:
        walk.go("/", "/login/", "/queue/", "/admin/")  # each leads to the sign-in
        page = walk.page
        page.fill("[name=username], [name=login]", "nora")
        page.fill("[name=password]", "not this one")
        walk.send("main form", "refused sign-in", status=200)
        assert page.input_value("[name=username], [name=login]") == "nora", "what was typed is kept"
        page.context.clear_cookies()
        walk.send("main form", "form out of date", status=403)


def test_second_factor_is_sound(hub: str, firm: Firm, chromium: Any) -> None:
    with walking(chromium, hub) as walk:
        _sign_in(walk)
        walk.visit("/second-factor/enrolment/", "enrolment")
        words = walk.page.inner_text("main")
        secret = re.search(r"[A-Z2-7 ]{39}", words)[0].replace(" ", "")
        _code(walk, "000000", "refused enrolment")
        _code(walk, code(secret, -1), "recovery codes")
        walk.visit("/confirmation/anew/", "sign in anew")
        for place in ("", "recovery-codes/renewal/", "removal/", "recovery-codes/"):
            walk.visit(f"/second-factor/{place}", f"second factor: {place}")
    with walking(chromium, hub) as walk:
        _sign_in(walk)
        _code(walk, "000000", "refused code")
        _code(walk, code(secret, 0), "home after a code")
        walk.visit("/confirmation/code/", "code again")


def _sign_in(walk: Walk) -> None:
    walk.visit("/login/", "sign-in")
    walk.page.fill("[name=username], [name=login]", "nora")
    walk.page.fill("[name=password]", PASSWORD)
    walk.send("main form", "home or code")


def _code(walk: Walk, typed: str, kind: str) -> None:
    walk.page.fill("[name=code]", typed)
    walk.send("form:has([name=code])", kind)


def code(secret: str, step: int) -> str:
    """Return what an app shows, some steps of 30 seconds from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def test_consent_for_a_program_is_sound(hub: str, firm: Firm, chromium: Any) -> None:
    client = ApiClient.objects.get(name="Spreadsheet")
    asked = f"client_id={client.client_id}&redirect_uri={client.redirect_uris}&scope=process:read&response_type=code"
    challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    with walking(chromium, hub, firm.sessions["farid"]) as walk:
        walk.visit(f"/oauth/authorize/?{asked}&{challenge}", "consent")


def test_new_mapping_is_sound(hub: str, firm: Firm, chromium: Any) -> None:
    with walking(chromium, hub, firm.sessions["ingrid"]) as walk:
        walk.visit("/mappings/new/", "new mapping")
        walk.send("main form[method=post]", "refused mapping", status=422)
        for name, typed in (("key", "harvest.anew"), ("name", "Anew")):
            walk.page.fill(f"main [name={name}]", typed)
        for name, place in (("source", 2), ("target", -1)):  # a vendor's stream, a record of the hub
            values = walk.page.eval_on_selector_all(
                f"main [name={name}] option", "(all) => all.map((one) => one.value)"
            )
            with walk.page.expect_response(lambda answer: "/mappings/new/" in answer.url):
                walk.page.select_option(f"main [name={name}]", values[place])
            walk.page.wait_for_function(SETTLED)  # else the next choice is made in a form that is just replaced
        walk.send("main form[method=post]", "fields of a new mapping")
        assert "/mappings/new/fields/" in walk.page.url


def test_refused_forms_keep_what_was_typed_and_are_sound(hub: str, firm: Firm, chromium: Any) -> None:
    with walking(chromium, hub, firm.sessions["clara"]) as walk:
        walk.visit("/password/", "password")
        walk.page.fill("main [name=old_password]", "not mine")
        walk.send("main form:has([name=old_password])", "refused password")
        for item in WorkItem.objects.filter(category__in=["unmapped_value", "validation"]).order_by("category", "pk"):
            address = f"/queue/{item.number}/"
            walk.visit(address, "queue:item")
            for form in walk.page.eval_on_selector_all("form[data-remedy]", "(all) => all.map((one) => one.action)"):
                walk.visit(address, "queue:item")
                _refuse(walk, form.removeprefix(hub))


def _refuse(walk: Walk, form: str) -> None:
    """Send a remedy without its reason, and with a text where a number belongs; what was typed is there again."""
    place = f'form[action="{form}"]'
    fields = walk.page.locator(f"{place} input[type=text]:visible")
    if not walk.page.locator(f"{place} [name=reason]").count() or not fields.count():
        return
    fields.first.fill("a lot ☃")
    walk.send(place, f"refused {form.rstrip('/').rpartition('/')[2]}", status=422)
    assert "a lot ☃" in walk.page.eval_on_selector_all("main input", "(all) => all.map((one) => one.value)")


def test_every_page_of_our_own_was_walked() -> None:
    """Needs the tests above: a page that nobody reaches by links is either in need of a link, or stands here."""
    ours = {name for name in named() if not name.startswith("admin:")}
    assert ours - WALKED - NOT_WALKED.keys() - ASKED_BY_THE_CLOCK == set()
    assert NOT_WALKED.keys() & WALKED == set(), "what is walked needs no excuse"
