"""Bulk and single offer the same choices, by the same rights; what bulk leaves out has a reason."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions_queue import handling, kinds
from exceptions_queue.bulk import selecting
from exceptions_queue.bulk.choices import BY_SHEET, CHOICES, ONE_BY_ONE, by_name
from exceptions_queue.bulk.collecting import Stand, ending_of
from exceptions_queue.bulk.judging import MEMBERS
from exceptions_queue.bulk.of_items import NOT_SO
from exceptions_queue.models import Result
from exceptions_queue.verbs import NotPossible
from routes.states import State


def test_bulk_offers_what_a_single_item_offers_or_says_why_not() -> None:
    single = {each.name: each.right for each in (*kinds.KINDS, *handling.WAYS)}
    many = {each.name: each.right for each in CHOICES}
    assert single.keys() - many.keys() - ONE_BY_ONE.keys() == set()
    assert many.keys() - single.keys() == {"watchers"}
    assert not many.keys() & ONE_BY_ONE.keys()
    assert {name: right for name, right in many.items() if name in single} == {
        name: single[name] for name in many if name in single
    }
    assert all(reason for reason in ONE_BY_ONE.values())


def test_every_choice_is_judged() -> None:
    assert {each.name for each in (*CHOICES, BY_SHEET) if each.of_members} == set(MEMBERS)
    judged = {each.name for each in CHOICES if not each.of_members} - {"tags", "comments", "findings", "watchers"}
    assert judged == set(NOT_SO)
    assert by_name("nothing") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TE-1\nTE-2\r\n\n TE-2 ", ("TE-1", "TE-2")),
        ("TE-1, TE-2;TE-3", ("TE-1", "TE-2", "TE-3")),
        ('"TE-1";12.50;EUR\n"TE-2";1.00;EUR', ("TE-1", "TE-2")),
        ("HP-DE/636709355\t8\n#17\t1", ("HP-DE/636709355", "#17")),
    ],
)
def test_ids_are_read_from_what_people_paste(text: str, found: tuple[str, ...]) -> None:
    assert selecting.names_in(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [(" \n,;", "There are no ids"), ("\n".join(map(str, range(10_001))), "at most 10,000"), ("x" * 201, "is no id")],
)
def test_ids_that_cannot_be_are_refused(text: str, said: str) -> None:
    with pytest.raises(NotPossible, match=said):
        selecting.names_in(text)


@settings(max_examples=60, deadline=None)
@given(
    state=st.sampled_from(["", *map(str, State)]), still_open=st.booleans(), stopped=st.booleans(),
    record=st.sampled_from(["", "failed", "routed", "superseded", "waived"]), sent=st.integers(0, 3),
    ended=st.integers(0, 3), how=st.sampled_from(["", "fixed", "waived", "auto:newer_version"]),
)  # fmt: skip
def test_member_has_one_ending_at_most_and_none_while_it_moves(
    state: str, record: str, still_open: bool, stopped: bool, sent: int, ended: int, how: str
) -> None:
    from governance.identifiers import new_id

    failure: Any = new_id() if stopped else None
    stand = Stand(
        1, still_open, how, state, record, failure, "no", "refused" if stopped else "", sent, min(sent, ended)
    )
    ending = ending_of(stand)
    if ending is None:
        assert not still_open
        return
    assert ending.result in (Result.DONE, Result.FAILED, Result.SKIPPED)
    assert (ending.stopped_as is not None) == (ending.result == Result.FAILED)
    if state in (State.READY, State.DELIVERING, State.RETRYING) and how != "waived":
        assert still_open, "what moves is at no end"
