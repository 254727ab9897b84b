"""What a verb finds wrong with a value is told at the field of the body, with the form that would be taken."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.test_tokens import told
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in
from tests.routes.world import World

WHY = {"reason": "x"}
LATER = "2099-01-01T09:00:00Z"
WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("tags", {"names": ["fine", "not/one"]}, "/names"),
    ("tags", {"names": [f"t{each}" for each in range(30)]}, "/names"),
    ("rests", {"until": "2020-01-01T09:00:00Z", **WHY}, "/until"), ("rests", {"until": LATER, **WHY}, "/until"),
    ("waits", {"whom": "x", "until": "2020-01-01T09:00:00Z"}, "/until"),
    ("hints", {"text": "x", "link": "javascript:alert(1)"}, "/link"), ("assignments", {"to": "FARID"}, "/to"),
    ("assignments", {"to": "viktor", **WHY}, "/to"), ("comments", {"text": "@Nobody look"}, "/text"),
    ("corrections", {"field": "hours", "value": "many", **WHY}, "/value"),
    ("corrections", {"field": "no_such", "value": "1", **WHY}, "/field"),
)  # fmt: skip


@pytest.mark.parametrize(("verb", "body", "pointer"), WRONG)
def test_wrong_value_of_a_verb_is_told_at_its_field(
    verb: str, body: dict[str, Any], pointer: str, make_world: Callable[..., World], staff: Staff
) -> None:
    item = zero_hours(make_world())
    place = f"/api/experience/v1/work-items/{item.number}/{verb}"
    answer = signed_in(staff.farid).post(place, body, content_type="application/json", headers={"If-Match": "*"})
    [wrong] = told(answer, 422, "invalid-body")["errors"]
    assert wrong["pointer"] == pointer
    assert wrong["accepted"]
    assert wrong["detail"]


@pytest.mark.parametrize(("filter_", "pointer"), [
    ({"query": "nonsense:xx"}, "/filter/query"), ({"bogus": "1"}, "/filter/bogus"), ({"state": ["x"]}, "/filter/state"),
])  # fmt: skip
def test_wrong_filter_of_a_bulk_run_is_told_at_its_place(
    filter_: dict[str, Any], pointer: str, make_world: Callable[..., World], staff: Staff
) -> None:
    zero_hours(make_world())
    body = {"choice": "waivers", "filter": filter_, "values": {"reason": "x"}}
    answer = signed_in(staff.farid).post("/api/experience/v1/bulk-runs", body, content_type="application/json")
    assert [each["pointer"] for each in told(answer, 422, "invalid-body")["errors"]] == [pointer]
