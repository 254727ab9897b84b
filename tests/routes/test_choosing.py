"""The short way to a record's destinations chooses what the long one chooses."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from canonical.failure import Category
from canonical.problem import Problem
from routes.arrivals import Arrival
from routes.choosing import choose, choose_freely
from routes.plan import Plan

FAILED = Problem("error", Category.VALIDATION, "hours", None, "No hours.", Decimal(0))


def destination(number: int, stream: str, words: str, *, keyed: bool) -> Any:
    return SimpleNamespace(
        id=number, name=f"target {number}", connection_id=1, stream=stream, group="", condition_text=words,
        key=object() if keyed else None,
    )  # fmt: skip


@st.composite
def routes(draw: st.DrawFn) -> tuple[Plan, list[Arrival], dict[int, list[Any]], dict[int, list[Any]]]:
    """Return a route of some destinations with records, and what conditions and key formulas say of each."""
    some = draw(st.integers(1, 4))
    to = [
        destination(n, draw(st.sampled_from("ab")), draw(st.sampled_from(["", "hours > 0"])), keyed=draw(st.booleans()))
        for n in range(some)
    ]
    records = draw(st.integers(0, 5))
    arrivals = [Arrival({}, "{}", b"", f"K-{n}", "n1") for n in range(records)]
    for arrival in arrivals:
        arrival.problems = draw(st.sampled_from([[], [FAILED]]))
    column = st.lists(st.booleans(), min_size=records, max_size=records)
    own = st.lists(st.sampled_from(["P-1", "P-2", "", None, 7, "x" * 300]), min_size=records, max_size=records)
    wanted, keys = {d.id: draw(column) for d in to}, {d.id: draw(own) for d in to}
    return cast(Plan, SimpleNamespace(destinations=tuple(to))), arrivals, wanted, keys


def told(arrival: Arrival) -> Any:
    verdicts = [(v.destination.id, v.key, v.state, v.reason, v.problems, v.withdraws) for v in arrival.verdicts]
    return verdicts, dict(arrival.not_chosen)


@given(routes())
def test_what_stands_nowhere_goes_where_the_long_way_would_send_it(made: Any) -> None:
    plan, arrivals, wanted, keys = made
    choose_freely(plan, arrivals, wanted, keys)
    shortly = [told(arrival) for arrival in arrivals]
    for number, arrival in enumerate(arrivals):
        arrival.verdicts.clear()
        arrival.not_chosen.clear()
        if not arrival.failed:
            own = {d.id: keys[d.id][number] for d in plan.destinations if d.key is not None}
            choose(plan, arrival, {d.id for d in plan.destinations if wanted[d.id][number]}, set(), own, {})

    assert shortly == [told(arrival) for arrival in arrivals]
