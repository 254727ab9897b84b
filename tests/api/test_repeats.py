"""Requests that come again: one deed for one Idempotency-Key, and the same answer for the same bytes."""

import json
from collections.abc import Callable

import pytest

from exceptions_queue.models import WorkItemComment
from governance.models import ApiAnswer, AuditEntry, RoleGrant
from governance.rights import Role
from routes.models import Run
from tests.api.conftest import Staff
from tests.api.signing import post, program_of_people, token_of, tokens_for
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


def test_key_belongs_to_the_person_for_whom_a_program_acts(world: World, staff: Staff) -> None:
    item, program = situations.missing_rate(world), program_of_people()
    address = f"/api/experience/v1/work-items/{item.number}/assignments"
    for user in (staff.farid, staff.clara):
        answer = post(address, tokens_for(user, program)["access_token"], {}, Idempotency_Key="same")
        assert "Idempotency-Replayed" not in answer.headers
        assert answer.json()["item"]["assignee"] == user.get_full_name()


def test_answer_for_one_person_is_not_told_to_another_who_sees_less(world: World, staff: Staff) -> None:
    item, program = situations.missing_rate(world), program_of_people()
    address = f"/api/experience/v1/work-items/{item.number}/comments"
    said = {"text": "Who was that?"}
    first = post(address, tokens_for(staff.farid, program)["access_token"], said, Idempotency_Key="same")
    assert first.status_code == 200, first.content
    again = post(address, tokens_for(staff.viktor, program)["access_token"], said, Idempotency_Key="same")
    assert "Idempotency-Replayed" not in again.headers
    assert WorkItemComment.objects.count() == 2


def test_key_belongs_to_the_reach_of_the_token(world: World, staff: Staff) -> None:
    item, program = situations.missing_rate(world), program_of_people()
    address = f"/api/experience/v1/work-items/{item.number}/waivers"
    wide = tokens_for(staff.farid, program)["access_token"]
    narrow = tokens_for(staff.farid, program, "experience:write", "entity:HP-US")["access_token"]
    why = {"reason": "not billable"}
    assert post(address, wide, why, Idempotency_Key="w-1").status_code == 200
    told(post(address, narrow, why, Idempotency_Key="w-1"), 404, "not-found")
    same = tokens_for(staff.farid, program)["access_token"]
    assert post(address, same, why, Idempotency_Key="w-1")["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(("left", "status", "kind"), [(Role.VIEWER, 403, "not-allowed"), (None, 404, "not-found")])
def test_answer_is_not_told_again_once_the_right_is_gone(
    world: World, staff: Staff, left: Role | None, status: int, kind: str
) -> None:
    item, token = situations.missing_rate(world), token_of(staff.farid)
    address, why = f"/api/experience/v1/work-items/{item.number}/waivers", {"reason": "not billable"}
    assert post(address, token, why, Idempotency_Key="w-1").status_code == 200
    RoleGrant.objects.filter(user=staff.farid).delete()
    if left:
        RoleGrant.objects.create(user=staff.farid, role=left, legal_entity=None, granted_by="person:1")
    told(post(address, token, why, Idempotency_Key="w-1"), status, kind)


def test_answer_is_told_again_to_whom_more_is_allowed_by_now(world: World, staff: Staff) -> None:
    item, token = situations.missing_rate(world), token_of(staff.farid)
    address, why = f"/api/experience/v1/work-items/{item.number}/waivers", {"reason": "not billable"}
    first = post(address, token, why, Idempotency_Key="w-1")
    RoleGrant.objects.create(user=staff.farid, role=Role.OPERATOR, legal_entity=None, granted_by="person:1")
    again = post(address, token, why, Idempotency_Key="w-1")
    assert (again.status_code, again.content) == (200, first.content)


def test_answer_that_shows_more_than_the_caller_sees_by_now_is_not_told_again(world: World, staff: Staff) -> None:
    item, token = situations.missing_rate(world), token_of(staff.farid)
    address, said = f"/api/experience/v1/work-items/{item.number}/comments", {"text": "Who was that?"}
    assert post(address, token, said, Idempotency_Key="c-1").status_code == 200
    RoleGrant.objects.filter(user=staff.farid).update(role=Role.VIEWER)  # may remark, and sees nobody's name
    told(post(address, token, said, Idempotency_Key="c-1"), 403, "not-allowed")
    assert WorkItemComment.objects.count() == 1


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
