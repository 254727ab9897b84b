"""The firm whose lists are measured: every state is there, the causes are few and many, and the rare is old."""

import datetime as dt
import random
from collections import Counter
from itertools import islice, pairwise

from bench.lists import spread, steps
from routes.states import MOVES, State

UNTIL = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)


def test_every_state_is_reached_by_changes_that_are_allowed() -> None:
    for path in steps.PATHS.values():
        states = ["", *path.walk, *(new for _, new, _ in path.steps)]
        assert all(new in MOVES[old] for old, new in pairwise(states)), path
    assert {path.stands for path in steps.PATHS.values()} == set(State.values)


def test_states_have_their_shares() -> None:
    counts = Counter(islice(spread.states(), 200_000))
    assert 0.018 < counts["failed"] / 200_000 < 0.022
    assert counts["posted"] > 170_000
    assert 0 < counts["unknown"] < 40


def test_runs_bring_what_was_asked_in_order_of_time() -> None:
    runs = spread.readings(100_000, UNTIL)
    assert 100_000 <= sum(run.records * run.way.destinations for run in runs) <= 100_002
    assert [run.part for run in runs] == sorted(run.part for run in runs)
    assert all(run.part < 0.1 for run in runs if run.way.slug == "time-of-old")


def test_one_cause_has_most_members_and_many_have_few() -> None:
    chance = random.Random(1)
    counts = Counter(spread.cause(chance) for _ in range(20_000))
    assert counts[0] > 13_000
    assert min(counts.values()) < 5
    assert len(counts) > 500
