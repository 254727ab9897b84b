"""What is wrong with a row of a table is told through the API at the field of the body in which it stands."""

from collections.abc import Callable
from typing import Any

from mappings.models import LookupTable
from tests.api.test_tokens import told
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate
from tests.exceptions_queue.test_pages import signed_in
from tests.routes.world import World

Make = Callable[..., World]


def sent(browser: Any, place: str, body: Any) -> dict[str, tuple[str, str]]:
    """Return what is wrong by its place: words and accepted form."""
    answer = told(browser.post(place, body, content_type="application/json"), 422, "invalid-body")
    return {each["pointer"]: (each["detail"], each["accepted"]) for each in answer["errors"]}


def test_each_mistake_of_rows_stands_at_its_field(make_world: Make, staff: Staff) -> None:
    missing_rate(make_world(), 1)
    table = LookupTable.objects.get()
    rows = [
        {"key": ["Consultant", "EUR"], "values": {"rate": "much"}},
        {"key": ["Partner"], "values": {"rate": "1"}},
        {"key": ["Partner", "EUR"], "values": {"rate": "1", "a/b": "x"}, "valid_from": "2026-02-02",
         "valid_to": "2026-02-01"},
    ]  # fmt: skip
    wrong = sent(signed_in(staff.ingrid), f"/api/process/v1/tables/{table.pk}/rows", {"rows": rows})
    assert set(wrong) == {
        "/rows/0/values/rate", "/rows/1/key", "/rows/2/values/a~1b", "/rows/2/valid_to",
    }  # fmt: skip
    assert all(words and accepted for words, accepted in wrong.values())


def test_remedy_of_an_exception_tells_the_field_of_its_row(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world(), 1)
    body = {"values": {"rate": "much", "other": "x"}, "reason": "x"}
    wrong = sent(signed_in(staff.ingrid), f"/api/experience/v1/work-items/{item.number}/table-rows", body)
    assert set(wrong) == {"/values/rate", "/values/other"}
