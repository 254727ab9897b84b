"""What the shipped mappings give can be sent: every expected result of a golden file has a form on Tryton's wire."""

import json
from pathlib import Path

import pytest
import yaml

from connectors.vendors.tryton.connector import encode_body

FOLDER = Path(__file__).resolve().parent.parent.parent / "connectors" / "vendors" / "tryton"
OUTWARD = [path for path in sorted(FOLDER.glob("golden/*.json")) if path.stem != "periods"]  # that one is only read


@pytest.mark.parametrize("golden", OUTWARD, ids=lambda path: path.stem)
def test_expected_result_has_a_form_on_the_wire(golden: Path) -> None:
    mapping = yaml.safe_load((FOLDER / "mappings" / f"{golden.stem}.yaml").read_text())
    expected = [case["expected"] for case in json.loads(golden.read_text())["cases"] if "expected" in case]

    bodies = [encode_body(json.dumps(values).encode(), "create", mapping["to"]["stream"]) for values in expected]

    assert bodies
    assert all(json.loads(body).keys() == values.keys() for body, values in zip(bodies, expected, strict=True))


def test_a_line_goes_out_as_tryton_wants_it() -> None:
    golden = json.loads((FOLDER / "golden" / "time_entries.json").read_text())

    body = json.loads(encode_body(json.dumps(golden["cases"][0]["expected"]).encode(), "create", "time_lines"))

    assert body == {
        "description": "TE-90125 Interface to the warehouse",
        "employee": 1,
        "work": 4,
        "date": {"__class__": "date", "year": 2026, "month": 11, "day": 20},
        "duration": {"__class__": "timedelta", "seconds": 26100},
    }


def test_the_code_of_a_party_is_sent_only_when_it_is_made() -> None:
    values = json.dumps({"code": "C-1001", "name": "Brandt Maschinenbau AG"}).encode()

    assert json.loads(encode_body(values, "create", "customers"))["code"] == "C-1001"
    assert json.loads(encode_body(values, "update", "customers")) == {"name": "Brandt Maschinenbau AG"}
