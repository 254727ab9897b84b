"""The benchmark's mapping gives what the same mapping written by hand gives, whatever arrives."""

import decimal
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.mapping import CONTENT, TODAY, ByHand, entries, outcome, run, snapshot
from mappings import compile_mapping
from mappings.formula.limits import CONTEXT

BOUND, BY_HAND = compile_mapping(CONTENT).bind(snapshot()), ByHand()
changes = st.fixed_dictionaries(
    {},
    optional={
        "hours": st.one_of(st.none(), st.decimals(-30, 60, places=3), st.just("a lot")),
        "id": st.one_of(st.none(), st.integers(0, 9)),
        "user": st.sampled_from([None, {}, {"id": 7, "name": None}, {"id": None, "name": " Clara  Voss "}]),
        "client": st.sampled_from([None, {}, {"id": None, "currency": "GBP"}, {"id": 3, "currency": "EUR"}]),
        "billable": st.booleans(),
        "notes": st.one_of(st.none(), st.just(""), st.text(st.characters(codec="ascii"), min_size=1, max_size=9)),
        "role": st.sampled_from(["Consultant", "Architect", "Partner"]),
        "approval_status": st.sampled_from(["approved", "submitted"]),
        "task": st.sampled_from([{"name": "Design"}, {"name": "Unknown"}]),
        "project": st.sampled_from([{"code": "P-1"}, {"code": None}, None]),
    },
)


@cache
def first_entries() -> list[dict[str, Any]]:
    """Return 200 entries, made when they are needed and not while tests are collected."""
    return entries()[:200]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 199), changes)
def test_compiled_mapping_equals_the_one_by_hand(number, change):
    record = {**first_entries()[number], **change}
    with decimal.localcontext(CONTEXT):
        assert outcome(BOUND(record, TODAY)) == outcome(BY_HAND.run(record))


def test_benchmark_runs_and_both_contestants_agree():
    figures = run(rounds=1)

    assert figures["records"] == 20_000
    assert Decimal(figures["ratio"]) > 0
