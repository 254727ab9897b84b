"""Rows of a table from a spreadsheet: every mistake by its line at once, and what would change."""

from datetime import date
from typing import Any

import pytest

from canonical.entity import Mask
from governance.actor import ENGINE
from mappings.models import LookupTable
from mappings.sheets import Sheet, read_sheet
from mappings.tables import NewRow, add_rows, create_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def rates() -> LookupTable:
    made = create_table(
        name="rates", title="Rates", key_columns=["role", "currency"], value_columns={"rate": "money"}, by=ENGINE,
        approval="above_amount", approval_column="rate", approval_amount=200,
    )  # fmt: skip
    add_rows(
        made, [NewRow(("Analyst", "EUR"), {"rate": "120"}), NewRow(("Architect", "EUR"), {"rate": "180"})], by=ENGINE
    )
    return made


def lines(sheet: Sheet) -> list[tuple[int, str]]:
    return [(line, words.split(":")[0]) for line, words in sheet.problems]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_changes_are_told_before_anything_counts(rates: Any, delimiter: str) -> None:
    heads = "\ufeffRole,currency,RATE,First day,valid_to"
    text = f"{heads}\nAnalyst,EUR,120.00,,\nArchitect,EUR,190,2026-12-01,\n\nPartner,EUR,300,,"

    sheet = read_sheet(rates, text.replace(",", delimiter), proposed_by="person:1", masks=frozenset(Mask))

    assert sheet.problems == []
    assert sheet.same == 1
    told = [(each.line, each.key, each.now, each.then, each.days, each.waits) for each in sheet.changes]
    assert told == [
        (3, "Architect / EUR", "Rate 180 (always)", "Rate 190", "from 2026-12-01 until further notice", False),
        (5, "Partner / EUR", "", "Rate 300", "always", True),
    ]
    assert [row.valid_from for row in sheet.rows] == [date(2026, 12, 1), None]


def test_all_mistakes_come_at_once_by_their_lines(rates: Any) -> None:
    text = (
        "role,currency,rate,valid_from,valid_to\nAnalyst,EUR,a lot,,\n,EUR,5,,\nAnalyst,EUR\nArchitect,EUR,-5,,\n"
        "Partner,EUR,5,31.12.2026,\nDirector,EUR,5,2026-02-01,2026-01-01\nNew,EUR,5,,\nNew,EUR,6,2026-01-01,\n"
    )

    sheet = read_sheet(rates, text, proposed_by="person:1", masks=frozenset(Mask))

    assert lines(sheet) == [
        (2, "Rate"), (3, "Role"), (4, "There are 2 values, but 5 columns. Put a value with the delimiter into quotes."),
        (5, "Rate"), (6, "first day"), (7, "Valid to"), (9, "Valid from"),
    ]  # fmt: skip
    assert "overlap with those of line 8" in sheet.problems[-1][1]
    assert sheet.changes == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing"),
        ("role,currency\n", "The column rate is missing"),
        ("role,role,currency,rate,colour\n", "There is no column colour"),
        ("role,currency,rate\nA,EUR,\0", "NUL"),
        ('role,currency,rate\n"A,EUR,5', "cannot be read"),
        ("x" * 2_000_001, "Upload it in parts"),
        ("role,currency,rate\n" + "A,EUR,5\n" * 10_002, "more than 10,000 rows"),
    ],
)
def test_what_is_no_sheet_is_refused_in_words(rates: Any, text: str, words: str) -> None:
    assert words in str(read_sheet(rates, text, proposed_by="person:1", masks=frozenset(Mask)).problems)


def test_hidden_value_is_told_by_no_guess() -> None:
    costs = create_table(
        name="costs", title="Costs", key_columns=["role"], value_columns={"cost_rate": "money"}, by=ENGINE
    )
    add_rows(costs, [NewRow(("Partner",), {"cost_rate": "96.50"})], by=ENGINE)

    def read(guess: str, masks: frozenset[Mask]) -> tuple[int, list[tuple[str, str]]]:
        sheet = read_sheet(costs, f"role,cost_rate\nPartner,{guess}", proposed_by="person:1", masks=masks)
        return sheet.same, [(each.now, each.then) for each in sheet.changes]

    without_pay = frozenset({Mask.PERSON})
    assert read("96.50", frozenset(Mask)) == (1, [])
    for guess in ("96.50", "96.51"):
        assert read(guess, without_pay) == (0, [("Cost rate ••• (always)", f"Cost rate {guess}")])
