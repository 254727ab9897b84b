"""A record field by field, in a browser: judged while one types, sound with the keyboard, and readable on a phone."""

from typing import Any

import pytest

from exceptions_queue.codes import code_of
from exceptions_queue.models import WorkItem
from routes.models import Failure, Overlay
from tests.pages import looking
from tests.pages.chromium import window
from tests.pages.firm import Firm

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
PHONE = {"width": 390, "height": 844}


def _item(firm: Firm) -> WorkItem:
    return WorkItem.objects.open().filter(category="conflict", field="hours")[0]


def _sound(page: Any) -> None:
    assert list(looking.at(page, technical=False, formulas=False, judge=lambda: looking.judged(page, ours=True))) == []


def test_value_is_judged_while_it_is_typed_and_kept_by_the_keyboard(hub: str, firm: Firm, chromium: Any) -> None:
    item = _item(firm)
    failure = item.failures()[0]
    said: list[str] = []
    with window(chromium, hub, firm.sessions["clara"]) as page:
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.goto(f"{hub}/queue/{item.number}/")
        page.wait_for_selector("#business-form")
        page.wait_for_selector("text=Nothing like it has ended yet.")
        assert "Ask the consultant." in page.inner_text("main")
        _sound(page)
        page.goto(f"{hub}/queue/{item.number}/records/{code_of(failure.pk)}/")
        assert page.locator("tr[id^=field-]").first.get_attribute("id") == "field-hours"
        page.locator("#field-hours summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.wait_for_selector("#verdict-hours .told")
        page.keyboard.press("Control+a")
        page.keyboard.type("many")
        page.wait_for_selector("#verdict-hours .error")
        page.keyboard.press("Control+a")
        page.keyboard.type("5")
        page.wait_for_selector("#verdict-hours .told:not(.error)")
        assert "“many”" not in page.inner_text("#verdict-hours")
        _sound(page)
        page.keyboard.press("Tab")
        page.keyboard.type("asked once more")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Corrected.")
    assert said == []
    assert str(Overlay.objects.open().get(key=Overlay.objects.latest("pk").key, field="hours").value) == "5"


@pytest.mark.parametrize("where", ["/corrections/", "correction", "member"])
def test_pages_are_sound_and_fit_on_a_phone(hub: str, firm: Firm, chromium: Any, where: str) -> None:
    correction = Overlay.objects.open().latest("pk")
    mine = WorkItem.objects.open().filter(entity="time_entry")
    held = Failure.objects.filter(closed_at=None, record_id__isnull=False, fingerprint__in=mine.values("fingerprint"))
    failure = held.latest("pk")
    item = mine.get(fingerprint=failure.fingerprint)
    address = {
        "correction": f"/corrections/{correction.pk}/",
        "member": f"/queue/{item.number}/records/{code_of(failure.pk)}/",
    }.get(where, where)
    with window(chromium, hub, firm.sessions["clara"]) as page:
        page.goto(f"{hub}{address}")
        _sound(page)
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
