"""Merging causes and taking them apart: what each holds then, what comes later, money once, histories kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from exceptions_queue import intake, parts, recount, releasing, verbs
from exceptions_queue.models import Merge, WorkItem, WorkItemAmount
from exceptions_queue.pages.home import tiles
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import NotAllowed
from routes.models import Failure, Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import with_rates
from tests.exceptions_queue.test_intake import write_down
from tests.exceptions_queue.test_query import staff
from tests.exceptions_queue.test_worth import close, stopped
from tests.governance.people import company
from tests.routes.world import World, entry

__all__ = ["staff"]
Make = Callable[..., World]


@pytest.fixture
def world(quick_world: Make) -> World:
    return quick_world()


def stop(world: World, cause: str, number: int = 1, **more: Any) -> WorkItem:
    """Let a cause stop so many records of 100 EUR each; return its item."""
    record, where = more.pop("record", None), company("HP-DE").pk
    problem = (stopped(world, record or uuid4(), cause, **more) for _ in range(number))
    write_down([replace(each, legal_entity=where) for each in problem])
    intake.take_in()
    return WorkItem.objects.get(table_key=[cause])


def stands(item: WorkItem) -> tuple[str, int, Decimal | None]:
    row = WorkItem.objects.get(pk=item.pk)
    return row.state, row.members, row.amount


def told(item: WorkItem) -> list[tuple[str, str]]:
    return list(item.events.order_by("pk").values_list("verb", "to_state"))


def in_all() -> Decimal:
    return sum((amount for tile in tiles(ENGINE) for amount, _ in tile["sums"]), Decimal(0))


def test_one_holds_what_both_held_and_both_keep_their_history(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1", 3), stop(world, "T-2", 2)
    verbs.watch(other, by=staff.viktor)
    verbs.merge(one, by=staff.farid, items=[other.number], reason="the same new service")
    assert stands(one) == ("new", 5, 500)
    other.refresh_from_db()
    assert (other.state, other.members, other.resolution, other.duplicate_of_id) == ("resolved", 0, "merged", one.pk)
    assert (other.resolved_by, other.amounts.count()) == (f"person:{staff.farid.pk}", 0)
    assert told(one)[-1] == ("merged", "new")
    assert told(other) == [("opened", "new"), ("merged", "resolved")]
    assert in_all() == 500
    entries = AuditEntry.objects.filter(verb="merge")
    assert list(entries.values_list("reason", flat=True)) == ["the same new service"] * 2
    assert WorkItem.objects.get(pk=one.pk).watchers.get().user == staff.viktor


def test_what_the_merged_cause_stops_later_comes_to_the_one(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1"), stop(world, "T-2")
    verbs.merge(one, by=staff.farid, items=[other.number], reason="the same")
    stop(world, "T-2", 4)
    assert stands(one) == ("new", 6, 600)
    assert stands(other)[:2] == ("resolved", 0)
    for cause in ("T-1", "T-2"):
        close(cause)
    assert stands(one)[0] == "resolved"
    stop(world, "T-2")
    row = WorkItem.objects.get(pk=one.pk)
    assert (row.members, row.reopened, row.is_open) == (1, 1, True), "it comes back there, with its history"


def test_taking_apart_gives_each_its_own_again(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1", 3), stop(world, "T-2", 2)
    verbs.merge(one, by=staff.farid, items=[other.number], reason="the same")
    stop(world, "T-2")
    verbs.take_apart(other, by=staff.clara, reason="two services after all")
    assert stands(one)[1:] == (3, 300)
    assert stands(other) == ("in_progress", 3, 300)
    assert told(other)[-2:] == [("merged", "resolved"), ("taken apart", "in_progress")]
    assert told(one)[-1][0] == "taken apart"
    assert not Failure.objects.exclude(own_fingerprint="").exists()
    stop(world, "T-2")
    assert (stands(one)[1], stands(other)[1]) == (3, 4)
    merge = Merge.objects.get()
    assert (merge.ended_by, merge.moved) == (f"person:{staff.clara.pk}", 2)
    with pytest.raises(verbs.NotPossible, match="somebody has taken it apart"):
        verbs.take_apart(other, by=staff.clara, reason="again")


def test_merged_ones_merge_further_and_come_apart_one_by_one(world: World, staff: Staff) -> None:
    a, b, c = (stop(world, cause) for cause in ("A", "B", "C"))
    verbs.merge(b, by=staff.farid, items=[a.number], reason="a is b")
    verbs.merge(c, by=staff.farid, items=[b.number], reason="b is c")
    stop(world, "A")
    assert stands(c)[1] == 4
    verbs.take_apart(b, by=staff.farid, reason="not c")
    assert (stands(c)[1], stands(b)[1], stands(a)[1]) == (1, 3, 0), "with what came to it before"
    verbs.take_apart(a, by=staff.farid, reason="not b")
    assert (stands(c)[1], stands(b)[1], stands(a)[1]) == (1, 1, 2)


def test_record_that_both_held_counts_its_money_once(world: World, staff: Staff) -> None:
    shared = uuid4()
    one, other, third = (stop(world, cause, record=shared) for cause in ("T-1", "T-2", "T-3"))
    verbs.merge(one, by=staff.farid, items=[other.number], reason="the same")
    while recount.sweep():
        pass
    assert stands(one)[1:] == (2, 100)
    assert in_all() == 100
    verbs.take_apart(other, by=staff.farid, reason="not the same")
    while recount.sweep():
        pass
    assert in_all() == 100
    assert WorkItemAmount.objects.filter(item__in=[one, other, third]).count() == 3


def test_only_open_ones_of_one_company_that_one_sees(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1"), stop(world, "T-2")
    foreign = WorkItem.objects.create(
        legal_entity=company("HP-GB"), fingerprint="f", category="unmapped_value", owner="finance", title="f",
        cause="f", first_seen=one.first_seen, last_seen=one.first_seen, opened_at=one.first_seen,
    )  # fmt: skip
    for user, given in ((staff.farid, [foreign.number]), (staff.clara, [foreign.number]), (staff.farid, [10**9])):
        with pytest.raises(verbs.NotPossible, match="There is no exception"):
            verbs.merge(one, by=user, items=[other.number, *given], reason="the same")
    for user in (staff.viktor, staff.stranger):
        with pytest.raises(NotAllowed):
            verbs.merge(one, by=user, items=[other.number], reason="the same")
        with pytest.raises(NotAllowed):
            verbs.take_apart(other, by=user, reason="x")
    for items, reason in (([], "x"), ([one.number], "x"), ([other.number], " ")):
        with pytest.raises(verbs.NotPossible):
            verbs.merge(one, by=staff.farid, items=items, reason=reason)
    verbs.merge(one, by=staff.farid, items=[other.number], reason="x")
    with pytest.raises(verbs.NotPossible, match="is resolved"):
        verbs.merge(one, by=staff.farid, items=[other.number], reason="x")
    with pytest.raises(verbs.NotPossible, match="merged"):
        verbs.reopen(other, by=staff.farid, reason="x")
    assert Failure.objects.filter(fingerprint=one.fingerprint).count() == 2


def test_what_is_decided_one_by_one_is_not_merged_with_other_kinds(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1"), stop(world, "T-2")
    WorkItem.objects.filter(pk=other.pk).update(category="outcome_unknown")
    with pytest.raises(verbs.NotPossible, match="decided one by one"):
        verbs.merge(one, by=staff.farid, items=[other.number], reason="x")
    assert stands(other)[1] == 1


def test_what_is_on_its_way_is_left_alone(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1"), stop(world, "T-2")
    releasing.ask(other, by=staff.farid, reason="again")
    with pytest.raises(verbs.NotPossible, match="on its way"):
        verbs.merge(one, by=staff.farid, items=[other.number], reason="x")


def rated(world: World, *roles: str) -> dict[str, WorkItem]:
    """Return by role the items of two entries each whose role has no rate."""
    with_rates(world)
    for place, role in enumerate(roles):
        world.take_in(*(entry(10 * place + n, role=role) for n in (1, 2)))
    intake.take_in()
    return {item.table_key[0]: item for item in WorkItem.objects.all()}


def test_each_cause_of_a_merged_one_has_its_own_remedy(world: World, staff: Staff) -> None:
    items = rated(world, "Architect", "Coach")
    one, other = items["Architect"], items["Coach"]
    verbs.merge(one, by=staff.farid, items=[other.number], reason="both are new roles")
    one.refresh_from_db()
    found = {part.item.table_key[0]: part for part in parts.parts_of(one)}
    assert {name: part.members for name, part in found.items()} == {"Architect": 2, "Coach": 2}
    coach = parts.part_of(one, found["Coach"].code)
    assert coach
    assert coach.failures().count() == 2
    added = verbs.add_table_row(
        coach, by=staff.clara, values={"rate": "120"}, valid_from=None, valid_to=None, reason="x"
    )
    assert added.release
    assert (added.release.asked, added.release.item_id) == (2, one.pk)
    while releasing.work(seconds=5):
        pass
    intake.take_in()
    row = WorkItem.objects.get(pk=one.pk)
    assert (row.members, row.is_open) == (2, True), "the other cause's members stay"
    assert Transaction.objects.filter(state__in=["ready", "delivering", "posted", "validated"]).count() == 2


def test_sending_again_means_all_causes_of_a_merged_one(world: World, staff: Staff) -> None:
    items = rated(world, "Architect", "Coach")
    one = verbs.merge(items["Architect"], by=staff.farid, items=[items["Coach"].number], reason="both are new roles")
    release = verbs.resubmit(one, by=staff.farid, reason="try all")
    assert release.asked == 4
    while releasing.work(seconds=5):
        pass
    intake.take_in()
    row = WorkItem.objects.get(pk=one.pk)
    assert (row.members, row.is_open) == (4, True), "what stops again comes back to it"
    assert not WorkItem.objects.filter(pk=items["Coach"].pk).exclude(state="resolved").exists()


def test_one_that_was_merged_further_comes_apart_from_what_holds_it(world: World, staff: Staff) -> None:
    a, b, c = (stop(world, cause) for cause in ("A", "B", "C"))
    verbs.merge(b, by=staff.farid, items=[a.number], reason="a is b")
    verbs.merge(c, by=staff.farid, items=[b.number], reason="b is c")
    stop(world, "A")

    verbs.take_apart(a, by=staff.farid, reason="neither")

    assert (stands(c)[1], stands(b)[1], stands(a)[1]) == (2, 0, 2)
    assert told(c)[-1] == ("taken apart", "new")
    stop(world, "A")
    assert (stands(c)[1], stands(a)[1]) == (2, 3), "what comes later stays with it"
    verbs.merge(c, by=staff.farid, items=[a.number], reason="a is c after all")
    verbs.take_apart(b, by=staff.farid, reason="b is another")
    assert (stands(c)[1], stands(b)[1]) == (4, 1), "it takes nothing along that it holds no more"
    verbs.take_apart(a, by=staff.farid, reason="not c")
    assert (stands(c)[1], stands(b)[1], stands(a)[1]) == (1, 1, 3)


def test_one_that_is_put_aside_wakes_where_a_merge_lets_it_outgrow_its_rest(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1", 2), stop(world, "T-2", 3)
    until = timezone.now() + timedelta(days=9)
    verbs.snooze(one, by=staff.farid, until=until, reason="after the rate round", above=4)

    verbs.merge(one, by=staff.farid, items=[other.number], reason="the same")

    assert stands(one)[:2] == ("new", 5)
    row = WorkItem.objects.get(pk=one.pk)
    assert (row.wakes_at, row.wakes_above) == (None, None)
    assert one.events.get(verb="came back").reason == "holds 5 now, more than 4"
