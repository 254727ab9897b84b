"""The machine's Chromium, as a visitor of the hub: one browser per process, one window per person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import bring_chromium

MISSING = "Chromium is not here, which the tests of the pages look with. `make chromium` brings it, or says how."
UNUSED = (
    "SpareRendererForSitePerProcess", "IsolateOrigins", "site-per-process", "BackForwardCache", "RenderDocument",
    "PaintHolding", "Translate", "OptimizationHints", "MediaRouter", "HttpsUpgrades",
)  # fmt: skip
OPTIONS = [
    "--no-sandbox",  # as root, Chromium has none
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers give little of it
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--hide-scrollbars",  # so that a window is as wide as it says
    # All pages are the hub's own: nothing is kept apart from anything, or made ready, or kept for going back. With one
    # process that draws them, and without one that would draw for a screen, a page costs a fifth less.
    "--in-process-gpu",
    "--disable-gpu-compositing",
    "--disable-software-rasterizer",
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
    f"--disable-features={','.join(UNUSED)}",
]
SIZES = ((1280, 900), (1920, 1080))
_closed: WeakKeyDictionary[Browser, list[BrowserContext]] = WeakKeyDictionary()  # windows that may be opened again


def program() -> str:
    """Return where the browser is; fail with the remedy."""
    return bring_chromium.found(os.environ) or pytest.fail(MISSING)


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the browser, and end it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window(browser: Browser, address: str, session: str = "") -> Iterator[Page]:
    """Open a window with a session at `address`; without one, of somebody who is not signed in.

    A window that was closed is the next person's, with all forgotten but files that never change: a new one starts
    programs, and reads and compiles these files again, which takes as long as three pages.
    """
    free = _closed.setdefault(browser, [])
    context = free.pop() if free else _new(browser)
    if session:
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    try:
        yield context.new_page()
    except BaseException:
        context.close()
        raise
    _forget(context, address)
    free.append(context)


def _new(browser: Browser) -> BrowserContext:
    width, height = SIZES[0]
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    context.new_page()  # stays empty, so that the program which draws stays
    return context


def _forget(context: BrowserContext, address: str) -> None:
    """Close all pages but the empty one, and forget what they kept; what differs by page went with it."""
    empty, *others = context.pages
    for page in others:
        page.close()
    context.clear_cookies()
    context.clear_permissions()
    asking = context.new_cdp_session(empty)
    asking.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
    asking.detach()
