"""`check` finds everything that keeps values from being a record, in words for finance."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from canonical import check
from canonical.entities import INVOICE, TIME_ENTRY
from canonical.failure import Category


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "legal_entity": "HP-DE",
        "entry_id": "636709355",
        "worker_id": "1071",
        "project_code": "P-881",
        "worked_on": date(2026, 10, 5),
        "hours": Decimal("7.50"),
        "amount": Decimal("1200.00"),
        "currency": "EUR",
        "approval_status": "approved",
        "approved_at": datetime(2026, 10, 6, 8, tzinfo=UTC),
        "period": "2026-10",
        **changes,
    }


def test_check_accepts_a_record() -> None:
    assert check(TIME_ENTRY, entry()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"hours": 7.5},
        {"hours": 7},
        {"hours": "7.5"},
        {"hours": Decimal("NaN")},
        {"hours": Decimal("Infinity")},
        {"worked_on": datetime(2026, 10, 5, tzinfo=UTC)},
        {"worked_on": "2026-10-05"},
        {"approved_at": datetime(2026, 10, 6, 8)},  # noqa: DTZ001 - the very thing that is refused
        {"period": "2026-13"},
        {"period": "2026-10\n"},
        {"period": "٢٠٢٦-10"},
        {"currency": "Euro"},
        {"approval_status": "Approved"},
        {"billable": "yes"},
        {"billable": 1},
        {"worker_id": 1071},
    ],
)
def test_check_refuses_a_value_of_another_kind(changes: dict[str, Any]) -> None:
    (problem,) = check(TIME_ENTRY, entry(**changes))

    assert problem.field == next(iter(changes))
    assert problem.category is Category.VALIDATION
    assert problem.accepted in problem.message


@pytest.mark.parametrize("empty", [None, ""])
def test_check_names_what_is_missing_and_the_remedy(empty: str | None) -> None:
    (problem,) = check(TIME_ENTRY, entry(project_code=empty))

    assert problem.message == (
        "The time entry has no project code (project the hours are booked on). "
        "Enter it at the source, or let the mapping fill it."
    )


def test_check_wants_a_currency_beside_money() -> None:
    record = entry()
    del record["currency"]

    assert [problem.field for problem in check(TIME_ENTRY, record)] == ["currency"]
    del record["amount"]
    assert check(TIME_ENTRY, record) == []


def test_check_refuses_a_field_that_nobody_knows() -> None:
    (problem,) = check(TIME_ENTRY, entry(houers=Decimal(1)))

    assert (problem.field, problem.category) == ("houers", Category.CONFIGURATION)


def test_check_finds_all_problems_at_once_down_to_the_lines() -> None:
    problems = check(INVOICE, {"legal_entity": "HP-DE", "lines": [{"amount": 1.0}, "x"]})

    assert {"invoice_id", "customer_id", "currency", "lines.1.amount", "lines.1.line_id", "lines.2"} <= {
        problem.field for problem in problems
    }
