"""Questioning what is posted, and taking it back: on the page, through the API, in bulk, with a second person."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from exceptions_queue import reversing, verbs
from exceptions_queue.codes import code_of
from exceptions_queue.models import ApprovalPolicy, ApprovalRequest, Deed, State, WorkItem, WorkItemEvent
from exceptions_queue.tasks import sweep
from governance.models import AuditEntry
from routes import reversals
from routes.models import Failure, Transaction
from tests.exceptions_queue import bulk
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_next_period import close_until, place
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.governance.people import company
from tests.routes.world import World, entry

Make = Callable[..., World]
WHY = "the day is there twice"


def posted(world: World, number: int = 1) -> list[Transaction]:
    world.take_in(*(entry(each) for each in range(1, number + 1)))
    world.deliver()
    return world.transactions()


def questioned(world: World, staff: Staff, number: int = 1) -> WorkItem:
    for row in posted(world, number):
        item = verbs.question(row, by=staff.farid, reason=WHY)
    return item


def test_what_is_posted_is_questioned_on_its_page_and_stays_posted(make_world: Make, staff: Staff) -> None:
    world = make_world()
    [row] = posted(world)
    farid = signed_in(staff.farid)
    page = reverse("queue:transaction", args=[code_of(row.pk)])
    assert "Question it" in text_of(farid.get(page))
    assert "Question it" not in text_of(signed_in(staff.viktor).get(page))
    door = reverse("queue:questioned", args=[code_of(row.pk)])
    assert "A question needs a reason" in text_of(farid.post(door, {"reason": " "}, follow=True))
    assert signed_in(staff.viktor).post(door, {"reason": WHY}).status_code == 403
    assert signed_in(staff.stranger).post(door, {"reason": WHY}).status_code == 404
    said = text_of(farid.post(door, {"reason": WHY}, follow=True))
    assert "TE-0000001 is questioned. It stays posted until somebody takes it back." in said
    item = WorkItem.objects.get()
    assert (item.members, item.amount, item.assignee, item.state) == (
        1, Decimal(800), f"person:{staff.farid.pk}", State.IN_PROGRESS,
    )  # fmt: skip
    assert world.states() == ["posted"]
    assert "Somebody doubts it." in text_of(farid.get(page))
    assert "is an exception already" in text_of(farid.post(door, {"reason": WHY}, follow=True))
    shown = text_of(farid.get(url_of(item)))
    for absent in ("Send again as it is", "Correct a field", "Do not deliver", "fetch it again"):
        assert absent not in shown


def test_what_was_doubted_for_nothing_is_closed_as_it_stands(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = questioned(world, staff, 2)
    assert item.members == 2
    verbs.close(item, by=staff.farid, reason="two different days")
    sweep()
    item.refresh_from_db()
    assert (item.state, item.resolution, item.members) == (State.RESOLVED, "no_action", 0)
    assert world.states() == ["posted", "posted"]
    assert not Failure.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize("answer", ["update of its source", "taken back"])
def test_what_was_doubted_and_is_reversed_is_nobodys_any_more(make_world: Make, staff: Staff, answer: str) -> None:
    world = make_world("ledger_blind", correction="reverse")
    item = questioned(world, staff)
    if answer == "taken back":  # while its next version has stopped: that one is the follower, and no new one is made
        world.take_in(entry(1, hours="0.00", version=2))
        sweep()
        item.refresh_from_db()
        verbs.reverse(item, by=staff.clara, reason=WHY)
    else:
        world.take_in(entry(1, hours="6.00", version=2))
    for _ in range(3):
        world.deliver()
        world.later(120)
    sweep()
    item.refresh_from_db()
    assert Transaction.objects.filter(state="reversed").count() == 1
    assert (item.state, item.members) == (State.RESOLVED, 0)
    assert item.resolution == ("passed_on" if answer == "taken back" else "auto:newer_version")


def test_what_an_earlier_release_left_open_is_closed_by_hand(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = questioned(world, staff)
    Transaction.objects.update(state="reversed")
    verbs.close(item, by=staff.farid, reason="taken back since")
    sweep()
    item.refresh_from_db()
    assert (item.state, item.members) == (State.RESOLVED, 0)


def test_page_tells_before_what_stands_there_how_it_is_undone_and_who_agrees(make_world: Make, staff: Staff) -> None:
    world = make_world(posting_date="worked_on")
    item = questioned(world, staff)
    close_until(world, date(2026, 11, 1))
    ApprovalPolicy.objects.create(name="Reversals", deeds=[Deed.REVERSE])
    page = text_of(signed_in(staff.farid).get(url_of(item)))
    assert "Stands there TE-0000001 as LR-1 in a system of another company: 800.00 EUR" in page
    assert "Is undone in a system of another company, by a reversal: a second entry with the opposite amounts" in page
    assert "closed: it waits until Clara Voss approves, and the next open one is 2026-11-01 to 2026-11-30" in page
    assert "Second person Clara Voss, by policy “Reversals” (reverse what is posted)" in page


def test_reversal_leaves_a_named_item_until_somebody_closes_it(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = questioned(world, staff)
    farid = signed_in(staff.farid)
    answer = farid.post(place(item, "reversals"), {"reason": WHY})
    assert answer.status_code == 422
    assert "Choose what becomes of the record then." in text_of(answer)
    typed = {"reason": WHY, "sends": "nothing", "root_cause": "source"}
    said = text_of(farid.post(place(item, "reversals"), typed, follow=True))
    assert "1 time entry taken back at the target. This stays open until somebody sends it anew" in said
    world.deliver()
    sweep()
    assert world.target.net_hours("TE-0000001") == Decimal(0)
    item.refresh_from_db()
    assert (item.is_open, item.members, item.amount, item.root_cause) == (True, 1, Decimal(800), "source")
    with pytest.raises(verbs.NotPossible, match="still holds 1"):
        verbs.close(item, by=staff.farid, reason="done")
    with pytest.raises(verbs.NotPossible, match="Nothing of this stands"):
        verbs.reverse(item, by=staff.farid, reason=WHY)
    assert "Take back what is posted" not in text_of(farid.get(url_of(item)))
    verbs.waive(item, by=staff.farid, reason="it was a double")
    sweep()
    item.refresh_from_db()
    assert (item.state, item.resolution) == (State.RESOLVED, "waived")
    told = WorkItemEvent.objects.get(item=item, verb="reversed").reason
    assert told == f"1 time entry taken back, it waits for a person: {WHY}"
    assert AuditEntry.objects.filter(verb="reverse", thing_id=str(item.pk)).count() == 1
    [row, takes, follows] = world.transactions()
    page = text_of(farid.get(reverse("queue:transaction", args=[code_of(takes.pk)])))
    assert "takes back 800.00 EUR" in page
    assert [each.state for each in (row, takes, follows)] == ["reversed", "posted", "waived"]


def test_what_is_sent_anew_is_corrected_first_or_goes_as_it_is(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = questioned(world, staff, 2)
    first, second = (each.pk for each in item.failures().order_by("pk"))
    verbs.reverse(item, by=staff.farid, reason=WHY, failures=[first], sends=True)
    verbs.reverse(item, by=staff.farid, reason=WHY, failures=[second])
    world.deliver()
    sweep()
    item.refresh_from_db()
    assert item.members == 1
    verbs.correct_field(item, by=staff.farid, field="hours", value="4.00", reason="half a day")
    world.deliver()
    sweep()
    item.refresh_from_db()
    assert (item.state, item.resolution) == (State.RESOLVED, "fixed")
    assert [world.target.net_hours(f"TE-000000{n}") for n in (1, 2)] == [Decimal(8), Decimal(4)]
    assert [c.operation for c in world.target.commits].count("reverse") == 2


def test_policy_asks_a_second_person_who_does_it_by_consent(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = questioned(world, staff)
    ApprovalPolicy.objects.create(name="Reversals", deeds=[Deed.REVERSE])
    typed = {"reason": WHY, "sends": "send", "root_cause": ""}
    said = text_of(signed_in(staff.farid).post(place(item, "reversals"), typed, follow=True))
    assert "Nothing is done yet: policy “Reversals”" in said
    world.deliver()
    assert world.states() == ["posted"]
    asked = ApprovalRequest.objects.get()
    page = text_of(signed_in(staff.clara).get(reverse("queue:request", args=[asked.number])))
    assert "1 time entry posted" in page
    verbs.consent(asked, by=staff.clara)
    world.deliver()
    sweep()
    assert world.target.net_hours("TE-0000001") == Decimal(8)
    assert [c.operation for c in world.target.commits] == ["create", "reverse", "create"]
    item.refresh_from_db()
    assert item.resolution == "fixed"


def test_all_or_none_and_what_cannot_be_taken_back_is_told_with_what_to_do(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    item = questioned(world, staff, 2)
    first = item.failures().order_by("pk")[0]
    reversals.ask([first.transaction_id], by=staff.clara, reason="mine", sends=False)
    sweep()
    with pytest.raises(verbs.NotPossible, match="Clara Voss has asked already"):
        verbs.reverse(item, by=staff.farid, reason=WHY, failures=[each.pk for each in item.failures()])
    assert [c.operation for c in world.target.commits] == ["create", "create"]
    monkeypatch.setattr(reversals, "_undone", lambda *each: "")
    page = text_of(signed_in(staff.farid).get(url_of(item)))
    assert "no way of its own by which the hub could take TE-0000002 (LR-2) back. Correct it there" in page


def test_many_are_taken_back_by_a_bulk_run_once_each(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = questioned(world, staff, 4)
    world.take_in(entry(9, hours="0.00"))
    sweep()
    data = {"reason": WHY, "sends": "nothing"}
    run = bulk.planned(staff.farid, "reversals", data, *WorkItem.objects.open())
    outcomes = dict(run.members.values_list("key", "outcome"))
    assert outcomes == {f"TE-000000{n}": "will" for n in (1, 2, 3, 4)} | {"TE-0000009": "impossible"}
    bulk.started(run, staff.farid)
    for _ in range(6):
        run = bulk.later(run)
        world.deliver()
    run = bulk.later(run)
    ended = set(run.members.exclude(result="").values_list("result", "ended_as"))
    assert ended == {("done", "taken back at the target")}
    assert [world.target.net_hours(f"TE-000000{n}") for n in (1, 2, 3, 4)] == [Decimal(0)] * 4
    assert [c.operation for c in world.target.commits].count("reverse") == 4
    sweep()
    item.refresh_from_db()
    assert (item.is_open, item.members) == (True, 4)


def test_words_are_a_constant_number_of_queries(
    make_world: Make, staff: Staff, django_assert_max_num_queries: Any
) -> None:
    world = make_world(posting_date="worked_on")
    item = questioned(world, staff, 6)
    ApprovalPolicy.objects.create(name="Large", deeds=[Deed.REVERSE], amount_from=Decimal(1))
    with django_assert_max_num_queries(11):
        told = dict(reversing.told(item, staff.farid))
    assert "and 1 more in Ledger: 4,800.00 EUR" in told["stands there"]
    assert company("HP-DE")


def test_api_questions_tells_what_stands_there_and_takes_it_back(make_world: Make, staff: Staff) -> None:
    world = make_world()
    [row] = posted(world)
    farid = signed_in(staff.farid)
    made = farid.post(
        f"/api/experience/v1/transactions/{row.pk}/questions", {"reason": WHY}, content_type="application/json"
    )
    number = made.json()["item"]["number"]
    assert made.json()["said"] == f"Exception {number} is about it."
    told = farid.get(f"/api/experience/v1/work-items/{number}").json()["remedies"]
    given = {each["name"]: each["words"] for each in next(r for r in told if r["name"] == "reversals")["given"]}
    assert given["stands there"] == "TE-0000001 as LR-1 in a system of another company: 800.00 EUR"
    door = f"/api/experience/v1/work-items/{number}/reversals"
    bad = farid.post(door, {"reason": WHY, "root_cause": "nobody"}, content_type="application/json")
    assert bad.status_code == 422
    done = farid.post(door, {"reason": WHY, "root_cause": "source"}, content_type="application/json")
    assert done.json()["said"] == "1 time entry taken back at the target."
    world.deliver()
    assert world.target.net_hours("TE-0000001") == Decimal(0)
