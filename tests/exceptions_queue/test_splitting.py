"""Splitting members off: an item of their own, to which they come back, and which can be put back."""

from collections.abc import Callable

import pytest

from exceptions_queue import intake, parts, verbs
from exceptions_queue.models import SplitMember, WorkItem
from governance.rights import NotAllowed
from routes.models import Failure
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate
from tests.exceptions_queue.test_merging import stands, told
from tests.exceptions_queue.test_query import staff
from tests.routes.world import World, entry

__all__ = ["staff"]
Make = Callable[..., World]


@pytest.fixture
def world(quick_world: Make) -> World:
    return quick_world()


def first_of(item: WorkItem) -> Failure:
    found = item.failures().order_by("pk").first()
    assert found
    return found


def split(item: WorkItem, staff: Staff, number: int = 1) -> WorkItem:
    members = list(item.failures().order_by("pk").values_list("pk", flat=True)[:number])
    return verbs.split(item, by=staff.clara, failures=members, reason="another contract")


def come_again(world: World, number: int, **more: object) -> None:
    """Let a newer version of a record stop for the same cause."""
    world.take_in(entry(number, version=2, **more))
    intake.take_in()


def test_members_have_an_item_of_their_own_with_both_histories(world: World, staff: Staff) -> None:
    old = missing_rate(world)
    new = split(old, staff)
    assert (new.split_from_id, new.title, new.table_key, new.members) == (old.pk, old.title, old.table_key, 1)
    assert stands(old)[1] == 2
    assert new.amount is not None
    assert (told(old)[-1][0], told(new)) == ("split", [("split off", "new")])
    assert new.failures().get().fingerprint == new.fingerprint


def test_member_that_stops_again_comes_to_its_item_and_others_to_the_old_one(world: World, staff: Staff) -> None:
    old = missing_rate(world)
    new = split(old, staff)
    come_again(world, 1)
    assert (stands(old)[1], stands(new)[1]) == (2, 1), "a newer version is the same member"
    come_again(world, 2)
    world.take_in(entry(9))
    intake.take_in()
    assert (stands(old)[1], stands(new)[1]) == (3, 1)
    mine = Failure.objects.filter(fingerprint=new.fingerprint)
    mine.update(closed_at="2026-10-06T10:00Z", closed_how="waived", taken=False)
    intake.take_in()
    assert stands(new)[0] == "resolved"
    come_again(world, 1, hours="7.00")
    row = WorkItem.objects.get(pk=new.pk)
    assert (row.members, row.reopened) == (1, 1)


def test_split_is_undone_by_merging_and_that_by_taking_apart(world: World, staff: Staff) -> None:
    old = missing_rate(world)
    new = split(old, staff)
    verbs.merge(old, by=staff.farid, items=[new.number], reason="the same contract after all")
    assert (stands(old)[1], stands(new)[1]) == (3, 0)
    assert parts.parts_of(WorkItem.objects.get(pk=old.pk)) == [], "it is one cause again"
    come_again(world, 1)
    assert (stands(old)[1], stands(new)[1]) == (3, 0)
    verbs.take_apart(new, by=staff.farid, reason="no, it is another")
    assert (stands(old)[1], stands(new)[1]) == (2, 1)


def test_split_off_a_split_keeps_to_the_newest(world: World, staff: Staff) -> None:
    old = missing_rate(world, 5)
    new = split(old, staff, 3)
    newest = split(new, staff, 1)
    come_again(world, 1)
    come_again(world, 2)
    assert [stands(each)[1] for each in (old, new, newest)] == [2, 2, 1]
    assert SplitMember.objects.count() == 3


def test_what_cannot_be_split_is_refused(world: World, staff: Staff) -> None:
    old = missing_rate(world)
    every = list(old.failures().values_list("pk", flat=True))
    for failures, words in (([], "Choose the rows"), (None, "Choose the rows"), (every, "nothing would be left")):
        with pytest.raises(verbs.NotPossible, match=words):
            verbs.split(old, by=staff.clara, failures=failures, reason="x")
    with pytest.raises(verbs.NotPossible, match="reason"):
        verbs.split(old, by=staff.clara, failures=every[:1], reason=" ")
    with pytest.raises(NotAllowed):
        verbs.split(old, by=staff.viktor, failures=every[:1], reason="x")
    Failure.objects.filter(pk=every[0]).update(record_id=None)
    with pytest.raises(verbs.NotPossible, match="is no record"):
        verbs.split(old, by=staff.clara, failures=every[:1], reason="x")
    assert (WorkItem.objects.count(), stands(old)[1]) == (1, 3)


def test_all_that_a_record_holds_there_goes_with_it(world: World, staff: Staff) -> None:
    old = missing_rate(world)
    one = first_of(old)
    twin = Failure.objects.get(pk=one.pk)
    twin.pk, twin._state.adding = None, True
    Failure.objects.bulk_create([Failure(**{f.attname: getattr(one, f.attname) for f in Failure._meta.concrete_fields
                                            if f.name != "id"})])  # fmt: skip
    intake.take_in()
    new = split(old, staff)
    assert (new.members, stands(old)[1]) == (2, 2)
    assert new.failures().values("record_id").distinct().count() == 1
