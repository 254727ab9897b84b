"""Writes of several calls in a manifest: what is refused, and in which words."""

from typing import Any

import pytest

from connectors.manifest.check_steps import return_faults, step_faults
from connectors.registry import registry

CALL = {"method": "POST", "path": "/rpc", "success": [200]}


def faults(operations: dict[str, Any], **write: Any) -> list[str]:
    return [message for _, message, _ in step_faults(("write",), {"operations": operations, **write})]


def test_upsert_by_look_up_is_accepted_with_what_it_goes_by() -> None:
    operations = {"create": CALL, "update": CALL, "upsert": {"by": "look_up"}}

    assert faults(operations, look_up={"path": "/rpc", "id": "id"}) == []


@pytest.mark.parametrize("lacking", ["create", "update", "look_up"])
def test_upsert_by_look_up_says_what_it_lacks(lacking: str) -> None:
    operations = {"create": CALL, "update": CALL, "upsert": {"by": "look_up"}}
    operations.pop(lacking, None)
    write = {} if lacking == "look_up" else {"look_up": {}}

    assert faults(operations, **write) == ["an upsert by look_up lacks what it goes by."]


def test_only_upsert_goes_by_the_look_up() -> None:
    operations = {"create": {"by": "look_up"}, "update": CALL}

    assert "create cannot go by the look-up." in faults(operations, look_up={})


def test_a_step_may_use_what_an_earlier_one_kept() -> None:
    find = CALL | {"keep": {"drafts": "result"}}
    clear = CALL | {"body": {"ids": "{step.drafts}"}}

    assert faults({"create": CALL | {"before": [find, clear]}}) == []


def test_a_step_may_not_use_what_only_a_later_one_keeps() -> None:
    operation = CALL | {"body": {"number": "{step.number}"}, "then": [CALL | {"keep": {"number": "result"}}]}

    assert faults({"create": operation}) == ["no step before keeps {step.number}."]


RETURNS = {
    "by": "rejections",
    "id": "id",
    "body": {"comment": "{reason}"},
    "about": "It goes back to its author there.",
}


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ({"returns": RETURNS}, []),
        ({"returns": RETURNS | {"by": "hours"}}, ["no stream hours creates anything."]),
        ({"returns": RETURNS | {"by": "nothing"}}, ["no stream nothing creates anything."]),
        ({"returns": RETURNS, "cannot_return": "…"}, ["a stream has returns, or says why it has none."]),
    ],
)
def test_what_sends_back_is_a_stream_that_creates(stream: dict[str, Any], said: list[str]) -> None:
    streams = {"rejections": {"write": {"operations": {"create": CALL}}}, "hours": {"write": {"operations": {}}}}

    assert [message for _, message, _ in return_faults(("hours",), stream, streams)] == said


@pytest.mark.parametrize("name", ["ledger_blind", "ledger_idempotent", "ledger_look_up", "harvest"])
def test_every_source_of_hours_says_whether_it_takes_something_back(name: str) -> None:
    stream = registry.connector(name).manifest.streams["time_entries"]

    assert (stream.returns is None) == bool(stream.cannot_return)
    assert ("send back" in stream.capabilities) == (stream.returns is not None)
