"""The shipped mappings, from canonical records to the very JSON that Tryton takes; needs no server."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

import mappings
from canonical.codec import dumps
from connectors.vendors.tryton.connector import encode_body
from mappings.formula.emit_tables import Source
from mappings.snapshot import BatchSnapshot, Row

FOLDER = Path(__file__).resolve().parent.parent.parent / "connectors" / "vendors" / "tryton"
NUMBERS = ("hours", "budget_hours", "net_amount", "quantity", "unit_price", "amount")


@pytest.mark.parametrize("golden", sorted(FOLDER.glob("golden/*.yaml")), ids=lambda path: path.stem)
def test_mapping_gives_the_body_that_tryton_takes(golden: Path) -> None:
    case = yaml.safe_load(golden.read_text())
    content = yaml.safe_load((FOLDER / "mappings" / f"{case['mapping']}.yaml").read_text())
    compiled = mappings.compile_mapping(content)
    stream = content["to"]["stream"]

    mapped = _run(compiled, typed(case["given"]), case)

    assert mapped.problems == []
    assert json.loads(encode_body(dumps(mapped.values), "create", stream)) == json.loads(case["body"])


def test_every_shipped_mapping_has_a_golden_file() -> None:
    shipped = {path.stem for path in FOLDER.glob("mappings/*.yaml")}

    assert shipped == {path.stem for path in FOLDER.glob("golden/*.yaml")}


def typed(value: Any, name: str = "") -> Any:
    """Return a record of a golden file with the types that canonical records have in flight."""
    if isinstance(value, dict):
        return {key: typed(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return Decimal(value) if name in NUMBERS else value


def _run(compiled: Any, record: dict[str, Any], case: dict[str, Any]) -> Any:
    snapshot = BatchSnapshot(dt.date(2026, 11, 20))
    mapped = compiled.run(record, snapshot)
    for miss in [*mapped.misses]:
        if miss.kind == "xref":
            found = case["references"][miss.name]
            snapshot.give_references(Source("xref", miss.name, miss.column), found, list(found))
        else:
            rows = {(key,): [Row(1, None, None, values)] for key, values in case["tables"][miss.name].items()}
            snapshot.give_rows(miss.name, rows, list(rows))
    return compiled.run(record, snapshot) if mapped.misses else mapped
