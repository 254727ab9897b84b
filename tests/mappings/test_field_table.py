"""A mapping as a table and back: nothing is lost between the form, the content and the YAML."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.manifest.source import read_source
from mappings import shipped
from mappings.field_table import KINDS, FieldRow, FieldTable, Place, RuleRow, content_of, place_of, table_of
from mappings.written import text_of

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
WORDS = st.sampled_from(["hours", "project.code", "result.role", "IF(a, b, BLANK)", 'LOOKUP("x", a)', "1", "TRUE"])
FORMULA = WORDS | TEXT
NUMBER = st.integers(-(10**20), 10**20).map(str) | st.floats(allow_nan=False, allow_infinity=False).map(repr)
ROWS = st.builds(
    FieldRow,
    to=TEXT, kind=st.sampled_from(list(KINDS)), source=FORMULA | NUMBER,
    constant=st.sampled_from(["text", "number", "yes_no", "blank"]), table=TEXT,
    keys=st.lists(FORMULA, max_size=4).map(tuple), connection=TEXT, when=FORMULA, on=FORMULA, default=FORMULA,
    mode=st.sampled_from(["overwrite", "if_new", "if_empty"]), as_kind=st.sampled_from(["", "text", "date", "lines"]),
    if_blank=st.sampled_from(["send", "omit"]), meaning=TEXT, inside=st.booleans(),
)  # fmt: skip
RULES = st.builds(RuleRow, TEXT, FORMULA, st.sampled_from(["error", "warning"]), TEXT, TEXT, st.booleans(), TEXT, TEXT)
TABLES = st.builds(
    FieldTable, TEXT, TEXT, FORMULA, st.just({"system": "harvest", "stream": "x"}), st.just({"entity": "time_entry"}),
    st.lists(ROWS, max_size=6).map(tuple), st.lists(RULES, max_size=3).map(tuple),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_form_content_and_yaml_hold_the_same(table: FieldTable) -> None:
    content = content_of(table)

    source = read_source(text_of(content), "")

    assert source.faults == []
    assert source.value == content
    assert content_of(table_of(content)) == content


@pytest.mark.parametrize("mapping", shipped.load(), ids=lambda mapping: mapping.key)
def test_shipped_mappings_pass_through_the_form_unchanged(mapping: Any) -> None:
    assert content_of(table_of(mapping.content)) == mapping.content


@pytest.mark.parametrize(
    ("formula", "parts"),
    [
        ('LOOKUP("people.role", user.id)', {"table": "people.role", "keys": ("user.id",)}),
        ('LOOKUP("bill_rates", result.role, "EUR", on: worked_on, default: 0)',
         {"table": "bill_rates", "keys": ("result.role", '"EUR"'), "on": "worked_on", "default": "0"}),
        ('IF(AND(billable, a = "b, c)"), LOOKUP("t", k), BLANK)', {"table": "t", "when": 'AND(billable, a = "b, c)")'}),
        ('XREF("project", id, "netsuite-production")', {"kind": "reference", "connection": "netsuite-production"}),
    ],
)  # fmt: skip
def test_lookups_are_told_by_their_parts(formula: str, parts: dict[str, Any]) -> None:
    row = table_of({"fields": [{"to": "x", "formula": formula}]}).fields[0]

    assert {name: getattr(row, name) for name in parts} == parts


@pytest.mark.parametrize(
    "formula",
    ['LOOKUP("t", a) + LOOKUP("t", b)', 'LOOKUP( "t", a)', 'LOOKUP("t", a, b, c, d, e)', 'IF(a, LOOKUP("t", b), 0)',
     'LOOKUP(t', "lookup", '(LOOKUP("t", a))', "LOOKUP('t', a)", 'LOOKUP("t", default: 1, a)'],
)  # fmt: skip
def test_anything_else_stays_a_formula(formula: str) -> None:
    row = table_of({"fields": [{"to": "x", "formula": formula}]}).fields[0]

    assert (row.kind, row.source) == ("formula", formula)


def test_problems_are_placed_at_their_rows() -> None:
    table = FieldTable(fields=(FieldRow("a"), FieldRow("l", "lines"), FieldRow("b", inside=True), FieldRow("c")))

    assert place_of("fields[1].fields[0].from", table) == Place("field", 2, "from")
    assert place_of("fields[2].to", table) == Place("field", 3, "to")
    assert place_of("rules[1].check", table) == Place("rule", 1, "check")
    assert place_of("fields", table) == Place(part="fields")
    assert place_of("fields[7].to", table) == Place(part="fields[7].to")
