"""What makes two failures the same cause: never what a record says, always where and why it stopped."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.failure import Category
from canonical.problem import Problem
from routes.failures import Trouble
from routes.fingerprints import fingerprint
from routes.models import Failure
from tests.routes.world import World, entry

VALUES = st.text(min_size=1, max_size=60)
WITHOUT_QUOTES = st.text(st.characters(exclude_characters='“”"'), min_size=1, max_size=60)


def cause(
    category: Category, message: str, value: Any = None, *, stage: str = "normalise", field: str = "hours"
) -> str:
    return fingerprint(Trouble(1, 1, stage, Problem("error", category, field, None, message, value)))


@given(VALUES, VALUES)
def test_value_that_is_quoted_makes_no_cause_of_its_own(one: str, other: str) -> None:
    words = "changed_at holds {!r}, which is not a time such as 2026-05-04T09:30:00Z."
    for category in (Category.SHAPE, Category.VALIDATION):
        assert cause(category, words.format(one)) == cause(category, words.format(other))


@given(WITHOUT_QUOTES, WITHOUT_QUOTES)
def test_value_in_typographic_quotes_makes_none_either(one: str, other: str) -> None:
    words = "“{}” is no currency. Correct it at the source, or let the mapping translate it."
    assert cause(Category.SHAPE, words.format(one)) == cause(Category.SHAPE, words.format(other))


def test_apostrophe_of_a_word_quotes_nothing() -> None:
    told = [cause(Category.SHAPE, f"It isn't {what} in the hub's words.") for what in ("a list", "a text")]
    assert told[0] != told[1]


def test_place_and_kind_are_told_apart() -> None:
    causes = {
        cause(Category.SHAPE, "Not a number."), cause(Category.SHAPE, "Not a number.", field="amount"),
        cause(Category.VALIDATION, "Not a number."), cause(Category.SHAPE, "Not a number.", stage="receive"),
    }  # fmt: skip
    assert len(causes) == 4


def test_what_a_target_quotes_is_the_cause() -> None:
    told = [cause(Category.VALIDATION, f"Field “{name}” is required.", stage="deliver") for name in ("item", "class")]
    assert told[0] != told[1]


@pytest.mark.parametrize("field", ["changed_at", "version", "hours", "worked_on", "currency", "billable"])
def test_forty_odd_values_of_one_field_are_one_cause(quick_world: Any, field: str) -> None:
    world: World = quick_world()
    letters = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(40)]
    world.take_in(*(entry(n) | {field: f"odd {letter}"} for n, letter in enumerate(letters, 1)))
    assert Failure.objects.count() == 40
    assert Failure.objects.values("fingerprint").distinct().count() == 1
