"""The order of what is told: by time, except where something surer than a clock is known."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routes.outbound.turns import Turn, in_order

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def turn(
    told: str, *, subject: int = 1, place: int = 1, commit: int = 1, seconds: float = 0, key: str = "k"
) -> Turn[str]:
    at = NOON + timedelta(seconds=seconds)
    return Turn(told, key, UUID(int=subject), (1, place), commit, subject, at)


def test_keys_are_told_by_time() -> None:
    assert in_order([turn("b", key="b", seconds=2), turn("a", key="a", seconds=1)]) == ["a", "b"]


def test_what_is_replaced_ends_before_the_version_that_replaces_it_begins() -> None:
    """The page was read, and its time taken, before the commit found what it replaces."""
    told = [
        turn("second fails", subject=2, commit=2, seconds=10),
        turn("first is superseded", place=2, commit=2, seconds=11),
        turn("first fails", commit=1, seconds=3),
    ]
    assert in_order(told) == ["first fails", "first is superseded", "second fails"]


def test_clock_that_is_set_back_turns_no_versions_round() -> None:
    told = [turn("1 fails", commit=1, seconds=3600)]
    for version in (2, 3, 4):
        now = {"commit": version, "seconds": version}
        told.append(turn(f"{version - 1} is superseded", subject=version - 1, place=2 * version, **now))
        told.append(turn(f"{version} fails", subject=version, **now))
    assert in_order(told) == [
        "1 fails", "1 is superseded", "2 fails", "2 is superseded", "3 fails", "3 is superseded", "4 fails",
    ]  # fmt: skip


def test_earlier_version_that_ends_in_a_commit_of_its_own_counts_by_time() -> None:
    told = [turn("first is posted", commit=2, seconds=60), turn("second is held", subject=2, commit=1, seconds=10)]
    assert in_order(told) == ["second is held", "first is posted"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(-9, 9), st.sampled_from("kl")), max_size=12)
)
def test_everything_is_told_once_whatever_the_clock_says(drawn: list[tuple[int, int, int, str]]) -> None:
    turns = [
        Turn(place, key, UUID(int=10 * subject + (key == "l")), (1, place), commit, subject,
             NOON + timedelta(seconds=seconds))
        for place, (subject, commit, seconds, key) in enumerate(drawn)
    ]  # fmt: skip
    told = in_order(turns)
    assert sorted(told) == list(range(len(turns)))
    by_number = [turns[number] for number in told]
    for subject in {each.subject for each in turns}:
        assert [each.told for each in by_number if each.subject == subject] == [
            each.told for each in turns if each.subject == subject
        ]
    for commit, key in {(each.commit, each.key) for each in turns}:
        versions = [each.version for each in by_number if (each.commit, each.key) == (commit, key)]
        assert versions == sorted(versions)
