"""Results count only when they are right, and promises are kept at their limit and not below."""

from decimal import Decimal

import pytest

from bench.case import Case, Result, Tally
from bench.verdict import Check, Measured, checks

CASE = Case("one", 100)
TRUTH = Tally(95, {"EUR": Decimal("10.00"), "GBP": Decimal("4.50")}, 5)


def right(seconds: float = 1.0) -> Result:
    return Result(seconds, TRUTH)


def test_measured_takes_the_median() -> None:
    measured = Measured()
    for seconds in (1.0, 4.0, 2.0):
        measured.add(CASE, "hub", right(seconds), TRUTH, TRUTH)
    assert measured.median("one", "hub") == 50


def test_measured_compares_medians() -> None:
    measured = Measured()
    measured.add(CASE, "hub", right(4.0), TRUTH, TRUTH)
    measured.add(CASE, "yardstick", right(1.0), TRUTH, TRUTH)
    assert measured.ratio("one", "hub", "yardstick") == 0.25
    assert measured.ratio("one", "hub", "node_red") is None


@pytest.mark.parametrize(
    "told",
    [
        Tally(94, TRUTH.amounts, 6),
        Tally(95, {"EUR": Decimal("10.01"), "GBP": Decimal("4.50")}, 5),
        Tally(95, {"EUR": Decimal("14.50")}, 5),
    ],
)
def test_measured_refuses_a_contender_whose_books_are_wrong(told: Tally) -> None:
    with pytest.raises(AssertionError):
        Measured().add(CASE, "hub", Result(1.0, told), TRUTH, TRUTH)


def test_measured_refuses_what_the_stub_did_not_get() -> None:
    with pytest.raises(AssertionError):
        Measured().add(CASE, "yardstick", right(), Tally(96, TRUTH.amounts), TRUTH)


def test_measured_notes_how_far_floats_are_off() -> None:
    measured = Measured()
    off = Tally(95, {"EUR": Decimal("10.02"), "GBP": Decimal("4.49")}, 5)
    measured.add(CASE, "node_red", Result(1.0, off), off, TRUTH)
    assert measured.off_by == {"node_red": "0.03"}


def test_check_passes_at_its_limit() -> None:
    assert Check("b", "", 0.4, 0.4).passed
    assert not Check("b", "", 0.399, 0.4).passed
    assert Check("e", "", 1.15, 1.15, at_most=True).passed
    assert not Check("e", "", 1.16, 1.15, at_most=True).passed


def test_checks_hold_nothing_that_was_not_measured() -> None:
    found = checks(Measured(), mapping=None, memory=None, queries=None)
    assert {check.letter for check in found} == set("abcdef")
    assert not any(check.passed for check in found)
