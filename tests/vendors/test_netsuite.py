"""NetSuite through its manifest, over HTTP: both logins, SuiteQL, writes under our key, refusals by their words."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from canonical.failure import Category
from connectors.engine import Engine
from connectors.outcome import ConnectorFailure, Result
from sandbox.launch import Simulator
from tests.vendors.talking import netsuite_spec, read, request, write

numbers = itertools.count(1)


def time_of(**more: Any) -> dict[str, Any]:
    """Return the body of a time record that NetSuite accepts."""
    return {"employee": {"id": "2001"}, "hours": 1.25, "tranDate": "2026-11-20", "memo": "Build"} | more


@pytest.mark.parametrize("auth", ["token", "certificate"])
@pytest.mark.parametrize(
    ("stream", "count"),
    [("subsidiaries", 4), ("service_items", 9), ("departments", 12), ("customers", 13), ("workers", 60)],
)
async def test_masters_are_read_with_both_logins(
    netsuite: Simulator, engine: Engine, auth: str, stream: str, count: int
) -> None:
    records, _ = await read(engine, netsuite_spec(netsuite, auth=auth), stream)

    assert len({record["id"] for record in records}) == count


async def test_lists_of_several_pages_come_whole(
    netsuite: Simulator, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = netsuite_spec(netsuite)
    streams = spec.connector.manifest.streams
    stream = streams["projects"]
    assert stream.read is not None
    monkeypatch.setitem(streams, "projects", replace(stream, read=replace(stream.read, page_size=10)))

    records, pages = await read(engine, spec, "projects")

    assert len({record["externalid"] for record in records}) == len(records) >= 42
    assert len(pages) == 5


async def test_only_what_changed_since_comes(netsuite: Simulator, engine: Engine) -> None:
    spec = netsuite_spec(netsuite)
    cursor = {"since": f"{datetime.now(UTC) + timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}"}  # no later is believed

    nothing, pages = await read(engine, spec, "workers", cursor=cursor)
    _, whole = await read(engine, spec, "workers")

    assert (nothing, pages[-1].cursor) == ([], cursor)
    assert whole[-1].cursor["since"] > "2026"


async def test_periods_say_whether_they_are_closed(netsuite: Simulator, engine: Engine) -> None:
    records, _ = await read(engine, netsuite_spec(netsuite), "accounting_periods")

    closed = {record["starts_on"]: record["closed"] for record in records}
    assert (closed["2026-07-01"], closed["2026-08-01"]) == ("T", "F")


async def test_time_of_a_span_of_days_is_read(netsuite: Simulator, engine: Engine) -> None:
    spec = netsuite_spec(netsuite)
    for day in ("2026-08-03", "2026-08-04"):
        await write(engine, spec, "time_entries", f"TE-W-{day}", time_of(tranDate=day))

    records, _ = await read(engine, spec, "time_entries", window=(date(2026, 8, 4), date(2026, 8, 4)))

    assert [record["externalid"] for record in records] == ["TE-W-2026-08-04"]


async def test_same_time_sent_twice_is_there_once(netsuite: Simulator, engine: Engine) -> None:
    spec, key = netsuite_spec(netsuite, auth="certificate"), f"TE-{next(numbers)}"

    first = await write(engine, spec, "time_entries", key, time_of())
    again = await write(engine, spec, "time_entries", key, time_of())

    assert (first.result, again.result) == (Result.CONFIRMED, Result.CONFIRMED)
    assert first.external_id == again.external_id == first.reference
    assert len(rows(netsuite, key)) == 1


@pytest.mark.parametrize("fault", ["commit_and_hang_up", "half_body", "error_after_commit"])
async def test_lost_answer_is_in_doubt_and_a_repeat_has_no_second_effect(
    netsuite: Simulator, engine: Engine, fault: str
) -> None:
    spec, key = netsuite_spec(netsuite), f"TE-{next(numbers)}"
    netsuite.set_faults({"fault": fault, "key": key, "times": 1}, system="netsuite")

    lost = await write(engine, spec, "time_entries", key, time_of())
    [found] = await engine.look_up(spec, "time_entries", [request(key, {})])
    again = await write(engine, spec, "time_entries", key, time_of())

    if fault != "half_body":  # nothing is in NetSuite's body, so half of it is whole
        assert lost.result is Result.UNKNOWN
    assert (found.found, again.result, again.external_id) == (True, Result.CONFIRMED, found.external_id)
    assert len(rows(netsuite, key)) == 1


async def test_answer_that_never_comes_is_in_doubt(netsuite: Simulator, engine: Engine) -> None:
    spec, key = netsuite_spec(netsuite, timeout=0.3), f"TE-{next(numbers)}"
    netsuite.set_faults({"fault": "answer_late", "key": key, "seconds": 1}, system="netsuite")

    outcome = await write(engine, spec, "time_entries", key, time_of())

    assert (outcome.result, len(rows(netsuite, key))) == (Result.UNKNOWN, 1)


async def test_posted_time_is_changed_and_deleted_and_deleting_twice_is_as_good(
    netsuite: Simulator, engine: Engine
) -> None:
    spec, key = netsuite_spec(netsuite), f"TE-{next(numbers)}"
    made = await write(engine, spec, "time_entries", key, time_of())

    changed = await write(engine, spec, "time_entries", key, time_of(hours=2), operation="update")
    hours = [row["hours"] for row in rows(netsuite, key)]
    gone = [
        await write(engine, spec, "time_entries", key, None, operation="reverse", external_id=made.external_id)
        for _ in range(2)
    ]

    assert (changed.result, changed.external_id, hours) == (Result.CONFIRMED, made.external_id, [2.0])
    assert [outcome.result for outcome in gone] == [Result.CONFIRMED] * 2
    assert rows(netsuite, key) == []


REFUSALS = [
    ({"tranDate": "2026-07-15"}, Category.CLOSED_PERIOD, "Jul 2026 is closed"),
    ({"tranDate": "2031-01-01"}, Category.VALIDATION, "accounting period"),
    ({"employee": None}, Category.VALIDATION, "employee"),
    ({"customer": {"id": "3001"}}, Category.VALIDATION, "item"),
    ({"employee": {"id": "99"}}, Category.MISSING_REFERENCE, "Invalid Field Value 99"),
    ({"item": {"externalId": "SVC-AIE"}}, Category.MISSING_REFERENCE, "SVC-AIE"),
    ({"hours": "many"}, Category.VALIDATION, "hours"),
    ({"colour": "red"}, Category.CONFIGURATION, "colour"),
]


@pytest.mark.parametrize(("more", "category", "words"), REFUSALS)
async def test_refusals_are_told_apart_by_their_words(
    netsuite: Simulator, engine: Engine, more: dict[str, Any], category: Category, words: str
) -> None:
    key = f"TE-{next(numbers)}"

    outcome = await write(engine, netsuite_spec(netsuite), "time_entries", key, time_of(**more))

    assert (outcome.result, outcome.category) == (Result.REFUSED, category)
    assert words in outcome.message
    assert "accessing a resource" not in outcome.message, "what all refusals begin with tells nothing apart"
    assert outcome.hint
    assert rows(netsuite, key) == []


async def test_cap_of_a_contract_is_the_firms_own_refusal(netsuite: Simulator, engine: Engine) -> None:
    job = {"id": 3009, "custentity_hours_cap": "1.00"}
    netsuite.admin("POST", "rows/job", job, system="netsuite")
    body = time_of(customer={"id": "3009"}, item={"externalId": "SVC-ANL"}, hours=2)

    outcome = await write(engine, netsuite_spec(netsuite), "time_entries", f"TE-{next(numbers)}", body)

    assert (outcome.result, outcome.category) == (Result.REFUSED, Category.REFUSED)
    assert outcome.message.startswith("Project ")
    assert "cap of 1.00 hours would be exceeded" in outcome.message


async def test_locked_record_is_a_conflict(netsuite: Simulator, engine: Engine) -> None:
    spec, key = netsuite_spec(netsuite), f"TE-{next(numbers)}"
    made = await write(engine, spec, "time_entries", key, time_of())
    netsuite.admin("POST", "locks", {"type": "timeBill", "id": int(made.external_id or 0)}, system="netsuite")

    outcome = await write(engine, spec, "time_entries", key, time_of(hours=3), operation="update")

    assert (outcome.result, outcome.category) == (Result.REFUSED, Category.CONFLICT)


async def test_project_that_nobody_set_up_is_never_made(netsuite: Simulator, engine: Engine) -> None:
    spec = netsuite_spec(netsuite)

    known = await write(engine, spec, "existing_projects", "DE-AUR-01", {"companyName": "Grid cost transparency"})
    missing = await write(engine, spec, "existing_projects", "US-IRO-03", {"companyName": "Plant 7"})
    [absent] = await engine.look_up(spec, "existing_projects", [request("US-IRO-03", {})])

    assert (known.result, known.external_id) == (Result.CONFIRMED, "3001")
    assert (missing.result, missing.category) == (Result.REFUSED, Category.MISSING_REFERENCE)
    assert not absent.found


@pytest.mark.parametrize("stream", ["customers", "projects", "workers"])
async def test_masters_are_made_once_and_then_changed(netsuite: Simulator, engine: Engine, stream: str) -> None:
    spec = netsuite_spec(netsuite)
    sample = spec.connector.manifest.streams[stream].write.sample

    made = await write(engine, spec, stream, "NEW-1", sample)
    again = await write(engine, spec, stream, "NEW-1", sample, operation="update")

    assert (made.result, again.result) == (Result.CONFIRMED, Result.CONFIRMED)
    assert made.external_id == again.external_id is not None


async def test_too_many_at_once_are_handed_back_and_nothing_is_lost(netsuite: Simulator, engine: Engine) -> None:
    netsuite.admin("POST", "limits", {"concurrency": 2}, system="netsuite")
    netsuite.set_faults(latency=0.1, system="netsuite")
    keys = [f"TE-T-{number}" for number in range(12)]

    outcomes = await engine.write(
        netsuite_spec(netsuite), "time_entries", [request(key, time_of()) for key in keys], concurrency=8
    )

    stopped = [outcome for outcome in outcomes if outcome.result is not Result.CONFIRMED]
    assert stopped
    assert {outcome.category for outcome in stopped} == {Category.THROTTLED}
    assert {outcome.result for outcome in stopped} <= {Result.REFUSED, Result.NOT_SENT}
    confirmed = [key for key, outcome in zip(keys, outcomes, strict=True) if outcome.result is Result.CONFIRMED]
    assert [key for key in keys if rows(netsuite, key)] == confirmed


async def test_ended_token_is_renewed_once(netsuite: Simulator, engine: Engine) -> None:
    spec = netsuite_spec(netsuite, auth="certificate")
    await read(engine, spec, "subsidiaries")
    netsuite.admin("POST", "tokens/expirations", system="netsuite")

    outcomes = await engine.write(
        spec, "time_entries", [request(f"TE-R-{number}", time_of()) for number in range(6)], concurrency=6
    )

    assert {outcome.result for outcome in outcomes} == {Result.CONFIRMED}
    tokens = netsuite.admin("GET", "rows/tokens", system="netsuite")
    assert sum(row["expires_at"] > 0 for row in tokens) == 1


@pytest.mark.parametrize(("auth", "wrong"), [("token", {"token_secret": "x"}), ("certificate", {"certificate": "x"})])
async def test_wrong_credentials_are_told(
    netsuite: Simulator, engine: Engine, auth: str, wrong: dict[str, str]
) -> None:
    spec = netsuite_spec(netsuite, auth=auth, **wrong)

    with pytest.raises(ConnectorFailure) as failure:
        await read(engine, spec, "subsidiaries")
    outcome = await write(engine, spec, "time_entries", f"TE-{next(numbers)}", time_of())

    assert failure.value.category is Category.CREDENTIALS
    assert outcome.category is Category.CREDENTIALS
    assert outcome.result in (Result.REFUSED, Result.NOT_SENT)


async def test_page_of_html_is_no_confirmation(netsuite: Simulator, engine: Engine) -> None:
    spec, key = netsuite_spec(netsuite), f"TE-{next(numbers)}"
    netsuite.set_faults({"fault": "html"}, system="netsuite")

    with pytest.raises(ConnectorFailure) as failure:
        await read(engine, spec, "subsidiaries")
    outcome = await write(engine, spec, "time_entries", key, time_of())

    assert failure.value.category is Category.SHAPE
    assert (outcome.result, outcome.category) == (Result.UNKNOWN, Category.OUTCOME_UNKNOWN)


async def test_connection_can_be_tried(netsuite: Simulator, engine: Engine) -> None:
    good = await engine.test_connection(netsuite_spec(netsuite, auth="certificate"))
    bad = await engine.test_connection(netsuite_spec(netsuite, auth="token", consumer_secret="x"))

    assert good.ok
    assert "Halden & Partner Group" in good.message
    assert (bad.ok, bad.category) == (False, Category.CREDENTIALS)


def rows(netsuite: Simulator, key: str) -> list[dict[str, Any]]:
    """Return the time records in NetSuite that carry a key."""
    found: list[dict[str, Any]] = netsuite.admin("GET", "rows/timeBill", system="netsuite")
    return [row for row in found if row.get("externalId") == key]
