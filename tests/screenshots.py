"""Takes the pictures of the pages for the guides, from the demonstration firm after its main job:

    make screenshots

Starts the product in a folder of its own, looks as its staff do, and writes docs/screenshots/*.webp. Takes minutes.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests import bring_chromium

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "docs" / "screenshots"
SECONDS = 600  # until the main job is at rest
RUNNING = "docs/finance.md"  # stands in the last lines of a start
# Picture, who looks, theme, address; or the link of the page at that address that leads there.
PICTURES = (
    ("overview-finance", "farid", "light", "/", ""),
    ("overview-admin", "ingrid", "light", "/", ""),
    ("overview-operator", "olga", "dark", "/", ""),
    ("overview-viewer", "viktor", "light", "/", ""),
    ("overview-controller", "clara", "light", "/", ""),
    ("exceptions", "farid", "light", "/queue/", ""),
    ("exception", "farid", "dark", "/queue/", "main td a[href^='/queue/']"),
    ("run", "clara", "light", "/runs/?route=time", "main td a[href^='/runs/']"),
    ("transaction", "clara", "light", "/transactions/?state=posted", "main a[href^='/transactions/']:not([href*='?'])"),
    ("connection", "olga", "light", "/connections/", "main a[href='/connections/netsuite/']"),
    ("lanes", "olga", "dark", "/lanes/", ""),
    ("mappings", "ingrid", "light", "/mappings/", "main tbody a"),
    ("api", "ingrid", "light", "/api/", ""),
)
# The same for pages on which something is typed and pressed before: a selector, and what is typed or chosen there; ""
# presses it. What has no name is done for the pictures after it.
Deeds = tuple[tuple[str, str], ...]
FORM = "form[action$='/corrections/']"
DONE: tuple[tuple[str, str, str, str, Deeds], ...] = (
    ("grouping-rule", "farid", "light", "/queue/grouping-rules/new/", (
        ("[name=name]", "Value without a row, whichever"), ("[name=category]", "unmapped_value"),
        ("[name=table]", "service_items"), ("[name=reason]", "One line for the data owner"),
        ("main button:has-text('Try it')", ""),
    )),
    ("routing-rule", "ingrid", "light", "/admin/exceptions_queue/routingrule/add/", (
        ("[name=name]", "Large refusals"), ("[name=categories]", "refused"), ("[name=team]", "controller"),
        ("text=Tried on the last", ""),
    )),
    ("", "ingrid", "light", "/admin/exceptions_queue/approvalpolicy/add/", (
        ("[name=name]", "Corrections of hours"), ("[name=deeds]", "corrections"), ("[name=fields_]", "hours"),
        ("[name=_save]", ""),
    )),
    ("", "farid", "light", "/queue/", (
        ("main td a:has-text('cap of')", ""), (f"{FORM} [name=field]", "hours"),
        (f"{FORM} [name=value]", "4"), (f"{FORM} [name=reason]", "The client has agreed to half a day"),
        (f"{FORM} button:not([type=button])", ""),
    )),
    ("request", "clara", "light", "/approvals/", (("main a[href^='/approvals/']", ""),)),
    ("", "clara", "light", "/approvals/", (
        ("main a[href^='/approvals/']", ""), ("main button:has-text('Approve, and do it')", ""),
    )),
    ("corrections", "farid", "dark", "/corrections/", ()),
)  # fmt: skip


def main() -> int:
    """Take all pictures; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="tl-") as folder:
        state, port = Path(folder), _free_port()
        state.chmod(0o711)
        told = state / "told"
        given = os.environ | {"STATE": folder, "PORT": str(port)}
        with told.open("wb") as out:
            hub = subprocess.Popen(
                [sys.executable, "-m", "hub.supervisor"], cwd=ROOT, env=given, stdout=out, stderr=subprocess.STDOUT
            )
        try:
            _wait(hub, told)
            _take(f"http://127.0.0.1:{port}", (state / "demonstration.password").read_text().strip())
        finally:
            hub.send_signal(signal.SIGINT)
            hub.wait()
    return 0


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _wait(hub: "subprocess.Popen[bytes]", told: Path) -> None:
    end = time.monotonic() + SECONDS
    while RUNNING not in told.read_text(errors="replace"):
        if hub.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"The hub did not come to rest:\n{told.read_text(errors='replace')}")
        time.sleep(1)


def _take(address: str, password: str) -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=bring_chromium.found(os.environ), args=["--no-sandbox", "--hide-scrollbars"]
        )
        for name, who, theme, place, link in PICTURES:
            page = _signed_in(browser, address, who, password, theme)
            page.goto(address + place)
            if link:
                page.goto(address + str(page.locator(link).first.get_attribute("href")))
            with suppress(TimeoutError):
                page.wait_for_load_state("networkidle", timeout=10_000)
            _write(page, PLACE / f"{name}.webp")
            page.context.close()
        for name, who, theme, place, deeds in DONE:
            page = _signed_in(browser, address, who, password, theme)
            page.goto(address + place)
            for where, what in deeds:
                _do(page.locator(where).first, what)
                with suppress(TimeoutError):
                    page.wait_for_load_state("networkidle", timeout=10_000)
            if name:
                _write(page, PLACE / f"{name}.webp")
            page.context.close()
        browser.close()


def _do(place: Locator, what: str) -> None:
    """Press something; or type there, or choose, what is given."""
    if not what:
        place.click()
    elif place.evaluate("each => each.tagName") == "SELECT":
        place.select_option(what)
    else:
        place.fill(what)


def _signed_in(browser: Browser, address: str, who: str, password: str, theme: str) -> Page:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{address}/login/")
    page.fill("[name=username], [name=login]", who)
    page.fill("[name=password]", password)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return page


def _write(page: Page, path: Path) -> None:
    """Write what the window shows as WebP, which the browser itself makes smaller than others make PNG."""
    session = page.context.new_cdp_session(page)
    picture = session.send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    path.write_bytes(b64decode(picture["data"]))
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
