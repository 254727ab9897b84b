"""Reading the real Tryton: only what changed, every record once, plain values."""

import datetime as dt
from decimal import Decimal

import psycopg
import pytest

from canonical.failure import Category
from connectors.outcome import ConnectorFailure, Result
from tests.erp.conftest import Tryton
from tests.erp.prepare import address
from tests.erp.talking import Talk

pytestmark = pytest.mark.erp


@pytest.mark.parametrize("stream", ["customers", "employees", "projects", "tasks", "time_lines", "invoices", "periods"])
async def test_every_stream_is_read_whole_and_then_only_its_changes(talk: Talk, stream: str) -> None:
    first, cursor = await talk.read(stream)
    second, unmoved = await talk.read(stream, cursor)

    ids = [record["id"] for record in first]
    assert len(set(ids)) == len(ids)
    assert {record["id"] for record in second} <= set(ids)  # what was saved in the last two minutes comes again
    assert unmoved == cursor


async def test_only_what_changed_since_comes(talk: Talk, tryton: Tryton) -> None:
    saved_before(tryton, "10 minutes")
    await talk.write("customers", "upsert", "C-3000", {"code": "C-3000", "name": "Isar Software"})
    _, cursor = await talk.read("customers")
    await talk.write("customers", "upsert", "C-3001", {"code": "C-3001", "name": "Inn Logistik"})

    changed, moved = await talk.read("customers", cursor)

    assert [record["code"] for record in changed] == ["C-3000", "C-3001"]  # the first within the overlap
    assert moved["at"] > cursor["at"]


async def test_what_a_long_transaction_saves_late_is_read_after_all(talk: Talk, tryton: Tryton) -> None:
    saved_before(tryton, "10 minutes")
    await talk.write("customers", "upsert", "C-3004", {"code": "C-3004", "name": "Quick"})
    _, cursor = await talk.read("customers")
    await talk.write("customers", "upsert", "C-3005", {"code": "C-3005", "name": "Slow"})
    saved_before(tryton, "1 minute", code="C-3005")

    late, moved = await talk.read("customers", cursor)

    assert "C-3005" in [record["code"] for record in late]
    assert moved == cursor  # it never moves back


def saved_before(tryton: Tryton, age: str, code: str | None = None) -> None:
    """Let parties (or one of them) look as if the transaction that saved them had begun `age` ago."""
    change = "UPDATE party_party SET write_date = now()::timestamp - %s::interval"
    with psycopg.connect(address(tryton.database), autocommit=True) as connection:
        connection.execute("SET timezone TO 'UTC'")
        if code is None:
            connection.execute(change, (age,))
        else:
            connection.execute(f"{change} WHERE code = %s", (age, code))


async def test_small_pages_give_the_same_records(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = await talk.read("periods")
    read = talk.spec.connector.manifest.streams["periods"].read
    object.__setattr__(read, "page_size", 5)

    try:
        paged, _ = await talk.read("periods")
    finally:
        object.__setattr__(read, "page_size", 500)

    assert [record["id"] for record in paged] == [record["id"] for record in whole]


async def test_values_are_plain_and_related_records_in_place(talk: Talk) -> None:
    employees, _ = await talk.read("employees")

    [jonas] = [record for record in employees if record["party"]["code"] == "W-001"]
    assert jonas["party"]["name"] == "Jonas Keller"
    assert jonas["start_date"] == "2024-01-01"
    assert jonas["last_modified_at"].endswith("Z")


async def test_a_window_of_days_gives_the_hours_in_it(talk: Talk, tryton: Tryton) -> None:
    works = tryton.firm["projects"]["P-101"]["timesheet_works"]
    line = {"employee": tryton.firm["employees"]["W-001"], "work": works["BUILD"], "duration": "1.5"}
    for day in ("2026-11-02", "2026-11-03"):
        key = f"TE-W-{day}"
        await talk.write("time_lines", "create", key, line | {"description": f"{key} x", "date": day})

    records, cursor = await talk.read("time_lines", window=(dt.date(2026, 11, 3), dt.date(2026, 11, 3)))

    found = [(record["date"], record["duration"]) for record in records if record["description"].startswith("TE-W-")]
    assert (found, cursor) == ([("2026-11-03", Decimal("1.5"))], {})


async def test_an_ended_session_is_renewed(talk: Talk, tryton: Tryton) -> None:
    await talk.read("periods")
    tryton.end_sessions()

    records, _ = await talk.read("periods")
    outcome = await talk.write("customers", "upsert", "C-3002", {"code": "C-3002", "name": "Lech Energie"})

    assert records
    assert outcome.result is Result.CONFIRMED


async def test_wrong_password_is_a_matter_of_credentials(tryton: Tryton) -> None:
    talk = Talk(tryton.answers(), {"password": "wrong"})

    with pytest.raises(ConnectorFailure) as failure:
        await talk.read("periods")
    outcome = await talk.write("customers", "create", "C-3003", {"code": "C-3003", "name": "x"})
    await talk.engine.close()

    assert failure.value.category is Category.CREDENTIALS
    assert (outcome.result, outcome.category) == (Result.NOT_SENT, Category.CREDENTIALS)


async def test_the_connection_can_be_tried(talk: Talk, tryton: Tryton) -> None:
    report = await talk.engine.test_connection(talk.spec)

    assert report.ok
    assert "Halden & Partner GmbH" in report.message


async def test_user_without_the_right_cannot_read(tryton: Tryton) -> None:
    talk = tryton.talk("clerk")

    with pytest.raises(ConnectorFailure) as failure:
        await talk.read("invoices")
    await talk.engine.close()

    assert failure.value.category is Category.NO_RIGHT
