"""Timesheet lines at the real Tryton: exactly one per entry, also when nobody heard how the write ended."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest

from canonical.failure import Category
from connectors.outcome import ConnectorFailure, LookUp, Result
from tests.erp.conftest import Tryton
from tests.erp.cutting import CuttingProxy
from tests.erp.talking import Talk, request

pytestmark = pytest.mark.erp


@pytest.fixture
def line(tryton: Tryton) -> dict[str, Any]:
    """A line that Tryton takes, without a description."""
    work = tryton.firm["projects"]["P-101"]["timesheet_works"]["BUILD"]
    return {"employee": tryton.firm["employees"]["W-001"], "work": work, "date": "2026-11-12", "duration": "7.25"}


@pytest.fixture
async def shaky(tryton: Tryton, proxy: CuttingProxy) -> AsyncIterator[Talk]:
    """The hub's connection through a proxy that cuts."""
    talk = tryton.talk(base_url=proxy.base_url)
    yield talk
    await talk.engine.close()


async def deliver(talk: Talk, key: str, values: dict[str, Any]) -> tuple[list[Result], str | None]:
    """Deliver as the hub does: after an unknown outcome ask, and send again only what is not there."""
    results = []
    for _ in range(10):
        outcome = await talk.write("time_lines", "create", key, values)
        results.append(outcome.result)
        if outcome.result is Result.CONFIRMED:
            return results, outcome.external_id
        found = await asked(talk, key)
        if found.found:
            return results, found.external_id
    raise AssertionError(f"not delivered: {results}")


async def asked(talk: Talk, key: str) -> LookUp:
    """Ask until there is an answer."""
    for _ in range(10):
        try:
            return await talk.look_up("time_lines", key)
        except ConnectorFailure as failure:
            if failure.category is not Category.TRANSIENT:
                raise
    raise AssertionError("no answer")


async def test_line_carries_our_key_and_the_hours(talk: Talk, tryton: Tryton, line: dict[str, Any]) -> None:
    outcome = await talk.write("time_lines", "create", "TE-100", line | {"description": "TE-100 Interface tests"})

    [row] = tryton.direct.lines("TE-100")
    assert (outcome.result, outcome.external_id) == (Result.CONFIRMED, str(row["id"]))
    assert (row["description"], row["date"]) == ("TE-100 Interface tests", dt.date(2026, 11, 12))
    assert row["duration"] == dt.timedelta(hours=7, minutes=15)


async def test_line_is_there_once_although_the_answer_was_lost(
    shaky: Talk, proxy: CuttingProxy, tryton: Tryton, line: dict[str, Any]
) -> None:
    proxy.cut(b"TE-101", committed=True)

    results, external_id = await deliver(shaky, "TE-101", line | {"description": "TE-101 Lost answer"})

    [row] = tryton.direct.lines("TE-101")
    assert (results, external_id, proxy.cuts) == ([Result.UNKNOWN], str(row["id"]), 1)


async def test_line_is_there_once_although_the_request_was_lost(
    shaky: Talk, proxy: CuttingProxy, tryton: Tryton, line: dict[str, Any]
) -> None:
    proxy.cut(b"model.timesheet.line.create", committed=False)

    results, _ = await deliver(shaky, "TE-102", line | {"description": "TE-102 Lost request"})

    assert results == [Result.UNKNOWN, Result.CONFIRMED]
    assert len(tryton.direct.lines("TE-102")) == 1


async def test_many_lines_are_there_once_each_whatever_is_cut(
    shaky: Talk, proxy: CuttingProxy, tryton: Tryton, line: dict[str, Any]
) -> None:
    await shaky.read("periods")  # signed in, so that writes and look-ups are cut
    for number in range(16):
        if number % 3:
            proxy.cut(b"TE-M%02d " % number, times=number % 4, committed=bool(number % 2))

    unknowns = 0
    for number in range(16):
        key = f"TE-M{number:02d}"
        results, _ = await deliver(shaky, key, line | {"description": f"{key} many"})
        unknowns += results.count(Result.UNKNOWN)

    assert unknowns >= 5
    assert [len(tryton.direct.lines(f"TE-M{number:02d}")) for number in range(16)] == [1] * 16


async def test_line_is_corrected_in_place_and_taken_back(talk: Talk, tryton: Tryton, line: dict[str, Any]) -> None:
    values = line | {"description": "TE-103 First"}
    made = await talk.write("time_lines", "create", "TE-103", values)
    changed = await talk.write("time_lines", "update", "TE-103", values | {"duration": "6"}, made.external_id)
    [row] = tryton.direct.lines("TE-103")
    gone = await talk.write("time_lines", "reverse", "TE-103", None, made.external_id)

    assert (changed.result, row["duration"]) == (Result.CONFIRMED, dt.timedelta(hours=6))
    assert (gone.result, tryton.direct.lines("TE-103")) == (Result.CONFIRMED, [])
    assert not (await talk.look_up("time_lines", "TE-103")).found


async def test_look_up_tells_keys_apart_that_begin_alike(talk: Talk, line: dict[str, Any]) -> None:
    await talk.write("time_lines", "create", "TE-104", line | {"description": "TE-104 short"})
    await talk.write("time_lines", "create", "TE-1045", line | {"description": "TE-1045 long"})
    await talk.write("time_lines", "create", "TE_104", line | {"description": "TE_104"})

    found = [await talk.look_up("time_lines", key) for key in ("TE-104", "TE-1045", "TE_104", "TE%104")]

    assert [each.found for each in found] == [True, True, True, False]
    assert len({each.external_id for each in found}) == 4


async def test_two_lines_under_one_key_are_a_matter_for_a_person(
    talk: Talk, tryton: Tryton, line: dict[str, Any]
) -> None:
    for _ in range(2):
        await talk.write("time_lines", "create", "TE-105", line | {"description": "TE-105 twice"})

    with pytest.raises(ConnectorFailure, match="2 records under the key TE-105"):
        await talk.look_up("time_lines", "TE-105")


@pytest.mark.parametrize(
    ("change", "category", "words"),
    [
        ({"work": None}, Category.VALIDATION, 'field "Work"'),
        ({"work": "999999"}, Category.MISSING_REFERENCE, "does not exist"),
        ({"employee": "999999"}, Category.MISSING_REFERENCE, "does not exist"),
        ({"duration": "-1"}, Category.VALIDATION, "Duration"),
        ({"date": "1999-01-01"}, Category.VALIDATION, "Employee"),
        ({"colour": "blue"}, Category.CONFIGURATION, "colour"),
    ],
)
async def test_what_tryton_refuses_is_put_into_words(
    talk: Talk, tryton: Tryton, line: dict[str, Any], change: dict[str, Any], category: Category, words: str
) -> None:
    outcome = await talk.write("time_lines", "create", "TE-106", line | {"description": "TE-106 x"} | change)

    assert (outcome.result, outcome.category) == (Result.REFUSED, category)
    assert words in outcome.message
    assert tryton.direct.lines("TE-106") == []


async def test_a_value_that_cannot_be_sent_is_not_sent(talk: Talk, tryton: Tryton, line: dict[str, Any]) -> None:
    values = line | {"description": "TE-107 x", "date": "12.11.2026"}

    outcome = await talk.write("time_lines", "create", "TE-107", values)

    assert (outcome.result, outcome.category) == (Result.NOT_SENT, Category.VALIDATION)
    assert "date" in outcome.message


async def test_one_bad_line_of_many_refuses_no_other(talk: Talk, tryton: Tryton, line: dict[str, Any]) -> None:
    good = line | {"description": "TE-108 x"}
    requests = [
        request("create", f"TE-108-{number}", good | {"description": f"TE-108-{number} x"} | bad)
        for number, bad in enumerate([{}, {"work": None}, {}, {}])
    ]

    outcomes = await talk.write_all("time_lines", requests, concurrency=4)

    assert [outcome.result for outcome in outcomes] == [Result.CONFIRMED, Result.REFUSED] + [Result.CONFIRMED] * 2


async def test_a_stopped_server_is_an_outage_in_which_nothing_was_sent(
    tryton: Tryton, talk: Talk, line: dict[str, Any]
) -> None:
    await talk.read("periods")
    tryton.server.kill()
    outcome = await talk.write("time_lines", "create", "TE-109", line | {"description": "TE-109 x"})
    tryton.server.start()
    results, _ = await deliver(talk, "TE-109", line | {"description": "TE-109 x"})

    assert (outcome.result, outcome.category) == (Result.NOT_SENT, Category.OUTAGE)
    assert results == [Result.CONFIRMED]
    assert len(tryton.direct.lines("TE-109")) == 1
