"""Whichever way something is asked for, a policy asks the same second person, who consents to exactly that."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from exceptions_queue import intake, parts, verbs
from exceptions_queue.bulk import steering
from exceptions_queue.codes import code_of
from exceptions_queue.models import ApprovalRequest, Deed, RequestState, WorkItem
from governance.models import RoleGrant
from governance.rights import NotAllowed, Role
from routes.models import Failure, RuleWaiver, Transaction
from tests.exceptions_queue.bulk import planned
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_finding_out import WAIVABLE
from tests.exceptions_queue.test_four_eyes import WHY, asked, carl_worked, fresh, item, policy, staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_trying import publish
from tests.governance.people import person
from tests.routes.world import OUTWARD, World, entry

__all__ = ["item", "staff"]
Make = Callable[..., World]
PROCESS = "/api/process/v1/resubmissions"


@pytest.fixture
def corrected(item: WorkItem, staff: Staff) -> WorkItem:
    """Return an item whose members were corrected, and stop all the same."""
    verbs.correct_field(item, by=staff.farid, field="hours", value="0.00", reason=WHY)
    return WorkItem.objects.open().get()


def send(by: Any, *rows: Transaction) -> Any:
    body = {"transactions": [str(row.pk) for row in rows], "reason": "now"}
    return signed_in(by).post(PROCESS, body, content_type="application/json")


def test_the_process_api_sends_nothing_that_needs_a_second_person(corrected: WorkItem, staff: Staff) -> None:
    policy(Deed.RESUBMIT, fields=["hours"])
    rows = list(Transaction.objects.order_by("pk"))
    answer = send(staff.clara, *rows)
    assert answer.status_code == 409
    assert "needs a second person" in answer.json()["detail"]
    assert f"exception {corrected.number}" in answer.json()["detail"]
    assert not corrected.events.filter(verb="sent again").exists()


@pytest.mark.parametrize("taken", [False, True])
def test_what_no_exception_holds_yet_is_asked_for_all_the_same(corrected: WorkItem, staff: Staff, taken: bool) -> None:
    policy(Deed.RESUBMIT, fields=["hours"])
    WorkItem.objects.all().delete()
    Failure.objects.update(taken=taken)
    assert send(staff.clara, *Transaction.objects.all()).status_code == 409


def test_the_process_api_writes_down_what_it_sends(item: WorkItem, staff: Staff) -> None:
    policy(Deed.RESUBMIT)
    answer = send(staff.clara, *Transaction.objects.order_by("pk"))
    assert answer.json()["went_on"] == []
    assert item.events.filter(verb="sent again", actor_name="Clara Voss").exists()


def test_the_page_sends_only_what_was_waived(corrected: WorkItem, staff: Staff) -> None:
    policy(Deed.RESUBMIT, fields=["hours"])
    row = Transaction.objects.order_by("pk")[0]
    door = reverse("queue:sent-again", args=[code_of(row.pk)])
    told = text_of(signed_in(staff.clara).post(door, {"reason": "x"}, follow=True))
    assert "It is not among what is not delivered" in told


def test_what_was_waived_with_a_correction_is_sent_after_all_by_two(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world, 1)
    verbs.correct_field(item, by=staff.farid, field="description", value="Workshop", reason=WHY)
    [row] = world.transactions()
    verbs.waive(WorkItem.objects.open().get(), by=staff.farid, reason="not billable")
    policy(Deed.RESUBMIT, categories=["validation"])
    answer = send(staff.clara, row)
    assert answer.status_code == 409
    assert "on its own page" in answer.json()["detail"]
    assert world.states() == ["waived"]

    door = reverse("queue:sent-again", args=[code_of(row.pk)])
    told = text_of(signed_in(staff.clara).post(door, {"reason": "billable now"}, follow=True))

    made = ApprovalRequest.objects.get()
    assert f"request {made.number}" in told
    assert world.states() == ["held"]
    assert (made.made_by_name, made.item.members, made.failures) == (
        "Clara Voss", 1, [Failure.objects.get(closed_at=None).pk],
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        verbs.consent(made, by=staff.clara)
    done = verbs.consent(made, by=person("Otto Other", Role.CONTROLLER))
    assert done.state == RequestState.APPROVED
    assert world.states() == ["failed"], "worked out anew, and the rule stops it as before"


def test_what_nobody_corrected_is_sent_after_all_by_one(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world, 1)
    verbs.waive(item, by=staff.farid, reason="not billable")
    policy(Deed.RESUBMIT)
    publish(OUTWARD | {"rules": []}, staff)
    door = reverse("queue:sent-again", args=[code_of(world.transactions()[0].pk)])
    assert "It goes through again" in text_of(signed_in(staff.clara).post(door, {"reason": ""}, follow=True))
    assert world.states() == ["ready"]


def test_a_bulk_run_is_not_approved_by_whose_time_it_is(quick_world: Make, staff: Staff) -> None:
    policy(Deed.WAIVE)
    item = carl_worked(quick_world(), 2)
    carl = person("Carla Other", Role.CONTROLLER, email="carl.worker@halden.example")
    run = planned(staff.farid, "waivers", {"reason": "not billable"}, item)
    assert run.second_person
    with pytest.raises(NotAllowed, match="handed it in"):
        steering.approve(run, by=carl, seen=run.plan_hash)
    assert steering.approve(run, by=staff.clara, seen=run.plan_hash).approved_by


def test_a_bulk_run_is_not_approved_by_who_corrected_what_it_sends(corrected: WorkItem, staff: Staff) -> None:
    policy(Deed.RESUBMIT, fields=["hours"])
    publish(OUTWARD | {"rules": []}, staff)
    run = planned(staff.clara, "resubmissions", {"configuration": "now", "reason": "x"}, corrected)
    assert (run.planned, bool(run.second_person)) == (2, True)
    RoleGrant.objects.create(user=staff.farid, role=Role.CONTROLLER, granted_by="engine:engine")
    with pytest.raises(NotAllowed):
        steering.approve(run, by=staff.farid, seen=run.plan_hash)


def test_a_request_ends_once_some_of_it_is_split_off(quick_world: Make, staff: Staff) -> None:
    policy(Deed.WAIVE)
    item = zero_hours(quick_world(), 3)
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.waive(item, by=staff.farid, reason="not billable")
    row = verbs.ask_approval(needs.value.wish, by=staff.farid)
    verbs.split(item, by=staff.clara, failures=[item.failures()[0].pk], reason="another client")
    done = verbs.consent(row, by=staff.clara)
    assert (done.state, done.decided_reason.partition(" since")[0]) == (
        RequestState.EXPIRED, "1 is in another exception",
    )  # fmt: skip
    assert not Transaction.objects.filter(state="waived").exists()


def test_a_request_that_an_earlier_release_kept_is_read(item: WorkItem, staff: Staff) -> None:
    policy()
    row = asked(item, staff.farid)
    row.stood = [each[:4] for each in row.stood]
    row.save()
    assert verbs.consent(row, by=staff.clara).state == RequestState.APPROVED


def test_consent_lets_the_rule_pass_that_the_request_was_about(quick_world: Make, staff: Staff) -> None:
    """A merged item holds another rule than that of the part for which somebody has asked."""
    world = quick_world()
    other = WAIVABLE["rules"][0] | {"name": "no-short-days", "check": "hours >= 2"}
    publish(WAIVABLE | {"rules": [*WAIVABLE["rules"], other]}, staff)
    world.take_in(entry(1, hours="0.00"), entry(2, hours="1.00"))
    intake.take_in()
    items = list(WorkItem.objects.order_by("number"))
    assert len(items) == 2
    holder = next(each for each in items if each.rule != other["name"])
    gone = next(each for each in items if each is not holder)
    verbs.merge(holder, by=staff.farid, items=[gone.number], reason="one and the same")
    policy(Deed.WAIVE_RULE)
    part = next(each.item for each in parts.parts_of(fresh(holder)) if each.item.rule == other["name"])
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.waive_rule(part, by=staff.farid, reason="agreed", failures=None)
    row = verbs.ask_approval(needs.value.wish, by=staff.farid)

    verbs.consent(row, by=staff.clara)

    assert list(RuleWaiver.objects.values_list("rule", flat=True)) == [other["name"]]
    assert sorted(world.states()) == ["failed", "ready"]
