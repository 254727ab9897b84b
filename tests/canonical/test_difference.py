"""The difference of two invoices: both together say what the newer one says, line by line."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from canonical.difference import difference, has_lines
from canonical.entities import ENTITIES

INVOICE = ENTITIES["invoice"]
Hours = dict[str, tuple[int, int]]
hours = st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(1, 9), st.integers(50, 60)))


def invoice(lines: Hours) -> dict[str, Any]:
    return {
        "invoice_id": "HP-1", "issued_on": "2026-10-31", "kind": "invoice",
        "net_amount": Decimal(sum(spent * price for spent, price in lines.values())),
        "lines": [
            {
                "line_id": name, "quantity": Decimal(spent), "unit_price": Decimal(price),
                "amount": Decimal(spent * price),
            }
            for name, (spent, price) in lines.items()
        ],
    }  # fmt: skip


def by_line(*invoices: dict[str, Any]) -> dict[tuple[str, str], Decimal]:
    """Return the sums of quantity and amount of each line over invoices, without those that are nothing."""
    sums: dict[tuple[str, str], Decimal] = {}
    for line in (line for each in invoices for line in each["lines"]):
        for name in ("quantity", "amount"):
            key = (line["line_id"], name)
            sums[key] = sums.get(key, Decimal(0)) + line[name]
    return {key: found for key, found in sums.items() if found}


@given(hours, hours)
def test_old_and_difference_together_are_the_new_one(before: Hours, now: Hours) -> None:
    old, new = invoice(before), invoice(now)
    found = difference(INVOICE, new, old)
    assert old["net_amount"] + found["net_amount"] == new["net_amount"]
    assert by_line(old, found) == by_line(new)
    assert found["net_amount"] == sum(line["amount"] for line in found["lines"])
    assert all(line["amount"] == line["quantity"] * line["unit_price"] for line in found["lines"])


@given(hours)
def test_difference_to_nothing_takes_everything_back(before: Hours) -> None:
    old = invoice(before)
    found = difference(INVOICE, None, old)
    assert (old["net_amount"] + found["net_amount"], by_line(old, found)) == (0, {})


def test_difference_that_gives_money_back_is_a_credit_note() -> None:
    more, less = invoice({"a": (8, 50)}), invoice({"a": (6, 50)})
    assert difference(INVOICE, less, more)["kind"] == "credit_note"
    assert difference(INVOICE, more, less)["kind"] == "invoice"


def test_difference_that_takes_part_of_a_credit_back_asks_for_money() -> None:
    more, less = (
        invoice({"a": (hours, -50)}) | {"kind": "credit_note", "net_amount": Decimal(-50 * hours)} for hours in (8, 6)
    )
    for new, kind, net in (
        (less, "invoice", 100),
        (None, "invoice", 400),
        (more | {"net_amount": -500}, "credit_note", -100),
    ):
        found = difference(INVOICE, new, more)
        assert (found["kind"], found["net_amount"]) == (kind, net)


def test_only_records_with_lines_have_a_difference_of_lines() -> None:
    assert [name for name, entity in ENTITIES.items() if has_lines(entity)] == ["invoice"]


def test_line_that_stood_there_twice_and_stands_there_once_is_taken_back_once() -> None:
    one = invoice({"a": (8, 50)})
    line = one["lines"][0]
    two = one | {"net_amount": Decimal(800), "lines": [line, dict(line)]}
    found = difference(INVOICE, one, two)
    assert ([each["amount"] for each in found["lines"]], found["net_amount"]) == ([-400], -400)
    assert difference(INVOICE, two, two)["lines"] == []
