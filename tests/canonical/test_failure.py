"""The list of failure categories is closed, complete and explained."""

from canonical.failure import CATEGORIES, Category, NextStep


def test_every_category_is_explained_with_a_next_step() -> None:
    assert list(CATEGORIES) == list(Category)
    assert all(info.meaning.endswith(".") and info.title for info in CATEGORIES.values())


def test_every_next_step_is_taken_by_some_category() -> None:
    assert {info.next_step for info in CATEGORIES.values()} == set(NextStep)


def test_what_may_have_happened_is_never_simply_sent_again() -> None:
    assert CATEGORIES[Category.OUTCOME_UNKNOWN].next_step is NextStep.ASK_TARGET
