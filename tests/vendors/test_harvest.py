"""Harvest through its manifest, over HTTP: both paging schemes, changes, windows, sign-in, refusals."""

import time
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from canonical.failure import Category
from connectors.engine import Engine
from connectors.outcome import ConnectorFailure, Result
from sandbox.launch import Simulator
from tests.vendors.talking import assign_owner, harvest_spec, read, request, write


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every stream come in pages of 5, so that masters have several too."""
    from connectors.registry import registry

    streams = registry.connector("harvest").manifest.streams
    for stream in streams.values():
        assert stream.read is not None
        monkeypatch.setitem(streams, stream.name, replace(stream, read=replace(stream.read, page_size=20)))


@pytest.mark.parametrize(
    ("stream", "count"), [("clients", 13), ("projects", 43), ("tasks", 10), ("users", 61), ("roles", 8)]
)
async def test_cursor_lists_come_whole(
    harvest: Simulator, engine: Engine, small_pages: None, stream: str, count: int
) -> None:
    records, pages = await read(engine, harvest_spec(harvest), stream)

    assert len({record["id"] for record in records}) == len(records) == count
    assert len(pages) == -(-count // 20)


async def test_numbered_pages_come_whole_and_then_only_what_changed(harvest: Simulator, engine: Engine) -> None:
    spec = harvest_spec(harvest)
    records, pages = await read(engine, spec, "time_entries")
    changed = records[len(records) // 2]
    # the read before began some seconds ago: what changes now is newer than its overlap
    harvest.admin("POST", f"time_entries/{changed['id']}", {"notes": "Corrected by hand"}, system="harvest")

    later, _ = await read(engine, spec, "time_entries", cursor=pages[-1].cursor)

    assert len({record["id"] for record in records}) == len(records) > 9_000
    assert len(pages) == -(-len(records) // 500)
    assert [record["notes"] for record in later] == ["Corrected by hand"]


async def test_read_that_was_cut_off_resumes_at_the_page_that_was_not_stored(
    harvest: Simulator, engine: Engine
) -> None:
    spec = harvest_spec(harvest)
    _, whole = await read(engine, spec, "time_entries")

    _, rest = await read(engine, spec, "time_entries", cursor=whole[6].cursor)

    assert [page.records[0]["id"] for page in rest] == [page.records[0]["id"] for page in whole[7:]]


async def test_window_shows_what_is_left_after_a_deletion(harvest: Simulator, engine: Engine) -> None:
    spec, window = harvest_spec(harvest), (date(2026, 9, 7), date(2026, 9, 8))
    before, _ = await read(engine, spec, "time_entries", window=window)
    gone = before[0]["id"]
    harvest.admin("POST", "deletions", {"ids": [gone]}, system="harvest")

    after, _ = await read(engine, spec, "time_entries", window=window)

    assert {record["spent_date"] for record in before} == {"2026-09-07", "2026-09-08"}
    assert {record["id"] for record in before} - {record["id"] for record in after} == {gone}


async def test_withdrawn_approval_is_seen_as_a_change(harvest: Simulator, engine: Engine) -> None:
    spec = harvest_spec(harvest)
    records, pages = await read(engine, spec, "time_entries")
    entry = next(record for record in records if record["approval_status"] == "approved")
    harvest.admin("POST", "withdrawals", {"ids": [entry["id"]]}, system="harvest")

    later, _ = await read(engine, spec, "time_entries", cursor=pages[-1].cursor)

    assert {record["id"]: record["approval_status"] for record in later}[entry["id"]] == "unsubmitted"


@pytest.mark.parametrize(
    ("wrong", "category"),
    [({"token": "nobodys"}, Category.CREDENTIALS), ({"account": "999"}, Category.CONFIGURATION)],
)
async def test_wrong_answers_are_told_apart(
    harvest: Simulator, engine: Engine, wrong: dict[str, str], category: Category
) -> None:
    with pytest.raises(ConnectorFailure) as failure:
        await read(engine, harvest_spec(harvest, **wrong), "clients")

    assert failure.value.category is category
    assert failure.value.hint


async def test_members_token_may_not_read_people(harvest: Simulator, engine: Engine) -> None:
    token = {"user_id": 4_800_001, "account_id": 1_463_201, "token": "member-token"}
    harvest.admin("POST", "tokens", token, system="harvest")

    with pytest.raises(ConnectorFailure) as failure:
        await read(engine, harvest_spec(harvest, token="member-token"), "users")

    assert failure.value.category is Category.NO_RIGHT


async def test_ended_token_is_renewed_with_the_newest_refresh_token(harvest: Simulator, engine: Engine) -> None:
    spec = harvest_spec(harvest, auth="oauth")
    for _ in range(3):
        records, _ = await read(engine, spec, "clients")
        assert len(records) == 13
        harvest.admin("POST", "tokens/expirations", system="harvest")


async def test_throttling_is_waited_out(harvest: Simulator, engine: Engine) -> None:
    harvest.set_faults({"fault": "throttled", "times": 1, "seconds": 1}, system="harvest")
    began = time.monotonic()

    records, _ = await read(engine, harvest_spec(harvest), "clients")

    assert len(records) == 13
    assert time.monotonic() - began >= 0.9


async def test_call_limit_is_a_matter_of_patience(harvest: Simulator, engine: Engine) -> None:
    harvest.admin("POST", "limits", {"calls": 1, "seconds": 600.0}, system="harvest")

    with pytest.raises(ConnectorFailure) as failure:
        await read(engine, harvest_spec(harvest), "time_entries")

    assert failure.value.category is Category.THROTTLED
    assert failure.value.retry_after is not None
    assert failure.value.retry_after > 10


@pytest.mark.parametrize(
    ("fault", "category"),
    [
        ("html", Category.SHAPE),
        ("empty", Category.SHAPE),
        ("same_page", Category.SHAPE),
        ("half_body", Category.TRANSIENT),
        ("unavailable", Category.OUTAGE),
        ("expired", Category.CREDENTIALS),
    ],
)
async def test_bad_answers_stop_the_read(harvest: Simulator, engine: Engine, fault: str, category: Category) -> None:
    harvest.set_faults({"fault": fault}, system="harvest")

    with pytest.raises(ConnectorFailure) as failure:
        await read(engine, harvest_spec(harvest), "time_entries")

    assert failure.value.category is category


async def test_connection_can_be_tried(harvest: Simulator, engine: Engine) -> None:
    good = await engine.test_connection(harvest_spec(harvest))
    bad = await engine.test_connection(harvest_spec(harvest, token="nobodys"))
    incomplete = await engine.test_connection(harvest_spec(harvest, contact=""))

    assert good.ok
    assert "ingrid.solheim@halden-partner.example" in good.message
    assert (bad.ok, bad.category) == (False, Category.CREDENTIALS)
    assert (incomplete.ok, incomplete.category) == (False, Category.CONFIGURATION)


ENTRY = {"project_id": 41_200_001, "task_id": 20_700_001, "spent_date": "2026-11-20", "hours": 1.5}


def entry(key: str, **more: Any) -> dict[str, Any]:
    """Return the body of a time entry that carries our key."""
    return ENTRY | {"external_reference": {"id": key, "group_id": "throughline"}} | more


async def test_lost_answer_is_found_by_our_reference_then_changed_and_deleted_twice(
    harvest: Simulator, engine: Engine
) -> None:
    spec = harvest_spec(harvest)
    assign_owner(harvest)
    harvest.set_faults({"fault": "commit_and_hang_up", "method": "POST", "times": 1}, system="harvest")

    lost = await write(engine, spec, "time_entries", "TE-1", entry("TE-1"))
    [found] = await engine.look_up(spec, "time_entries", [request("TE-1", {})])
    changed = await write(
        engine, spec, "time_entries", "TE-1", {"hours": 2}, operation="update", external_id=found.external_id
    )
    gone = [
        await write(engine, spec, "time_entries", "TE-1", None, operation="reverse", external_id=found.external_id)
        for _ in range(2)
    ]
    [after] = await engine.look_up(spec, "time_entries", [request("TE-1", {})])

    assert lost.result is Result.UNKNOWN
    assert (found.found, changed.result, changed.external_id) == (True, Result.CONFIRMED, found.external_id)
    assert [outcome.result for outcome in gone] == [Result.CONFIRMED] * 2
    assert not after.found


async def test_refusals_are_told_apart_by_their_words(harvest: Simulator, engine: Engine) -> None:
    spec = harvest_spec(harvest)
    assign_owner(harvest)
    made = await write(engine, spec, "time_entries", "TE-2", entry("TE-2"))
    harvest.admin("POST", "approvals", {"ids": [int(made.external_id or 0)]}, system="harvest")

    locked = await write(
        engine, spec, "time_entries", "TE-2", {"hours": 3}, operation="update", external_id=made.external_id
    )
    blank = await write(engine, spec, "time_entries", "TE-3", entry("TE-3", spent_date=None))
    stranger = await write(engine, spec, "time_entries", "TE-4", entry("TE-4", project_id=41_200_004))
    unknown = await write(engine, spec, "time_entries", "TE-5", entry("TE-5", colour="red"))

    found = [(outcome.result, outcome.category) for outcome in (locked, blank, stranger, unknown)]
    assert found == [
        (Result.REFUSED, Category.CLOSED_PERIOD),
        (Result.REFUSED, Category.VALIDATION),
        (Result.REFUSED, Category.MISSING_REFERENCE),
        (Result.REFUSED, Category.CONFIGURATION),
    ]
