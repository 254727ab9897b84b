"""A window that was closed is opened again as a new one: it knows nobody, and has kept nothing of what was done."""

from typing import Any

import pytest

from tests.pages.chromium import SIZES, window
from tests.pages.firm import Firm

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
KEEP = """async () => { localStorage.setItem('kept', '1'); sessionStorage.setItem('kept', '1');
  document.cookie = 'kept=1; path=/'; await caches.open('kept'); indexedDB.open('kept'); }"""
KEPT = """async () => [localStorage.length, 'kept' in sessionStorage, document.cookie.includes('kept'),
  (await caches.keys()).length, (await indexedDB.databases()).length, innerWidth,
  matchMedia('(prefers-color-scheme: dark)').matches, history.length]"""
NEW = [0, False, False, 0, 0, SIZES[0][0], False, 2]  # what was open first is the empty page


def test_window_that_is_opened_again_has_kept_nothing(hub: str, fresh_firm: Firm, chromium: Any) -> None:
    with window(chromium, hub, fresh_firm.sessions["clara"]) as page:
        page.goto(f"{hub}/runs/")
        assert page.evaluate(KEPT) == NEW
        assert "Clara Voss" in page.inner_text("header.side")
        page.evaluate(KEEP)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 400, "height": 300})
        page.goto(f"{hub}/queue/")
        assert page.evaluate(KEPT) == [1, True, True, 1, 1, 400, True, 3]
        first = page.context
    with window(chromium, hub, fresh_firm.sessions["farid"]) as page:
        assert page.context is first
        page.goto(f"{hub}/runs/")
        assert "Farid Amini" in page.inner_text("header.side"), "the page is read anew, for who is here now"
        assert page.evaluate(KEPT) == NEW
    with window(chromium, hub) as page:
        page.goto(f"{hub}/runs/")
        assert "/login/" in page.url


def test_windows_of_two_people_are_two(hub: str, fresh_firm: Firm, chromium: Any) -> None:
    with (
        window(chromium, hub, fresh_firm.sessions["clara"]) as hers,
        window(chromium, hub, fresh_firm.sessions["farid"]) as his,
    ):
        for page in (hers, his, hers):
            page.goto(f"{hub}/runs/")
        assert "Clara Voss" in hers.inner_text("header.side")
        assert "Farid Amini" in his.inner_text("header.side")


def test_window_in_which_a_test_failed_is_not_opened_again(hub: str, chromium: Any) -> None:
    with window(chromium, hub) as page:
        first = page.context
    with pytest.raises(RuntimeError):
        _fails_in_a_window(chromium, hub)
    with window(chromium, hub) as page:
        assert page.context is not first


def _fails_in_a_window(chromium: Any, hub: str) -> None:
    with window(chromium, hub):
        raise RuntimeError
