"""What a mapping makes of masked fields is quoted in no message, whatever it is called there."""

from typing import Any

import pytest

from canonical.masking import HIDDEN
from mappings.compiled import compile_mapping

OUT = {"name": "out", "from": {"entity": "time_entry"}, "to": {"system": "odoo", "stream": "t"}}
IN = {"name": "in", "from": {"system": "odoo", "stream": "t"}, "to": {"entity": "time_entry"}}


def said(message: str, **record: Any) -> str:
    rule = {"name": "never", "check": "1 = 2", "message": message}
    (problem,) = compile_mapping(OUT | {"fields": RENAMED, "rules": [rule]}).run(record).problems
    return problem.message


RENAMED = [
    {"to": "CostPerHour", "from": "cost_rate"}, {"to": "Rate", "from": "bill_rate"},
    {"to": "pay.hourly", "formula": "cost_rate * 2"}, {"to": "Margin", "formula": "bill_rate - result.CostPerHour"},
    {"to": "Last", "formula": "result.Margin + 1"},
    {"to": "Table", "formula": "bill_rate"},
]  # fmt: skip


@pytest.mark.parametrize("name", ["CostPerHour", "pay.hourly", "Margin", "Last"])
def test_message_of_a_rule_quotes_nothing_that_is_made_of_a_masked_field(name: str) -> None:
    told = said(f"It is {{{name}}} at {{Rate}}.", cost_rate=96, bill_rate=120)
    assert told == f"It is {HIDDEN} at 120."


def test_message_names_what_is_made_of_other_fields() -> None:
    assert said("It is {Table}.", cost_rate=96, bill_rate=120) == "It is 120."


def test_copy_of_what_a_masked_field_is_read_from_is_covered_inward() -> None:
    others = {"entry_id", "legal_entity", "worker_id", "project_code", "worked_on", "hours"}
    fields = [{"to": name, "from": name} for name in sorted(others)]
    fields += [{"to": "cost_rate", "from": "pay.rate"}, {"to": "description", "from": "pay.rate"}]
    fields += [{"to": "role", "from": "role"}]
    record = dict.fromkeys(others, "1") | {"worked_on": "2026-10-05", "pay": {"rate": "96"}, "role": "Partner"}
    rule = {"name": "never", "check": "1 = 2", "message": "{description} for {role} and {cost_rate}"}
    made = compile_mapping(IN | {"fields": fields, "rules": [rule]})
    told = [each.message for each in made.run(record).problems]
    assert told == [f"{HIDDEN} for Partner and {HIDDEN}"]


def test_failure_of_a_field_that_is_made_of_a_masked_one_does_not_quote_it() -> None:
    fields = [{"to": "Margin", "formula": "bill_rate - cost_rate"}, {"to": "Rate", "formula": "bill_rate * 2"}]
    made = compile_mapping(OUT | {"fields": fields})
    found = {each.field: each.message for each in made.run({"bill_rate": "a", "cost_rate": "96,50"}).problems}
    assert found["Margin"] == f"Margin: {HIDDEN} is not accepted."
    assert "'a'" in found["Rate"]


def test_check_that_fails_on_a_masked_field_does_not_quote_it() -> None:
    rule = {"name": "margin", "check": "Rate >= Cost", "message": "Too low.", "field": "Rate"}
    fields = [{"to": "Rate", "from": "bill_rate"}, {"to": "Cost", "from": "cost_rate"}]
    made = compile_mapping(OUT | {"fields": fields, "rules": [rule]})
    (problem,) = made.run({"bill_rate": 5, "cost_rate": "96,50"}).problems
    assert "96,50" not in problem.message
    assert problem.value != "96,50"
