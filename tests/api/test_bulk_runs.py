"""Bulk runs through the API: planned once for each key, seen before they are started, and told to the last member."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from exceptions_queue.bulk import running
from exceptions_queue.models import BulkRun
from governance.models import User
from tests.api.conftest import Staff
from tests.api.signing import get, post, token_of
from tests.exceptions_queue import situations
from tests.routes.world import World

LIST = "/api/experience/v1/bulk-runs"


def test_run_is_planned_once_started_as_it_was_read_and_told(make_world: Callable[..., World], staff: Staff) -> None:
    item = situations.zero_hours(make_world(), 3)
    token = token_of(staff.farid)
    asked = {"choice": "waivers", "items": [item.number], "values": {"reason": "not ours"}}
    first = post(LIST, token, asked, **{"Idempotency-Key": "k1"})
    again = post(LIST, token, asked, **{"Idempotency-Key": "k1"})
    assert first.status_code == 200, first.content
    assert again.json()["number"] == first.json()["number"]
    run = BulkRun.objects.get()
    running.work(seconds=5, run=run.pk)
    told = get(f"{LIST}/{run.number}", token).json()
    assert (told["state"], told["chosen"]) == ("planned", 3)
    assert [(each["outcome"], each["members"], each["amounts"]) for each in told["outcomes"]] == [
        ("will", 3, [{"currency": "EUR", "amount": "0.0000"}])
    ]
    refused = post(f"{LIST}/{run.number}/starts", token, {"plan": "another"})
    assert refused.status_code == 409, refused.content
    assert "another plan than the one that you looked at" in refused.json()["detail"]
    assert post(f"{LIST}/{run.number}/starts", token, {"plan": told["plan"]}).status_code == 200
    running.work(seconds=5, run=run.pk)
    told = get(f"{LIST}/{run.number}", token).json()
    assert [(each["result"], each["members"]) for each in told["results"]] == [("done", 3)]
    members = get(f"{LIST}/{run.number}/members?result=done&size=2", token).json()
    assert [each["ended_as"] for each in members["items"]] == ["will not be delivered"] * 2
    assert len(get(members["next"], token).json()["items"]) == 1
    assert [each["number"] for each in get(f"{LIST}?who=farid&state=done", token).json()["items"]] == [run.number]
    assert get(f"{LIST}?day=2020-01-01", token).json()["items"] == []


def test_what_is_wrong_is_told_at_its_place_and_nothing_is_planned(
    make_world: Callable[..., World], staff: Staff
) -> None:
    item = situations.zero_hours(make_world())
    token = token_of(staff.farid)
    answer = post(LIST, token, {"choice": "waivers", "items": [item.number], "values": {}})
    assert answer.status_code == 422, answer.content
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/values/reason"]
    two_ways = {"choice": "waivers", "items": [item.number], "ids": ["TE-0000001"], "values": {"reason": "no"}}
    assert "in one way" in post(LIST, token, two_ways).json()["detail"]
    unknown = {"choice": "waivers", "filter": {"colour": "red"}, "values": {"reason": "no"}}
    assert "There is no colour" in post(LIST, token, unknown).json()["detail"]
    nobody = {"choice": "assignments", "items": [item.number], "values": {"to": "nobody"}}
    assert post(LIST, token, nobody).status_code == 422
    assert post(LIST, token_of(staff.viktor), {**two_ways, "ids": []}).status_code == 403
    assert not BulkRun.objects.exists()
    given = {"choice": "assignments", "filter": {"legal_entity": "HP-DE"}, "values": {"to": "clara", "reason": "hers"}}
    assert post(LIST, token, given).status_code == 200


@pytest.mark.parametrize("filter_", [
    {"state": "new"}, {"state": []}, {"state": None}, {"state": ["new", "x"]}, {"route": ""}, {"tag": None},
    {"tag": " "}, {"route": []}, {"query": ""}, {"legal_entity": 7}, {},
])  # fmt: skip
def test_filter_that_would_narrow_nothing_plans_nothing(
    make_world: Callable[..., World], staff: Staff, filter_: dict[str, Any]
) -> None:
    situations.zero_hours(make_world())
    given = {"choice": "waivers", "filter": filter_, "values": {"reason": "not billable"}}
    answer = post(LIST, token_of(staff.farid), given)
    wrong = answer.json()["errors"][0]
    assert (answer.status_code, wrong["pointer"].split("/")[1]) == (422, "filter"), answer.json()
    assert wrong["detail"].strip()
    assert not BulkRun.objects.exists()


@pytest.mark.parametrize("more", [
    {"items": [0], "filter": {}}, {"filter": {"state": ["new"]}, "failures": [str(uuid4())]},
    {"ids": ["TE-0000001"], "failures": [str(uuid4())]}, {"failures": [str(uuid4())]},
])  # fmt: skip
def test_who_is_meant_is_never_guessed_at(make_world: Callable[..., World], staff: Staff, more: dict[str, Any]) -> None:
    item = situations.zero_hours(make_world())
    given = {"choice": "waivers", "values": {"reason": "not billable"}} | more
    given |= {"items": [item.number]} if "items" in more else {}
    answer = post(LIST, token_of(staff.farid), given)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] in ("/items", "/filter", "/ids", "/failures")
    assert not BulkRun.objects.exists()


def test_name_that_no_text_can_hold_is_nobodys(make_world: Callable[..., World], staff: Staff) -> None:
    item = situations.zero_hours(make_world())
    given = {"choice": "assignments", "items": [item.number], "values": {"to": "\0", "reason": "hers"}}
    assert post(LIST, token_of(staff.farid), given).status_code == 422
    fits = given | {"items": [], "filter": {"state": ["new"]}, "values": {"to": "clara", "reason": "hers"}}
    assert post(LIST, token_of(staff.farid), fits).status_code == 200


def test_who_signs_in_with_digits_is_meant_before_whoever_has_that_number(
    make_world: Callable[..., World], staff: Staff
) -> None:
    item = situations.zero_hours(make_world())
    digits = str(staff.farid.pk)
    User.objects.filter(pk=staff.clara.pk).update(username=digits)
    asked = {"choice": "assignments", "items": [item.number], "values": {"to": digits, "reason": "hers"}}

    answer = post(LIST, token_of(staff.farid), asked)

    assert answer.status_code == 200, answer.content
    assert BulkRun.objects.get().typed["to"] == staff.clara.pk
