"""Every example in a function's docstring is true: the help that the editor shows cannot drift."""

from datetime import date
from decimal import Decimal

import pytest

from mappings import BatchSnapshot, compile_formula
from mappings.formula.emit_tables import Source
from mappings.functions import FUNCTIONS
from mappings.snapshot import Row
from tests.mappings.showing import shown

RECORD = {
    "hours": Decimal("7.5"),
    "notes": "Workshop Berlin",
    "billable": True,
    "worked_on": date(2026, 3, 16),
    "role": "Consultant",
    "project": {"code": "P-881", "id": 17},
    "lines": [
        {"amount": Decimal("120.50"), "role": "Consultant"},
        {"amount": Decimal("250.00"), "role": "Architect"},
    ],
}
EXAMPLES = [(formula, result) for function in FUNCTIONS.values() for formula, result in function.examples]


def snapshot() -> BatchSnapshot:
    """Return the tables that the examples of LOOKUP and XREF speak of."""
    filled = BatchSnapshot(date(2026, 4, 1))
    rates, tasks = Source("lookup", "bill_rates", "rate"), Source("lookup", "task_codes", "")
    for source in (rates, tasks):
        filled.view(source)
    key = ("Consultant", "EUR")
    filled.give_rows("bill_rates", {key: [Row(1, date(2026, 1, 1), None, {"rate": Decimal("145.00")})]}, [key])
    filled.give_rows("task_codes", {}, [("unknown task",)])
    filled.give_references(Source("xref", "project", ""), {"17": "P-881"}, ["17"])
    return filled


@pytest.mark.parametrize(("formula", "result"), EXAMPLES)
def test_example_gives_what_the_help_says(formula, result):
    assert shown(compile_formula(formula).run(RECORD, snapshot())) == result


def test_every_function_has_a_meaning_and_says_its_arguments():
    for function in FUNCTIONS.values():
        assert function.meaning.endswith("."), function.name
        assert function.usage.startswith(f"{function.name}("), function.name
