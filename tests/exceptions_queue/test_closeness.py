"""Which rule fits most closely: pure, for any rules."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exceptions_queue.closeness import About, closest, conditions, crossed, fits, limits


@dataclass(eq=False)
class Plain:
    pk: int | None = 1
    name: str = "a rule"
    position: int = 100
    legal_entity_id: int | None = None
    categories: list[str] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    routes: list[int] = field(default_factory=list)
    contract_types: list[str] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)
    amount_from: Decimal | None = None
    amount_below: Decimal | None = None
    unknown_too: bool = False


ITEM = About(1, "validation", "time_entry", "C-1", "P-1", "2026-10", 7, Decimal(500), "fixed_fee", "W-1")
MONEY = st.none() | st.integers(0, 2000).map(Decimal)
WORTH = st.none() | st.integers(-2000, 2000).map(Decimal)  # of a credit below nothing
RULES = st.builds(
    Plain, st.integers(1, 50), position=st.integers(1, 3), legal_entity_id=st.sampled_from([None, 1, 2]),
    categories=st.sampled_from([[], ["validation"], ["refused"]]), clients=st.sampled_from([[], ["C-1", "C-2"]]),
    routes=st.sampled_from([[], [7], [8]]), amount_from=MONEY, amount_below=MONEY, unknown_too=st.booleans(),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RULES, max_size=6), WORTH)
def test_the_rule_with_the_most_conditions_wins_and_ties_are_told(rules: list[Plain], worth: Decimal | None) -> None:
    asked = About(1, "validation", "time_entry", "C-1", "P-1", "2026-10", 7, worth)
    found = closest(rules, asked)
    fitting = [rule for rule in rules if fits(rule, asked)]
    if not fitting:
        assert found.rule is None
        assert list(found.ties) == []
        return
    most = max(conditions(rule) for rule in fitting)
    assert found.rule is not None
    assert conditions(found.rule) == most
    assert {id(each) for each in (found.rule, *found.ties)} == {id(r) for r in fitting if conditions(r) == most}
    assert all(found.rule.position <= each.position for each in found.ties)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RULES, max_size=6), WORTH, WORTH)
def test_another_rule_fits_only_once_an_amount_is_crossed(
    rules: list[Plain], before: Decimal | None, now: Decimal | None
) -> None:
    was, then = (About(1, "validation", "time_entry", "C-1", "P-1", "2026-10", 7, each) for each in (before, now))
    if not crossed(before, now, limits(rules)):
        assert closest(rules, was).rule is closest(rules, then).rule


@pytest.mark.parametrize(
    ("rule", "does"),
    [
        (Plain(), True),
        (Plain(legal_entity_id=2), False),
        (Plain(categories=["refused", "validation"]), True),
        (Plain(clients=["C-2"]), False),
        (Plain(periods=["2026-10"], projects=["P-1"]), True),
        (Plain(amount_from=Decimal(500)), True),
        (Plain(amount_below=Decimal(500)), False),
        (Plain(amount_from=Decimal(501)), False),
        (Plain(contract_types=["fixed_fee", "retainer"], workers=["W-1"]), True),
        (Plain(contract_types=["retainer"]), False),
        (Plain(workers=["W-2"]), False),
    ],
)
def test_all_conditions_of_a_rule_have_to_hold(rule: Plain, does: bool) -> None:
    assert fits(rule, ITEM) is does


def test_a_credit_fits_as_its_amount_does() -> None:
    credit = replace(ITEM, worth=Decimal(-500))
    assert fits(Plain(amount_from=Decimal(500)), credit)
    assert not fits(Plain(amount_from=Decimal(501)), credit)
    assert not fits(Plain(amount_below=Decimal(500)), credit)


def test_an_unknown_amount_fits_only_where_the_rule_says_so() -> None:
    unknown = About(1, "validation")
    assert not fits(Plain(amount_from=Decimal(1)), unknown)
    assert fits(Plain(amount_from=Decimal(1), unknown_too=True), unknown)
    assert fits(Plain(), unknown)


def test_what_nobody_knows_or_not_all_of_it_is_fits_no_rule_that_asks_for_it() -> None:
    unknown = About(1, "validation")
    assert not fits(Plain(contract_types=["fixed_fee"]), unknown)
    assert not fits(Plain(workers=["W-1"]), unknown)
    assert conditions(Plain(contract_types=["fixed_fee"], workers=["W-1"])) == 2
