"""Leaving a long form: asked about what is typed and not kept, and about nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.chromium import window
from tests.pages.firm import Firm

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
NEW = "/mappings/new/fields/?key=own.time&name=Own&from=entity:time_entry&to=stream:netsuite:time_entries"
Go = Callable[[], Any]


@pytest.fixture
def page(hub: str, fresh_firm: Firm, chromium: Any) -> Any:
    with window(chromium, hub, fresh_firm.sessions["ingrid"]) as page:
        page.set_default_timeout(60_000)
        yield page


def asked(page: Any, leave: Go) -> bool:
    """Leave by a link or the like, staying where the browser asks; return whether it did."""
    found: list[str] = []
    gone: list[Any] = []

    def stay(dialog: Any) -> None:
        found.append(dialog.type)
        dialog.dismiss()

    def left(frame: Any) -> None:
        gone.append(frame)

    page.on("dialog", stay)
    page.on("framenavigated", left)
    try:
        leave()
        for _ in range(200):
            page.wait_for_timeout(50)
            if found or gone:
                break
    finally:
        page.remove_listener("dialog", stay)
        page.remove_listener("framenavigated", left)
    assert set(found) <= {"beforeunload"}
    assert found or gone, "it neither asked nor left"
    page.wait_for_load_state()
    return bool(found)


def by_link(page: Any) -> Go:
    return lambda: page.get_by_role("link", name="Runs", exact=True).first.click(no_wait_after=True)


def test_draft_is_left_without_a_question_until_something_is_typed(hub: str, page: Any) -> None:
    page.goto(hub + NEW)
    page.click("summary:has-text('Paste a record')")
    page.fill("#pasted", '{"hours": 1}')
    assert not asked(page, by_link(page)), "a sample is kept nowhere anyway"
    assert page.url.endswith("/runs/")

    page.goto(hub + NEW)
    page.fill("#f0-source", "worker_id")
    assert asked(page, by_link(page))
    assert page.input_value("#f0-source") == "worker_id", "who stays finds everything as it was"
    assert asked(page, lambda: page.close(run_before_unload=True)), "and so does who closes the tab"
    page.fill("#f0-source", "")
    assert not asked(page, by_link(page)), "it is as it was"


def test_rows_that_were_added_count_and_leaving_by_its_own_button_or_keeping_asks_nothing(hub: str, page: Any) -> None:
    page.goto(hub + NEW)
    count = page.locator(".field-row").count()
    page.click("#add-f")
    page.wait_for_function(f"document.querySelectorAll('.field-row').length > {count}")
    assert asked(page, by_link(page))
    assert not asked(page, lambda: page.locator("[data-leave]").click(no_wait_after=True))
    assert page.url.endswith("/mappings/")

    page.goto(hub + NEW)
    page.fill("#f0-source", "worker_id +")
    assert not asked(page, lambda: page.locator("button[value=keep]").last.click())
    assert page.locator(".errorlist").count(), "it came back with a mistake"
    assert asked(page, by_link(page)), "and is kept nowhere"
    page.fill("#f0-source", "worker_id")
    page.fill("#f2-source", "worked_on")
    assert not asked(page, lambda: page.locator("button[value=keep]").last.click())
    assert page.url.endswith("/versions/")
    assert not asked(page, by_link(page))


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/tables/new/", "#id_title"),
        ("/admin/routes/route/add/", "#id_name"),
        ("/admin/connectors/connection/add/?connector=harvest", "#id_name"),
    ],
)
def test_other_long_forms_ask_too(hub: str, page: Any, address: str, field: str) -> None:
    page.goto(hub + address)
    page.wait_for_timeout(300)
    assert not asked(page, lambda: page.evaluate("location.assign('/runs/')"))
    page.goto(hub + address)
    page.wait_for_timeout(300)
    page.fill(field, "Something")
    assert asked(page, lambda: page.evaluate("location.assign('/runs/')"))
