"""Between two times lie as many hours as have passed, whatever the clocks on the wall say."""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mappings import FormulaFailed, compile_formula

NIGHT = 'DATETIME("2026-10-24 22:00", "Europe/Berlin")', 'DATETIME("2026-10-25 06:00", "Europe/Berlin")'
BERLIN = ZoneInfo("Europe/Berlin")
TWICE = dt.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)  # and again an hour later
RECORD = {"start": "2026-10-24 22:00", "end": "2026-10-25 06:00", "zone": "Europe/Berlin"}


def worked_out(formula: str, record: dict[str, Any] | None = None) -> Any:
    """Return what a formula gives."""
    return compile_formula(formula).run(record or {})


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (f"ROUND(({NIGHT[1]} - {NIGHT[0]}) * 24, 6)", 9),
        ('ROUND((DATETIME("2026-03-29 12:00", "Europe/Berlin") - DATETIME("2026-03-29 00:00", zone)) * 24, 6)', 11),
        ("ROUND((DATETIME(end, zone) - DATETIME(start, zone)) * 24, 6)", 9),
        ('(DATETIME("2026-10-26 06:00", "Europe/Berlin") - DATETIME("2026-10-24 07:00", "Europe/Berlin")) * 24', 48),
        ('(DATEVALUE("2026-10-26") - DATEVALUE("2026-10-25")) * 24', 24),
        (f"HOURS({NIGHT[0]}, {NIGHT[1]})", 9),
        (f"HOURS({NIGHT[1]}, {NIGHT[0]})", -9),
        ('HOURS(DATETIME("2026-05-04T08:00:00Z"), DATETIME("2026-05-04T16:00:00Z"))', 8),
        ('HOURS(DATETIME(gone), DATETIME("2026-05-04T16:00:00Z"))', None),
        ("HOURS(27000)", Decimal("7.5")),
    ],
)
def test_hours_between_two_times_are_those_that_have_passed(formula: str, expected: Any) -> None:
    assert worked_out(formula, RECORD | {"gone": None}) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("first = second", False),
        ("first <> second", True),
        ("first < second", True),
        ("second > first", True),
        ("first = first", True),
        ("MAX(first, second) = second", True),
    ],
)
def test_hour_that_comes_twice_is_two_hours(formula: str, expected: bool) -> None:
    assert worked_out(formula, {"first": TWICE, "second": TWICE.replace(fold=1)}) is expected


@pytest.mark.parametrize("formula", ["HOURS(start, end)", 'HOURS(DATETIME("2026-05-04T08:00:00Z"), 5)'])
def test_hours_between_what_is_no_time_are_refused_in_words(formula: str) -> None:
    with pytest.raises(FormulaFailed, match="time is needed"):
        worked_out(formula, RECORD)
