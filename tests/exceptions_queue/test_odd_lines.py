"""A line that is not understood, wherever an address or a form takes one, is said in words, with what was typed."""

import json
from collections.abc import Callable
from html import escape
from typing import Any

import pytest
from django.test import Client

from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_bulk_pages import two_items
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.world import World

Make = Callable[..., World]
ODD = (
    "is:nonsense", 'key:"', "amount:>x", "nothing:here", "age:>99999999999999d", "amount:>1e999999", "blocks:x",
    "seen:>9999-99-99", "is:open\0", "(", "*", "-", "a" * 5000, "amount:>" + "9" * 5000, "assignee:²",
)  # fmt: skip


@pytest.fixture
def client(quick_world: Make, quick_staff: Staff) -> Client:
    two_items(quick_world())
    made = signed_in(quick_staff.farid)
    made.raise_request_exception = False
    return made


@pytest.mark.parametrize("line", ODD)
def test_no_page_falls_over_a_line(client: Client, line: str) -> None:
    got = {place: client.get(place, {"q": line, **more}) for place, more in PAGES}
    plan = {"all": "1", "choice": "resubmissions", "reason": "why", "configuration": "now"}
    sent = {place: client.post(place, {"q": line, **more}) for place, more in (
        ("/bulk-runs/new/", plan), ("/queue/views/", {"name": "Mine"}), ("/queue/columns/", {"column": ["key"]}),
    )}  # fmt: skip
    asked = {place: client.get(place, {"query": line}) for place in API}
    body = {"choice": "resubmissions", "filter": {"query": line}, "values": {"reason": "why", "configuration": "now"}}
    asked["plans"] = client.post("/api/experience/v1/bulk-runs", json.dumps(body), "application/json")
    for place, answer in {**got, **sent, **asked}.items():
        assert answer.status_code < 500, place


PAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/queue/", {}), ("/queue/choices/tag/", {}), ("/queue/sheets/csv/", {}), ("/queue/edits/", {}),
    ("/queue/edits/csv/", {"records": "time_entry"}), ("/bulk-runs/new/", {"all": "1"}), ("/search/", {}),
    ("/queue/news/", {}),
)  # fmt: skip
API = tuple(f"/api/experience/v1/{name}" for name in ("work-items", "work-item-counts", "totals"))


def test_bulk_page_says_what_is_wrong_beside_the_line_that_was_typed(client: Client) -> None:
    for method in (client.get, client.post):
        answer = method("/bulk-runs/new/", {"q": "is:nonsense", "all": "1", "choice": "resubmissions"})
        assert answer.status_code == 422
        page = answer.content.decode()
        assert escape('value="is:nonsense"', quote=False) in page
        assert "nonsense" in text_of(answer)
        assert "Send again as it is" not in text_of(answer)


@pytest.mark.parametrize("filter_", [
    {"state": 7}, {"state": ["x"]}, {"state": [{}]}, {"state": {}}, {"query": {}}, {"query": None}, {"query": []},
    {"tag": ["a"]}, {"tag": "a\0"}, {"legal_entity": 7}, {"assigned": {}}, {"since": "9" * 30}, {"kind": [[]]}, {"": 1},
])  # fmt: skip
def test_no_plan_falls_over_a_filter(client: Client, filter_: Any) -> None:
    body = {"choice": "resubmissions", "filter": filter_, "values": {"reason": "why", "configuration": "now"}}
    assert client.post("/api/experience/v1/bulk-runs", json.dumps(body), "application/json").status_code < 500


@pytest.mark.parametrize("given", [
    {"tag": "a\0"}, {"state": "x"}, {"blocks": "x"}, {"entity": "\0"}, {"kind": "x"}, {"whose": "x"}, {"since": "x"},
    {"query": "is:nonsense"}, {"show": "x"},
])  # fmt: skip
def test_no_list_falls_over_what_older_addresses_say(client: Client, given: dict[str, str]) -> None:
    for place in ("/queue/", "/bulk-runs/new/"):
        assert client.get(place, {"all": "1", **given}).status_code < 500, place
