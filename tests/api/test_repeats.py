"""Requests that come again: one deed for one Idempotency-Key, and the same answer for the same bytes."""

import json
from collections.abc import Callable

import pytest

from governance.models import ApiAnswer, AuditEntry
from routes.models import Run
from tests.api.conftest import Staff
from tests.api.signing import post, token_of
from tests.api.test_tokens import told
from tests.exceptions_queue import situations
from tests.routes.world import World


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


def test_same_key_and_bytes_get_the_same_answer_and_do_nothing_more(world: World, staff: Staff) -> None:
    item, token = situations.missing_rate(world), token_of(staff.farid)
    address = f"/api/experience/v1/work-items/{item.number}/waivers"
    first = post(address, token, {"reason": "not billable"}, Idempotency_Key="w-1")
    again = post(address, token, {"reason": "not billable"}, Idempotency_Key="w-1")
    assert (first.status_code, again.status_code) == (200, 200), first.content
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    assert AuditEntry.objects.filter(verb="waive", thing_kind="exceptions_queue.workitem").count() == 1
    other = post(address, token, {"reason": "something else"}, Idempotency_Key="w-1")
    told(other, 422, "idempotency-key-reused")


def test_key_belongs_to_its_caller_and_address(world: World, staff: Staff) -> None:
    item = situations.missing_rate(world)
    address = f"/api/experience/v1/work-items/{item.number}/assignments"
    for user in (staff.farid, staff.clara):
        answer = post(address, token_of(user), {}, Idempotency_Key="same")
        assert answer.json()["item"]["assignee"] == user.get_full_name()


def test_request_that_is_refused_keeps_no_key(world: World, staff: Staff) -> None:
    item, token = situations.missing_rate(world), token_of(staff.farid)
    address = f"/api/experience/v1/work-items/{item.number}/waivers"
    told(post(address, token, {}, Idempotency_Key="w-2"), 422, "invalid-body")
    assert not ApiAnswer.objects.exists()
    assert post(address, token, {"reason": "not billable"}, Idempotency_Key="w-2").status_code == 200


def test_key_that_cannot_be_one_is_refused(world: World, staff: Staff) -> None:
    answer = post(f"/api/process/v1/routes/{world.route.slug}/runs", token_of(staff.ingrid), {}, Idempotency_Key="a b")
    told(answer, 400, "bad-header")
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"reason": 7}, "/reason"), ({"reason": "x", "nonsense": 1}, "/nonsense"), ({"reason": "x" * 501}, "/reason"),
     ({"reason": "x", "failures": ["7"]}, "/failures"), ({"reason": "x", "failures": "all"}, "/failures")],
)  # fmt: skip
def test_body_that_is_not_as_agreed_is_told_by_field(world: World, staff: Staff, body: dict, pointer: str) -> None:
    item = situations.missing_rate(world)
    answer = post(f"/api/experience/v1/work-items/{item.number}/waivers", token_of(staff.farid), json.dumps(body))
    errors = told(answer, 422, "invalid-body")["errors"]
    assert [each["pointer"].partition("/0")[0] for each in errors] == [pointer]
    assert all(each["accepted"] for each in errors)
