"""The priority as a sum that can be read aloud. Pure."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions_queue.urgency import Facts, Formula, urgency

FACTS = st.builds(
    Facts, st.none() | st.decimals(-1000, 10**9, places=2), st.just("EUR"), st.none() | st.floats(0, 400),
    st.just("Billing run"), st.floats(0, 1.5), st.integers(0, 3),
)  # fmt: skip
FORMULAS = st.builds(Formula, *[st.integers(0, 100)] * 4)


@settings(max_examples=80, deadline=None)
@given(FACTS, FORMULAS)
def test_parts_add_up_and_stay_within_their_weights(facts: Facts, formula: Formula) -> None:
    found = urgency(facts, formula)
    assert found.priority == min(100, sum(part.points for part in found.parts))
    assert all(0 <= part.points <= part.most for part in found.parts)


@settings(max_examples=40, deadline=None)
@given(FACTS, st.decimals(1, 1000, places=2))
def test_more_money_and_less_time_are_never_less_urgent(facts: Facts, more: Decimal) -> None:
    found = urgency(facts, Formula()).priority
    if facts.worth is not None:
        much = abs(facts.worth)
        assert urgency(facts._replace(worth=much + more), Formula()).priority >= found
        assert urgency(facts._replace(worth=-much), Formula()).priority == found, "a credit is money, too"
    if facts.days_left is not None:
        assert urgency(facts._replace(days_left=facts.days_left / 2), Formula()).priority >= found


@pytest.mark.parametrize(
    ("worth", "points"), [("100", 0), ("1000", 10), ("10000", 20), ("82100", 29), ("1000000", 40), ("9000000", 40)]
)
def test_ten_times_the_money_is_one_step(worth: str, points: int) -> None:
    part = urgency(Facts(Decimal(worth), "EUR", None, "", 0, 0), Formula()).parts[0]
    assert (part.points, part.words) == (points, f"for EUR {Decimal(worth):,.0f} at stake")
    credit = urgency(Facts(-Decimal(worth), "EUR", None, "", 0, 0), Formula()).parts[0]
    assert (credit.points, credit.words) == (points, f"for EUR -{Decimal(worth):,.0f} at stake")


def test_a_deadline_counts_from_ten_working_days_before() -> None:
    points = [urgency(Facts(None, "EUR", d, "", 0, 0), Formula()).parts[1].points for d in (None, 12, 10, 5, 0)]
    assert points == [0, 0, 0, 18, 35]
