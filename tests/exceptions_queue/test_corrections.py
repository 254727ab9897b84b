"""The list of corrections, what is told of each, and the item that asks what shall become of a contradicted one."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from canonical.masking import HIDDEN
from exceptions_queue import intake, verbs
from exceptions_queue.models import WorkItem
from routes import overlays
from routes.models import Overlay, Record
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.world import World, entry

Make = Callable[..., World]
API = "/api/experience/v1/corrections"


def corrected(world: World, staff: Staff, number: int = 1) -> World:
    """Return a world in which entries without hours were corrected to four."""
    item = zero_hours(world, number)
    verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="as on the slip")
    world.deliver()
    return world


def contradicted(world: World, staff: Staff) -> WorkItem:
    """Return the item that asks about a correction that the source contradicts."""
    corrected(world, staff)
    world.take_in(entry(1, hours="6.00", version=2))
    intake.take_in()
    return WorkItem.objects.open().get()


def test_list_shows_what_is_open_with_who_and_why(quick_world: Make, quick_staff: Staff) -> None:
    corrected(quick_world(), quick_staff)
    shown = text_of(signed_in(quick_staff.viktor).get("/corrections/"))
    assert "TE-0000001" in shown
    assert "Farid Amini" in shown
    assert "as on the slip" in shown
    assert "In force" in shown


def test_list_is_narrowed_by_state_person_and_field(quick_world: Make, quick_staff: Staff) -> None:
    contradicted(quick_world(), quick_staff)
    browser = signed_in(quick_staff.farid)
    for query, there in (
        ("state=returned", True), ("state=in_force", False), ("state=ended", False), ("by=me", True),
        ("by=clara", False), ("field=Hours", True), ("field=role", False),
        ("key=TE-0000001", True), ("state=all", True),
    ):  # fmt: skip
        assert ("as on the slip" in text_of(browser.get(f"/corrections/?{query}"))) == there, query


def test_list_asks_the_same_for_many(quick_world: Make, quick_staff: Staff) -> None:
    world = corrected(quick_world(), quick_staff, 2)
    browser = signed_in(quick_staff.farid)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            browser.get("/corrections/")
        counts.append(len(found))
        world.take_in(*(entry(number) for number in range(10, 30)))
        for record in Record.objects.filter(key__gte="TE-0000010"):
            overlays.correct(record=record.pk, field="role", value="Partner", reason="slip", by=quick_staff.farid)  # type: ignore[arg-type]
    assert counts[0] == counts[1]
    assert counts[0] <= 12


def test_other_company_sees_nothing_of_it(quick_world: Make, quick_staff: Staff) -> None:
    corrected(quick_world(), quick_staff)
    number = Overlay.objects.get().pk
    browser = signed_in(quick_staff.stranger)
    assert "TE-0000001" not in text_of(browser.get("/corrections/"))
    assert browser.get(f"/corrections/{number}/").status_code == 404
    assert browser.post(f"/corrections/{number}/withdrawals/", {"reason": "x"}).status_code == 404


def test_history_is_told_in_words(quick_world: Make, quick_staff: Staff) -> None:
    contradicted(quick_world(), quick_staff)
    number = Overlay.objects.get().pk
    shown = text_of(signed_in(quick_staff.farid).get(f"/corrections/{number}/"))
    assert "Corrected to 4, where the source said 0.00." in shown
    assert "the source said 6.00 instead of 0.00. Somebody has to decide." in shown
    assert "It stops at present: exception" in shown


def test_person_without_the_right_to_see_names_reads_none(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00"))
    row = overlays.correct(
        record=Record.objects.get().pk, field="worker_name", value="Maria Lopes", reason="Maria Lopes says so",
        by=quick_staff.farid,  # type: ignore[arg-type]
    )  # fmt: skip
    browser = signed_in(quick_staff.viktor)
    for address in ("/corrections/", f"/corrections/{row.pk}/"):
        body = browser.get(address).content.decode()
        assert "Maria" not in body, address
        assert HIDDEN in body, address
    told = browser.get(f"{API}/{row.pk}").json()
    assert told["value"] == HIDDEN
    assert "Maria" not in str(told)


def test_item_offers_to_keep_it_or_to_take_the_sources_word(quick_world: Make, quick_staff: Staff) -> None:
    item = contradicted(quick_world(), quick_staff)
    page = signed_in(quick_staff.farid).get(f"/queue/{item.number}/")
    shown = text_of(page)
    assert "Keep the correction, or enter another value" in shown
    assert "Take what the source says by now, and send it" in shown
    assert 'value="4"' in page.content.decode(), "the correction is there to be kept by one press"


def test_correction_is_taken_back_on_its_page(quick_world: Make, quick_staff: Staff) -> None:
    corrected(quick_world(), quick_staff)
    number = Overlay.objects.get().pk
    browser = signed_in(quick_staff.farid)
    refused = browser.post(f"/corrections/{number}/withdrawals/", {"reason": ""})
    assert refused.status_code == 422
    assert "A reason is missing" in text_of(refused)
    done = browser.post(f"/corrections/{number}/withdrawals/", {"reason": "the slip was wrong"}, follow=True)
    assert "Taken back." in text_of(done)
    late = browser.post(f"/corrections/{number}/withdrawals/", {"reason": "once more"}, follow=True)
    assert "It has ended meanwhile: taken back." in text_of(late)


def test_line_finds_items_with_corrections(quick_world: Make, quick_staff: Staff) -> None:
    item = contradicted(quick_world(), quick_staff)
    browser = signed_in(quick_staff.farid)
    for line, there in (
        ("has:overlay", True), ("has:correction", True), ("has:contradiction", True), ("-has:overlay", False),
    ):  # fmt: skip
        answer = browser.get("/api/experience/v1/work-items", {"query": f"is:open {line}"}).json()
        assert [each["number"] for each in answer["items"]] == ([item.number] if there else []), line


def test_api_tells_and_takes_back(quick_world: Make, quick_staff: Staff) -> None:
    contradicted(quick_world(), quick_staff)
    browser = signed_in(quick_staff.farid)
    [listed] = browser.get(API, {"state": "returned"}).json()["items"]
    assert (listed["value"], listed["source_says_now"], listed["state"]) == ("4", "6.00", "returned")
    whole = browser.get(f"{API}/{listed['number']}").json()
    assert [line["what"] for line in whole["history"]] == ["returned", "made"]

    def post(reason: str) -> Any:
        body = f'{{"reason": "{reason}"}}'
        return browser.post(f"{API}/{listed['number']}/withdrawals", body, content_type="application/json")

    assert post("right after all").json()["ended_how"] == "withdrawn"
    assert post("once more").status_code == 409
