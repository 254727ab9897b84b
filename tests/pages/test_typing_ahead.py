"""The table of a mapping while its rows are on their way: what is typed meanwhile stays, and so does the focus."""

from typing import Any

import pytest

from tests.pages.chromium import window
from tests.pages.firm import Firm

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
NEW = "/mappings/new/fields/?key=own.time&name=Own&from=entity:time_entry&to=stream:netsuite:time_entries"


@pytest.fixture
def page(hub: str, fresh_firm: Firm, chromium: Any) -> Any:
    with window(chromium, hub, fresh_firm.sessions["ingrid"]) as page:
        page.set_default_timeout(20_000)
        page.goto(hub + NEW)
        yield page


def held(page: Any) -> list[Any]:
    """Let the first request for the rows wait; return where it is kept until somebody lets it go on."""
    waiting: list[Any] = []

    def hold(route: Any) -> None:
        if waiting or route.request.method != "POST" or "hx-request" not in route.request.headers:
            route.fallback()
        else:
            waiting.append(route)

    page.route("**/mappings/new/fields/*", hold)
    return waiting


def _until(page: Any, waiting: list[Any]) -> None:
    for _ in range(200):
        if waiting:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the rows were never asked for")


def test_what_is_typed_before_the_rows_come_stays(page: Any) -> None:
    waiting = held(page)
    page.select_option("#f0-kind", "formula")
    _until(page, waiting)
    page.fill("#f1-source", "project_code")

    waiting[0].continue_()
    page.wait_for_function("document.querySelector('#f0-formula')?.checkVisibility()")

    page.wait_for_function("document.querySelector('#f1-source').value === 'project_code'")
    page.wait_for_function("document.activeElement.id === 'f1-source'")
    assert page.input_value("#f0-kind") == "formula"


def test_nothing_is_typed_into_rows_that_get_other_numbers(page: Any) -> None:
    waiting = held(page)
    page.click("#f0-down")
    _until(page, waiting)
    assert page.locator("#rows").evaluate("rows => rows.inert")

    waiting[0].continue_()
    page.wait_for_function("!document.querySelector('#rows').inert")
