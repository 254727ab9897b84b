"""All contenders do the same work: the hub's mappings, the yardstick's code and the flow agree field by field."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import hub_mapping, work
from bench.yardstick_mapping import mapper
from canonical import codec
from canonical.entities import ENTITIES
from connectors.registry import load_all, vendor_folders
from mappings import BatchSnapshot, compile_mapping
from mappings.snapshot import Row
from sandbox.ledger import source

ROOT = Path(__file__).resolve().parent.parent.parent
TODAY = source.FIRST_DAY
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_by_hand = mapper(work.TABLES)
_normalise = compile_mapping(hub_mapping.NORMALISE)
_translate = compile_mapping(hub_mapping.TRANSLATE)


def tables() -> BatchSnapshot:
    """Return the look-up tables as a batch has them once everything was asked for."""
    filled = BatchSnapshot(TODAY)
    for each in _translate.sources:
        filled.view(each)
    for name, rows in work.TABLES.items():
        known = {(code,): [Row(place, None, None, {"id": id_})] for place, (code, id_) in enumerate(rows.items())}
        filled.give_rows(f"bench_{name}", known, [*known, (source.UNKNOWN_TASK,)])
    return filled


def by_the_hub(entry: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return the hub's body and how many errors it found."""
    inward = _normalise.run(entry)
    outward = _translate.run(inward.values, tables())
    assert not outward.misses
    return outward.values, len([p for p in [*inward.problems, *outward.problems] if p.severity == "error"])


def as_sent(values: dict[str, Any]) -> dict[str, Any]:
    """Return a body in the form that both can be compared in: dates as text, numbers as numbers."""
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.Encoder(decimal_format="string").encode(values))
    return decoded


@given(st.integers(1, 20_000))
def test_hub_and_yardstick_post_the_same_body(number: int) -> None:
    entry = _decode(source.encode(source.generate(11, number, 20_000)))
    ours, errors = by_the_hub(entry)
    theirs, problems = _by_hand(entry)
    assert (errors, problems) == (0, [])
    assert set(ours) == set(work.FIELDS)
    same = work.FIELDS[:-1]  # changed_at: the hub writes the same moment with +00:00
    assert {f: as_sent(ours)[f] for f in same} == {f: as_sent(theirs)[f] for f in same}


@pytest.mark.parametrize(
    "wrong",
    [
        {"task_code": source.UNKNOWN_TASK},
        {"hours": Decimal("24.25")},
        {"status": "submitted"},
        {"currency": "CHF"},
        {"bill_rate": Decimal("1000.00")},
        {"notes": "ok"},
    ],
)
def test_hub_and_yardstick_send_the_same_entries_to_people(wrong: dict[str, Any]) -> None:
    entry = {**_decode(source.encode(source.generate(11, 5, 20_000))), **wrong}
    _, errors = by_the_hub(entry)
    _, problems = _by_hand(entry)
    assert errors > 0
    assert problems


def test_flow_makes_the_same_fields_and_checks() -> None:
    flow = (ROOT / "bench" / "node_red" / "flow.js").read_text()
    mapped = re.search(r"const mapped = \{(.*?)\n\}", flow, re.DOTALL)[1]
    assert all(re.search(rf"\b{field}\b", mapped) for field in work.FIELDS)
    assert flow.count("problems.push(") == 3 + len(hub_mapping.TRANSLATE["rules"])


def test_work_is_what_the_page_says() -> None:
    formulas = [str(field.get("formula", "")) for field in hub_mapping.TRANSLATE["fields"]]
    assert len(formulas) == len(work.FIELDS) == 15
    assert sum("LOOKUP(" in formula for formula in formulas) == 3
    assert len(hub_mapping.TRANSLATE["rules"]) == 8


def test_expected_counts_what_the_source_shows() -> None:
    truth = work.expected(seed=11, entries=400, trouble=0.05)
    shown = [source.generate(11, number, 400, 0.05) for number in range(1, 401)]
    good = [entry for entry in shown if entry["task_code"] != source.UNKNOWN_TASK]
    assert truth.posted == len(good)
    assert truth.with_people == 400 - len(good)
    assert sum(truth.amounts.values()) == sum(entry["amount"] for entry in good)


def test_connector_of_the_benchmark_loads() -> None:
    found = load_all(vendor_folders(ROOT / "bench" / "connectors"))
    assert set(found["bench_ledger"].manifest.streams) == {"time_entries", "entries", "entries_by_hundreds"}


def test_canonical_form_survives_storing() -> None:
    entry = _decode(source.encode(source.generate(11, 7, 20_000)))
    values = _normalise.run(entry).values
    assert codec.loads(ENTITIES["time_entry"], codec.dumps(values)) == values
