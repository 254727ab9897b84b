"""docs/api.md tells of events as they are: their types, the fields of an example, the answers and the settings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hub.supervisor.options import ROOT
from routes.models import OutboundEvent
from routes.outbound import calling, tap, types
from tests.routes.world import entry

PAGE = (Path(ROOT) / "docs" / "api.md").read_text().partition("## Events out")[2]


def test_types_stand_on_the_page_with_their_meaning() -> None:
    listed = dict(re.findall(r"^\| `(throughline\.[a-z_.]+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert listed == {each.name: each.meaning for each in types.TYPES.values()}
    assert f"`{types.TESTED}`" in PAGE


def test_answers_stand_on_the_page() -> None:
    for status in (*calling.REFUSALS, *calling.TRY_LATER, calling.GONE):
        assert f"`{status}`" in PAGE


@pytest.mark.usefixtures("alone")
def test_example_has_the_fields_that_an_event_has(make_world: Any, subscribe: Any) -> None:
    example = json.loads(re.search(r"^(\{\"specversion.*?\}\})\n```", PAGE, re.MULTILINE | re.DOTALL)[1])
    world = make_world("ledger_idempotent")
    subscribe()
    world.take_in(entry(1))
    world.deliver()
    tap.tell()
    event = json.loads(OutboundEvent.objects.get().body)
    assert event.keys() == example.keys()
    assert event["data"].keys() == example["data"].keys()
    same = ("amount", "currency", "hours", "state", "previous_state", "reason", "posting_reference", "entity")
    assert {name: event["data"][name] for name in same} == {name: example["data"][name] for name in same}
