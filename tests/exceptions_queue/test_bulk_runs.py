"""A bulk run does what was planned, to whom it was planned, once; and every number adds up, whenever it is stopped."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from canonical.failure import Category
from exceptions_queue import intake
from exceptions_queue.bulk import running, steering
from exceptions_queue.bulk.steering import Outdated
from exceptions_queue.models import BulkMember, BulkRun, BulkState, Outcome, Result, WorkItem
from exceptions_queue.verbs import NotPossible, classify, correct_field, waive
from governance.models import RoleGrant
from governance.rights import NotAllowed
from routes import overlay_endings
from routes.models import Overlay
from tests.exceptions_queue.bulk import AGAIN, WHY, adds_up, fresh, later, planned, results, started, work
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, zero_hours
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


@pytest.fixture
def transactional_db(db: None) -> None:
    """Let the staff be made inside one transaction: nothing here is seen from another connection."""


def refused_ones(world: World, number: int) -> WorkItem:
    """Return the item of entries that the target refused."""
    world.target.behave = lambda request, count: refused(Category.REFUSED, "The period is not set up.")
    world.take_in(*(entry(each) for each in range(1, number + 1)))
    world.deliver()
    intake.take_in()
    world.target.behave = lambda request, count: None
    return WorkItem.objects.get()


def test_run_sends_five_first_and_the_rest_once_these_have_ended_well(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = refused_ones(world, 12)
    run = planned(staff.farid, "resubmissions", AGAIN, item)
    assert (run.state, run.chosen, run.planned, run.canary) == (BulkState.PLANNED, 12, 12, 5)
    assert WorkItem.objects.get().members == 12, "a plan does nothing"

    run = work(started(run, staff.farid))
    assert results(run) == {"under_way": 5, "waiting": 7}
    assert later(run).state == BulkState.RUNNING
    assert results(run) == {"under_way": 5, "waiting": 7}, "the rest waits until the target has answered for the five"
    world.deliver()
    run = later(run)
    assert results(run) == {"done": 5, "under_way": 7}
    world.deliver()
    run = later(run)
    assert (run.state, results(run)) == (BulkState.DONE, {"done": 12})
    assert sorted(commit.key for commit in world.target.commits) == sorted(f"TE-{n:07d}" for n in range(1, 13))


def test_first_five_that_do_not_end_well_pause_it_and_say_why(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = refused_ones(world, 8)
    run = work(started(planned(staff.farid, "resubmissions", AGAIN, item), staff.farid))
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Still not set up.")
    world.deliver()
    run = later(run)
    assert (run.state, results(run)) == (BulkState.PAUSED, {"failed": 5, "waiting": 3})
    assert "5 of the first 5 did not end well" in run.state_reason
    assert "failed again" in run.state_reason
    stopped = BulkMember.objects.filter(run=run, result=Result.FAILED)
    assert all(member.stopped_as and "Still not set up" in member.ended for member in stopped)

    world.target.behave = lambda request, count: None
    run = work(steering.go_on(run, by=staff.farid, reason="it is set up now"))
    world.deliver()
    run = later(run)
    assert (run.state, results(run)) == (BulkState.DONE, {"failed": 5, "done": 3})


def test_cancelled_half_way_it_begins_nothing_new_and_collects_what_is_on_its_way(
    quick_world: Make, staff: Staff
) -> None:
    world = quick_world()
    item = refused_ones(world, 9)
    run = work(started(planned(staff.farid, "resubmissions", AGAIN, item), staff.farid))
    run = steering.cancel(run, by=staff.clara, reason="wrong client")
    assert (run.state, results(run)) == (BulkState.CANCELLING, {"under_way": 5, "not_reached": 4})
    with pytest.raises(NotPossible, match="Nothing is left to be cancelled"):
        steering.cancel(run, by=staff.farid)
    world.deliver()
    run = later(run)
    assert (run.state, run.state_reason, results(run)) == (
        BulkState.CANCELLED, "wrong client", {"done": 5, "not_reached": 4}
    )  # fmt: skip
    assert len(world.target.commits) == 5


def test_paused_it_begins_nothing_new_until_it_goes_on(quick_world: Make, staff: Staff, settings: Any) -> None:
    settings.BULK_PACE = 60
    world = quick_world()
    item = refused_ones(world, 10)
    run = planned(staff.farid, "waivers", WHY, item)
    run = work(started(run, staff.farid))
    assert results(run) == {"done": 2, "waiting": 8}, "two seconds' worth of sixty a minute"
    run = steering.pause(run, by=staff.clara)
    run = later(run, 60)
    assert (run.state, results(run)) == (BulkState.PAUSED, {"done": 2, "waiting": 8})
    run = work(steering.go_on(run, by=staff.farid))
    assert results(run) == {"done": 4, "waiting": 6}, "what it did not do while it was paused it does not make up for"
    for _ in range(8):
        run = later(run, 2)
    assert (run.state, results(run)) == (BulkState.DONE, {"done": 10})


def test_plan_whose_members_changed_is_refused_with_what_changed(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world, 3)
    run = planned(staff.farid, "waivers", WHY, item)
    other = planned(staff.farid, "waivers", WHY, item)
    one, two, _ = BulkMember.objects.filter(run=run).order_by("position")
    waive(item, by=staff.clara, reason="not ours", failures=[one.failure_id])
    world.take_in(entry(2, hours="0.00", version=2))
    with pytest.raises(Outdated, match="2 of its members have changed") as caught:
        started(run, staff.farid)
    told = {change.key: change.told for change in caught.value.changes}
    assert told[one.key] == "somebody has seen to it; now: will not be sent: a person decided"
    assert "replaced by a newer version" in told[two.key]
    assert fresh(run).state == BulkState.PLANNED

    # What changes after the start is skipped, and said so.
    assert fresh(other).state == BulkState.PLANNED
    run = started(planned(staff.farid, "waivers", WHY, item), staff.farid)
    third = BulkMember.objects.filter(run=run).order_by("position")[0]
    waive(item, by=staff.clara, reason="not ours", failures=[third.failure_id])
    run = work(run)
    assert results(run) == {"skipped": 1, "done": 1}


def test_other_configuration_is_refused_at_the_start_and_pauses_what_runs(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = refused_ones(world, 7)
    run = planned(staff.farid, "resubmissions", AGAIN, item)
    running_one = work(started(planned(staff.farid, "resubmissions", AGAIN, item), staff.farid))
    world.destination.condition = "hours > 0"
    world.destination.save()
    with pytest.raises(Outdated, match="the configuration of Time to ledger is another one"):
        started(run, staff.farid)
    world.deliver()
    running_one = later(running_one)
    assert running_one.state == BulkState.PAUSED
    assert "The configuration of Time to ledger is another one" in running_one.state_reason
    with pytest.raises(Outdated):
        steering.go_on(running_one, by=staff.farid)
    assert results(running_one) == {"done": 5, "waiting": 2}


def test_above_the_limits_another_person_approves_the_plan(quick_world: Make, staff: Staff, settings: Any) -> None:
    settings.BULK_MEMBERS_ALONE, settings.BULK_AMOUNT_ALONE = 2, 1000
    world = quick_world()
    item = refused_ones(world, 3)
    run = planned(staff.clara, "resubmissions", AGAIN, item)
    assert "3 are more than the 2" in run.second_person
    assert "2,400.00 EUR are more than the 1,000.00 EUR" in run.second_person
    with pytest.raises(NotPossible, match="A second person has to approve"):
        started(run, staff.clara)
    with pytest.raises(NotAllowed, match="cannot be approved by somebody who wrote it"):
        steering.approve(run, by=staff.clara, seen=run.plan_hash)
    with pytest.raises(NotAllowed, match="approve corrections and releases"):
        steering.approve(run, by=staff.farid, seen=run.plan_hash)
    other = steering.refuse(planned(staff.farid, "waivers", WHY, item), by=staff.clara, reason="not these")
    assert (other.state, results(other)) == (BulkState.CANCELLED, {"not_reached": 3})
    mine = planned(staff.farid, "resubmissions", AGAIN, item)
    with pytest.raises(NotPossible, match="another plan than the one that you looked at"):
        steering.approve(mine, by=staff.clara, seen=run.plan_hash)
    steering.approve(mine, by=staff.clara, seen=mine.plan_hash)
    with pytest.raises(NotPossible, match="It is approved, and can be refused no more"):
        steering.refuse(fresh(mine), by=staff.clara, reason="after all not")
    assert work(started(fresh(mine), staff.farid)).state == BulkState.RUNNING


def test_killed_worker_loses_nothing_and_another_does_nothing_twice(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = refused_ones(world, 7)
    run = started(planned(staff.farid, "resubmissions", AGAIN, item), staff.farid)
    dead = running._claim(uuid4(), run.pk)  # takes it, and is never heard of again
    assert dead == run.pk
    assert results(work(run)) == {"waiting": 7}, "the lease holds"
    stale = BulkRun.objects.get(pk=run.pk).lease_owner
    run = later(run, 61)
    assert results(run) == {"under_way": 5, "waiting": 2}
    assert not running.step(run.pk, stale), "it comes back to life, and has lost its lease"
    world.deliver()
    run = later(run)
    world.deliver()
    assert results(later(run)) == {"done": 7}
    assert len(world.target.commits) == 7


@pytest.mark.parametrize("place", ["before", "after"])
def test_killed_within_a_commit_it_is_as_if_nothing_had_begun(
    quick_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A kill between any two statements takes the whole commit with it: verbs and what is written of them."""
    from exceptions_queue.bulk import collecting

    world = quick_world()
    item = refused_ones(world, 3)
    run = started(planned(staff.farid, "resubmissions", AGAIN, item), staff.farid)

    class Killed(BaseException):
        pass

    def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*((running, "_do_all") if place == "before" else (running, "_settle")), killed)
        with pytest.raises(Killed):
            running.work(seconds=5, run=run.pk)
    run = fresh(run)
    assert results(run) == {"waiting": 3}
    assert WorkItem.objects.get().members == 3
    assert collecting.collect(run) == 0
    work(run)
    world.deliver()
    assert results(later(run)) == {"done": 3}
    assert len(world.target.commits) == 3


def test_one_that_something_unforeseen_spoils_stops_no_other(
    quick_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exceptions_queue import verbs

    world = quick_world()
    item = zero_hours(world, 4)
    run = started(planned(staff.farid, "waivers", WHY, item), staff.farid)
    bad = BulkMember.objects.filter(run=run).order_by("position")[2].failure_id
    real = verbs.waive

    def spoilt(item: WorkItem, *, failures: list[Any], **more: Any) -> int:
        if bad in failures:
            raise KeyError("nobody foresaw this")
        return real(item, failures=failures, **more)

    monkeypatch.setattr(verbs, "waive", spoilt)
    run = work(run)
    assert (run.state, results(run)) == (BulkState.DONE, {"done": 3, "failed": 1})
    intake.take_in()
    assert WorkItem.objects.get().members == 1


def test_whose_right_is_gone_begins_nothing_more(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    run = started(planned(staff.farid, "waivers", WHY, zero_hours(world, 3)), staff.farid)
    RoleGrant.objects.filter(user=staff.farid).delete()
    run = work(run)
    assert (run.state, results(run)) == (BulkState.PAUSED, {"waiting": 3})
    assert "Farid Amini may no longer waive" in run.state_reason


def test_plan_says_what_is_left_as_it_is_and_why(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = missing_rate(world, 2)
    run = planned(staff.farid, "closures", WHY | {"root_cause": "no_action"}, item)
    assert (run.planned, run.chosen) == (0, 1)
    member = run.members.get()
    assert (member.outcome, member.why) == (Outcome.IMPOSSIBLE, "it still holds something, or is closed already")
    with pytest.raises(NotPossible, match="Nothing would be done"):
        started(run, staff.farid)
    assert adds_up(run).left.members == 1


def test_plan_whose_corrections_somebody_took_back_is_refused(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1), entry(2))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.open().get()
    run = planned(staff.farid, "resubmissions", AGAIN, item)
    one = BulkMember.objects.filter(run=run).order_by("position")[0]
    overlay_endings.withdraw(Overlay.objects.get(key=one.key).pk, by=staff.farid, reason="it was right")

    with pytest.raises(Outdated) as caught:
        started(run, staff.farid)

    told = {change.key: change.told for change in caught.value.changes}
    assert told == {one.key: "its fields are corrected otherwise by now"}


def test_what_is_not_said_of_many_stays_with_each(quick_world: Make, staff: Staff) -> None:
    item = zero_hours(quick_world(), 1)
    classify(item, by=staff.clara, cause_code="late", root_cause="source", finding="The client.", rule_candidate=True)

    run = work(started(planned(staff.farid, "findings", {"cause_code": "wrong_entry"}, item), staff.farid))

    assert results(run) == {"done": 1}
    item.refresh_from_db()
    assert (item.cause_code, item.root_cause, item.finding, item.rule_candidate) == (
        "wrong_entry", "source", "The client.", True,
    )  # fmt: skip
