"""The ledger's source side: deterministic pages, later versions, withdrawals, and the comparison with the log."""

import json
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.ledger import truth
from sandbox.ledger.source import FIRST_CHANGE, FIRST_DAY, Source, generate, stamp


def pages(ledger, query=""):
    number, entries = 1, []
    while number:
        _, raw = ledger.request("GET", f"/time_entries?page={number}{query}")
        body = json.loads(raw, parse_float=Decimal)
        entries += body["time_entries"]
        number = body["next_page"]
    return entries


def test_pages_give_every_entry_once_and_the_same_for_one_seed(start):
    ledger, same = start("ledger", entries=1234, seed=3), start("ledger", entries=1234, seed=3)
    entries = pages(ledger)
    assert [entry["id"] for entry in entries] == list(range(1, 1235))
    assert entries == pages(same)
    for entry in entries:
        assert entry["amount"] == (entry["hours"] * entry["bill_rate"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert entry["hours"].as_tuple().exponent == -2


def test_trouble_share_gives_an_unknown_task(start):
    ledger = start("ledger", entries=2000, trouble=0.05)
    troubled = [entry for entry in pages(ledger) if entry["task_code"] == "T-NEW"]
    assert 60 <= len(troubled) <= 140


def test_later_versions_withdrawals_and_deletions_survive_a_kill(start):
    ledger = start("ledger", entries=700)
    changes = ledger.admin("POST", "changes", {"edit": 5, "withdraw": 3, "delete": 2, "seed": 1})["changes"]
    assert len(changes) == 10
    ledger.kill()
    ledger.run()
    entries = pages(ledger)
    assert len(entries) == 698
    changed = pages(ledger, "&updated_since=2026-09-01T00:00:00Z")
    assert sorted(entry["status"] for entry in changed) == ["approved"] * 5 + ["withdrawn"] * 3
    assert [entry["version"] for entry in changed] == [2] * 8
    assert entries[-8:] == changed


def test_filters_by_day_and_refuses_unknown_parameters(start):
    ledger = start("ledger", entries=900)
    days = {entry["worked_on"] for entry in pages(ledger, "&from=2026-01-10&to=2026-01-12&per_page=7")}
    assert days == {"2026-01-10", "2026-01-11", "2026-01-12"}
    assert ledger.request("GET", "/time_entries?since=1")[0] == 400
    assert ledger.request("GET", "/time_entries?updated_since=yesterday")[0] == 400


def commit(key, operation="create", hours="1", amount="10"):
    return {"kind": "commit", "key": key, "operation": operation, "hours": hours, "amount": amount}


@pytest.mark.parametrize(
    ("log", "verdict"),
    [
        ([commit("A")], "posted"),
        ([], "lost"),
        ([commit("A"), commit("A")], "doubled"),
        ([commit("A"), commit("A", "reverse", "-1", "-10"), commit("A")], "posted"),
        ([commit("A"), commit("A", "reverse", "-1", "-10"), commit("A", "reverse", "-1", "-10")], "doubled"),
        ([commit("A", amount="9")], "wrong"),
        ([commit("A", amount="9"), commit("A", "update")], "posted"),
        ([commit("A"), commit("A", "void", "0", "0")], "wrong"),
        ([commit("A"), commit("B")], "unasked"),
    ],
)
def test_the_verdict_on_one_key(log, verdict):
    found = truth.compare([{"key": "A", "hours": "1", "amount": "10", "status": "approved"}], log)
    assert getattr(found, verdict)


def test_a_withdrawn_entry_must_be_gone():
    entry = generate(1, 1, 10) | {"status": "withdrawn"}
    lines = [commit(entry["key"]), commit(entry["key"], "void", "0", "0")]
    assert truth.compare([entry], lines[:1]).wrong == [entry["key"]]
    assert truth.compare([entry], lines).posted == [entry["key"]]
    assert truth.compare([entry], []).lost == []


@given(
    count=st.integers(1, 400),
    since=st.one_of(st.none(), st.integers(-5, 405)),
    first=st.one_of(st.none(), st.integers(-3, 93)),
    last=st.one_of(st.none(), st.integers(-3, 93)),
)
def test_filters_find_what_a_plain_reading_of_all_entries_finds(count, since, first, last):
    asked = (
        "" if since is None else stamp(FIRST_CHANGE + timedelta(seconds=since)),
        "" if first is None else (FIRST_DAY + timedelta(days=first)).isoformat(),
        "" if last is None else (FIRST_DAY + timedelta(days=last)).isoformat(),
    )
    with TemporaryDirectory() as folder:
        source = Source(Path(folder), seed=1, count=count)
        page = json.loads(source.page(page=1, per_page=500, updated_since=asked[0], first=asked[1], last=asked[2]))
        source.log.close()
    plain = [
        entry["id"]
        for entry in (generate(1, number, count) for number in range(1, count + 1))
        if (not asked[0] or entry["changed_at"] >= asked[0])
        and (not asked[1] or entry["worked_on"] >= asked[1])
        and (not asked[2] or entry["worked_on"] <= asked[2])
    ]
    assert [entry["id"] for entry in page["time_entries"]] == plain


def test_a_source_that_never_ends_or_repeats(start):
    ledger = start("ledger", entries=20)
    ledger.set_faults({"fault": "same_page", "method": "GET", "times": 2})
    for _ in range(2):
        assert json.loads(ledger.request("GET", "/time_entries")[1])["next_page"] == 1
    ledger.set_faults({"fault": "repeats", "method": "GET", "times": 1})
    numbers = [entry["id"] for entry in pages(ledger)]
    assert numbers == [1, 2, 3, *range(1, 21)]
    assert pages(ledger)[0]["hours"].as_tuple().exponent == -2
