"""What an item still holds is never hidden as "sent again", and what waits for a second person is sent by nobody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from canonical.failure import Category
from exceptions_queue import coming_back, corrected, intake, releasing, tasks, verbs
from exceptions_queue.models import Deed, Release, State, WorkItem
from exceptions_queue.pages.approvals import waiting_for
from exceptions_queue.query.compiled import conditions_of, narrowed
from exceptions_queue.query.counting import on_request
from exceptions_queue.query.words import understood
from governance.rights import Role
from mappings import tables
from mappings.models import LookupTable
from routes.models import Failure, Route, Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_four_eyes import policy
from tests.exceptions_queue.test_verbs import refused_rate
from tests.governance.people import person
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def held(world: World, number: int = 3) -> WorkItem:
    """Return the item of entries that the target holds for a second person."""
    world.target.behave = lambda request, n: refused(Category.APPROVAL_MISSING) if n <= number else None
    world.take_in(*(entry(each) for each in range(1, number + 1)))
    world.deliver()
    intake.take_in()
    return WorkItem.objects.get()


def fresh(item: WorkItem) -> WorkItem:
    return WorkItem.objects.get(pk=item.pk)


def test_approving_one_keeps_the_others_among_what_waits(quick_world: Make, quick_staff: Staff) -> None:
    item = held(quick_world())
    assert item.state == State.PENDING_APPROVAL
    one, *others = item.failures().order_by("pk").values_list("pk", flat=True)

    assert verbs.approve(item, by=quick_staff.clara, failures=[one]) == 1

    intake.take_in()
    assert (fresh(item).state, fresh(item).members) == (State.PENDING_APPROVAL, 2)
    assert verbs.approve(item, by=quick_staff.clara, failures=others) == 2
    assert fresh(item).state == State.RESUBMITTED


def approvable(staff: Staff) -> list[int]:
    """Return the numbers of what Clara finds among what waits for her approval."""
    return sorted(WorkItem.objects.filter(conditions_of("is:approvable", staff.clara)).values_list("pk", flat=True))


def test_not_delivering_one_keeps_the_others_among_what_waits(quick_world: Make, quick_staff: Staff) -> None:
    item = held(quick_world())
    one, *others = item.failures().order_by("pk").values_list("pk", flat=True)

    verbs.waive(item, by=quick_staff.farid, failures=[one], reason="not to be billed")

    intake.take_in()
    assert (fresh(item).state, fresh(item).members) == (State.PENDING_APPROVAL, 2)
    assert approvable(quick_staff) == [item.pk]
    verbs.waive(item, by=quick_staff.farid, failures=others, reason="not to be billed")
    intake.take_in()
    assert (fresh(item).state, fresh(item).resolution) == (State.RESOLVED, "waived")


def test_refused_request_leaves_what_waits_for_consent_where_it_was(quick_world: Make, quick_staff: Staff) -> None:
    item = held(quick_world())
    policy(Deed.WAIVE)
    one = item.failures().order_by("pk")[0].pk
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.waive(item, by=quick_staff.farid, failures=[one], reason="not to be billed")
    row = verbs.ask_approval(needs.value.wish, by=quick_staff.farid)

    verbs.refuse_request(row, by=quick_staff.clara, reason="it is to be billed")

    assert (fresh(item).state, fresh(item).waiting_on) == (State.PENDING_APPROVAL, "a second person")
    assert approvable(quick_staff) == [item.pk]


def test_what_somebody_has_asked_for_is_not_among_what_they_may_approve(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world(), 2)
    policy(Deed.WAIVE)
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.waive(item, by=quick_staff.clara, reason="not to be billed")
    verbs.ask_approval(needs.value.wish, by=quick_staff.clara)
    carl: Any = person("Carl Brandt", Role.CONTROLLER)

    found = understood("is:approvable", timezone.now())
    counts = [
        (narrowed(found, user).count(), sum(each.number for each in on_request(found, "is", user, timezone.now()).values
                                           if each.value == "approvable"))
        for user in (quick_staff.clara, carl)
    ]  # fmt: skip

    assert fresh(item).state == State.PENDING_APPROVAL
    assert counts == [(0, 0), (1, 1)]
    wait = "Exceptions that wait for approval"
    assert [[each.at for each in waiting_for(user) if each.what == wait] for user in (quick_staff.clara, carl)] == [
        [], ["/queue/?q=is%3Aapprovable"],
    ]  # fmt: skip


def test_what_is_split_off_waits_as_it_did(quick_world: Make, quick_staff: Staff) -> None:
    item = held(quick_world())
    one = item.failures().order_by("pk")[0].pk

    made = verbs.split(item, by=quick_staff.farid, failures=[one], reason="another contract")

    assert (made.state, fresh(made).waiting_on) == (State.PENDING_APPROVAL, "a second person")
    assert approvable(quick_staff) == [item.pk, made.pk]
    verbs.merge(item, by=quick_staff.farid, items=[made.pk], reason="the same after all")
    verbs.take_apart(made, by=quick_staff.farid, reason="not the same")
    assert approvable(quick_staff) == [item.pk, made.pk]


@pytest.mark.parametrize("how", ["resubmissions", "corrections", "approval"])
def test_what_was_put_aside_rests_no_more_once_something_is_done_with_it(
    make_world: Make, staff: Staff, how: str
) -> None:
    item = zero_hours(make_world(), 2)
    verbs.snooze(item, by=staff.farid, until=timezone.now() + timedelta(days=20), reason="on Monday", above=50)
    if how == "resubmissions":
        verbs.resubmit(item, by=staff.farid, reason="as agreed")
        releasing.work(seconds=20)
    elif how == "corrections":
        one = item.failures().order_by("pk")[0].pk
        verbs.correct_field(item, by=staff.farid, field="hours", value="4", failures=[one], reason="slip")
    else:
        policy(Deed.WAIVE)
        with pytest.raises(verbs.NeedsApproval) as needs:
            verbs.waive(item, by=staff.farid, reason="not to be billed")
        verbs.ask_approval(needs.value.wish, by=staff.farid)
    intake.take_in()
    now = fresh(item)
    assert now.state in (State.IN_PROGRESS, State.PENDING_APPROVAL)
    assert (now.wakes_at, now.wakes_above, now.came_from) == (None, None, "")


def test_what_stays_as_it_was_comes_back_into_the_list(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world, 3)
    stuck = Transaction.objects.order_by("key")[0]
    Transaction.objects.filter(pk=stuck.pk).update(state="unknown")
    release = verbs.resubmit(item, by=staff.farid, reason="as agreed")
    assert isinstance(release, Release)
    assert fresh(item).state == State.RESUBMITTED

    releasing.work(seconds=20)

    now = fresh(item)
    assert now.state == State.IN_PROGRESS
    assert "1 time entry stayed" in now.events.get(verb="came back").reason


def test_what_an_earlier_release_hid_comes_back_by_the_sweep(quick_world: Make, quick_staff: Staff) -> None:
    item = held(quick_world())
    WorkItem.objects.update(state=State.RESUBMITTED)

    assert coming_back.sweep() == 1

    assert (fresh(item).state, fresh(item).waiting_on) == (State.PENDING_APPROVAL, "a second person")
    assert coming_back.sweep() == 0


def test_whole_item_of_a_route_that_cannot_run_is_refused_in_words(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world(), 2)
    Route.objects.update(mapping="taken-out-of-force")

    with pytest.raises(verbs.NotPossible, match="taken-out-of-force"):
        verbs.resubmit(item, by=quick_staff.farid, reason="as agreed")

    assert (fresh(item).state, Release.objects.count()) == (State.NEW, 0)


def test_release_of_a_route_that_cannot_run_holds_up_no_other(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world, 12)
    verbs.resubmit(item, by=staff.farid, reason="as agreed")
    Route.objects.update(mapping="taken-out-of-force")

    tasks.sweep()

    now = fresh(item)
    assert not Release.objects.filter(done_at=None).exists()
    assert now.state == State.IN_PROGRESS
    assert "12 time entries not sent: The mapping “taken-out-of-force”" in now.events.get(verb="not sent").reason
    assert Failure.objects.filter(closed_at=None).count() == 12


def replaced(staff: Staff) -> None:
    """Put another row in the place of the one that members were made with, as people do every month."""
    row: Any = tables.NewRow(("Consultant", "EUR"), {"rate": "150"})
    tables.add_rows(LookupTable.objects.get(), [row], by=staff.clara)


def test_sweep_sends_nothing_that_waits_for_a_persons_request(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = refused_rate(world, 3)
    policy(Deed.WAIVE)
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.waive(item, by=staff.farid, failures=[item.failures()[0].pk], reason="billed by hand")
    verbs.ask_approval(needs.value.wish, by=staff.farid)

    replaced(staff)
    assert corrected.release() == []
    tasks.sweep()

    assert fresh(item).state == State.PENDING_APPROVAL
    assert world.states() == ["failed"] * 3


def test_item_goes_on_waiting_for_its_row_while_something_else_is_asked(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = refused_rate(world, 2)
    LookupTable.objects.update(approval="always")
    row = LookupTable.objects.get().rows.in_force().get(key=["Consultant", "EUR"])
    verbs.correct_table_row(item, by=staff.ingrid, row=row.pk, values={"rate": "150"}, reason="typing error")
    policy(Deed.WAIVE)
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.waive(fresh(item), by=staff.farid, failures=[item.failures()[0].pk], reason="billed by hand")
    request = verbs.ask_approval(needs.value.wish, by=staff.farid)
    table = LookupTable.objects.get()
    tables.approve_rows(table, [each.pk for each in table.rows.waiting()], by=staff.clara)
    assert corrected.release() == []

    verbs.refuse_request(request, by=staff.clara, reason="deliver them")

    assert fresh(item).state == State.PENDING_APPROVAL
    assert len(corrected.release()) == 1


def test_row_that_a_person_corrects_sends_nothing_that_waits_for_a_request(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = refused_rate(world, 3)
    policy(Deed.WAIVE)
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.waive(item, by=staff.farid, failures=[item.failures().order_by("pk")[0].pk], reason="billed by hand")
    request = verbs.ask_approval(needs.value.wish, by=staff.farid)
    row = LookupTable.objects.get().rows.in_force().get(key=["Consultant", "EUR"])

    verbs.correct_table_row(fresh(item), by=staff.clara, row=row.pk, values={"rate": "150"}, reason="typing error")
    tasks.sweep()
    world.deliver()
    tasks.sweep()

    assert sorted(world.states()) == ["failed", "posted", "posted"]
    now = fresh(item)
    assert (now.state, now.waiting_on, now.members) == (State.PENDING_APPROVAL, "a second person", 1)
    assert verbs.consent(request, by=staff.clara).state == "approved"
    assert sorted(world.states()) == ["posted", "posted", "waived"]
