"""Tryton's typed JSON, both ways; needs no server."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.vendors.tryton.wire import WrongValue, from_wire, moment, to_wire


@given(st.decimals(min_value=0, max_value=24, places=2))
def test_hours_come_back_as_they_went(hours: Decimal) -> None:
    sent = to_wire("timesheet.line", {"duration": str(hours)})["duration"]

    assert sent["__class__"] == "timedelta"
    assert abs(from_wire(sent) - hours) * 3600 < Decimal("0.5000001")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_prices_come_back_exactly(price: Decimal) -> None:
    assert from_wire(to_wire("account.invoice.line", {"unit_price": str(price)})["unit_price"]) == price


@given(st.dates())
def test_days_come_back_exactly(day: dt.date) -> None:
    assert from_wire(to_wire("timesheet.line", {"date": day.isoformat()})["date"]) == day.isoformat()


@given(st.datetimes())
def test_moments_come_back_exactly_and_in_utc(when: dt.datetime) -> None:
    text = when.replace(tzinfo=dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    assert from_wire(moment(text)) == text


def test_ids_go_out_as_numbers() -> None:
    assert to_wire("timesheet.line", {"work": "12", "employee": "3"}) == {"work": 12, "employee": 3}


def test_lines_of_an_invoice_are_created_with_it() -> None:
    line = {"quantity": "2.5", "unit_price": "120", "taxes": ["2"], "description": "Consulting"}

    assert to_wire("account.invoice", {"lines": [line]}) == {
        "lines": [
            [
                "create",
                [
                    {
                        "quantity": 2.5,
                        "unit_price": {"__class__": "Decimal", "decimal": "120"},
                        "taxes": [["add", [2]]],
                        "description": "Consulting",
                    }
                ],
            ]
        ]
    }


def test_the_record_behind_a_reference_replaces_its_id() -> None:
    assert from_wire({"id": 1, "party": 5, "party.": {"id": 5, "code": "W-001"}}) == {
        "id": 1,
        "party": {"id": 5, "code": "W-001"},
    }


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        ("timesheet.line", "date", "20.11.2026"),
        ("timesheet.line", "duration", "two hours"),
        ("timesheet.line", "duration", "NaN"),
        ("timesheet.line", "employee", "Jonas"),
        ("account.invoice", "lines", "none"),
        ("account.invoice.line", "unit_price", "Infinity"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_field(model: str, field: str, value: str) -> None:
    with pytest.raises(WrongValue, match=field):
        to_wire(model, {field: value})
