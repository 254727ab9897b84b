"""How items end: by themselves and by people kept apart, fixed only if all is posted, and what it was said of them."""

from collections.abc import Callable
from typing import Any

import pytest

from canonical.failure import Category
from exceptions_queue import intake, settle, verbs
from exceptions_queue.models import CauseCode, Resolution, RootCause, State, WorkItem
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import NotAllowed
from routes import decisions, reversals
from routes.models import Failure, Transaction
from tests.api.signing import get, post, token_of
from tests.exceptions_queue.bulk import planned, started, work
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_query import fits, items, staff
from tests.routes.world import World, entry, refused

__all__ = ["items", "staff"]
Make = Callable[..., World]


def ended(item: WorkItem) -> tuple[str, str, str]:
    row = WorkItem.objects.get(pk=item.pk)
    return row.state, row.resolution, row.resolved_by or ""


def sent_again(world: World, number: int = 2) -> WorkItem:
    """Return the item of entries that the target has refused, sent again by the engine and not yet delivered."""
    world.target.behave = lambda request, at: refused(Category.REFUSED) if at <= number else None
    world.take_in(*(entry(each) for each in range(1, number + 1)))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    stopped = list(Failure.objects.values_list("transaction_id", flat=True))
    decisions.resubmit([each for each in stopped if each], by=ENGINE, reason="again")
    intake.take_in()
    return item


def test_fixed_is_only_what_is_posted_all_of_it(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = sent_again(world)
    world.deliver()
    settle.settle_sent_again()
    assert ended(item)[:2] == ("resolved", "fixed")


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (("posted", "superseded"), "passed_on"), (("superseded", "superseded"), "auto:newer_version"),
        (("posted", "waived"), "passed_on"), (("waived", "waived"), "waived"), (("posted", "failed"), "passed_on"),
        (("posted", "filtered"), "passed_on"), (("posted", "reversed"), "passed_on"),
    ],
)  # fmt: skip
def test_what_came_to_another_end_is_not_called_fixed(states: Any, code: str) -> None:
    stands: dict[str, int] = {}
    for each in states:
        stands[each] = stands.get(each, 0) + 1
    assert settle._code({"fixed": len(states)}, stands) == code
    assert settle._code({"fixed": len(states)}, stands | {"delivering": 1}) is None


@pytest.mark.parametrize(
    ("beside", "code"),
    [
        ("waived", "passed_on"), ("auto:newer_version", "passed_on"), ("auto:source_withdrawn", "passed_on"),
        ("reversed", "passed_on"), ("no_action", "passed_on"), ("auto:retry_succeeded", "fixed"),
    ],
)  # fmt: skip
def test_what_came_to_another_end_beside_what_is_posted_is_not_called_fixed(beside: str, code: str) -> None:
    assert settle._code({"fixed": 2, beside: 1}, {"posted": 2}) == code


def test_fixed_is_not_said_of_what_was_waived_in_part(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    world.target.behave = lambda request, at: refused(Category.REFUSED) if at <= 3 else None
    world.take_in(*(entry(each) for each in (1, 2, 3)))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    first, *others = [each.pk for each in item.failures().order_by("pk")]
    verbs.waive(item, by=staff.clara, reason="not to be billed", failures=[first])
    verbs.resubmit(item, by=staff.clara, reason="again", failures=others)
    intake.take_in()
    world.deliver()
    settle.settle_sent_again()
    assert ended(item)[:2] == ("resolved", "passed_on")


def two_refused(world: World) -> tuple[WorkItem, Failure, Failure]:
    """Return an exception of two entries that the target refused once, and its members."""
    world.target.behave = lambda request, at: refused(Category.REFUSED) if at <= 2 else None
    world.take_in(entry(1), entry(2))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    first, second = item.failures().order_by("pk")
    return item, first, second


def test_what_stopped_twice_counts_as_it_ended_last(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item, first, second = two_refused(world)
    verbs.resubmit(item, by=staff.clara, reason="again", failures=[second.pk])
    world.target.behave = lambda request, at: refused(Category.REFUSED)
    world.deliver()
    intake.take_in()
    assert item.failures().count() == 2
    again = item.failures().get(transaction_id=second.transaction_id)
    world.target.behave = lambda request, at: None
    verbs.waive(item, by=staff.clara, reason="no", failures=[again.pk])
    verbs.resubmit(item, by=staff.clara, reason="again", failures=[first.pk])
    intake.take_in()
    world.deliver()
    settle.settle_sent_again()
    assert ended(item)[:2] == ("resolved", "passed_on")
    closed, stands, _ = settle.outcomes([item.number])
    assert closed[item.number] == {"waived": 1, "fixed": 1}
    assert stands[item.number] == {"posted": 1}


def test_what_closed_by_itself_is_kept_apart(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world)
    world.take_in(entry(1, hours="7.00", version=2))
    intake.take_in()
    assert ended(item) == ("resolved", "auto:newer_version", ENGINE.reference)
    assert fits("closed:auto", staff.clara) == fits("is:auto", staff.clara) == item.fingerprint
    assert fits("closed:human", staff.clara) == ""
    told = get(f"/api/experience/v1/work-items/{item.number}", token_of(staff.clara, "experience:read")).json()
    assert told["closed_by_itself"] is True
    verbs.classify(item, by=staff.clara, cause_code=CauseCode.WRONG_ENTRY, root_cause=RootCause.SOURCE, finding="typo")
    assert ended(item) == ("resolved", "auto:newer_version", ENGINE.reference), "what it was does not say who ended it"
    assert fits("cause:wrong-entry fixed:source", staff.clara) == item.fingerprint


def test_regressed_item_opens_again_with_its_history(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world)
    verbs.comment(item, by=staff.clara, text="asked the consultant")
    verbs.classify(item, by=staff.clara, cause_code=CauseCode.LATE, finding="Mondays")
    world.take_in(entry(1, hours="7.00", version=2))
    intake.take_in()
    world.take_in(entry(2, hours="0.00"))
    intake.take_in()
    row = WorkItem.objects.get()
    assert (row.state, row.reopened, row.resolution, row.resolved_at) == ("new", 1, "", None)
    assert (row.cause_code, row.finding, row.comments.count()) == ("late", "Mondays", 1)
    told = list(row.events.order_by("pk").values_list("verb", "reason"))
    assert [verb for verb, _ in told] == ["opened", "cause named", "resolved", "reopened"]
    assert told[-1][1] == "it happened again; it had ended: by itself: a newer version arrived"
    assert fits("is:regressed", staff.clara) == row.fingerprint
    page = text_of(signed_in(staff.clara).get(f"/queue/{row.number}/"))
    assert "came too late" in page
    assert "Mondays" in page


def test_people_close_with_their_own_codes_only(items: dict[str, WorkItem], staff: Staff) -> None:
    for code in Resolution:
        if code in (Resolution.NO_ACTION, Resolution.ELSEWHERE, Resolution.FIXED):
            continue
        with pytest.raises(verbs.NotPossible, match="not for people to say"):
            verbs.close(items["a"], by=staff.farid, reason="x", resolution=code)
    done = verbs.close(
        items["a"], by=staff.farid, reason="typed it there", resolution=Resolution.ELSEWHERE,
        root_cause=RootCause.TARGET, cause_code=CauseCode.OUTAGE, rule_candidate=True,
    )  # fmt: skip
    assert (done.resolution, done.root_cause, done.cause_code, done.rule_candidate) == (
        "elsewhere", "target", "outage", True,
    )  # fmt: skip
    assert fits("closed:human", staff.farid) == fits("closed:elsewhere cause:outage has:rule-candidate", staff.farid)
    assert fits("closed:human", staff.farid) == "a"
    assert fits("closed:auto", staff.farid) == "e"


def test_what_is_not_said_of_a_cause_is_not_made_up(items: dict[str, WorkItem], staff: Staff) -> None:
    token = token_of(staff.farid, "experience:read", "experience:write")
    door = f"/api/experience/v1/work-items/{items['a'].number}/closures"
    assert post(door, token, {"reason": "settled by phone"}).status_code == 200
    assert WorkItem.objects.get(pk=items["a"].pk).root_cause == ""

    verbs.classify(items["b"], by=staff.farid, root_cause=RootCause.SOURCE)
    WorkItem.objects.filter(pk=items["b"].pk).update(members=0)
    run = planned(staff.farid, "closures", {"reason": "settled by phone"}, items["b"])
    work(started(run, staff.farid))
    row = WorkItem.objects.get(pk=items["b"].pk)
    assert (row.state, row.root_cause) == ("resolved", "source"), "what somebody has said of it stays"


def test_history_keeps_where_a_cause_was_put_right(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world)
    verbs.classify(item, by=staff.clara, root_cause=RootCause.SOURCE)
    world.take_in(entry(1, hours="7.00", version=2))
    intake.take_in()
    verbs.reopen(item, by=staff.clara, reason="looked at it again")
    newer = "by itself: a newer version arrived; put right in the source system"
    reopened = WorkItem.objects.get().events.filter(verb="reopened")
    assert reopened.get().reason == f"looked at it again; it had ended: {newer}"
    assert AuditEntry.objects.get(verb="reopen").before == {"resolution": "auto:newer_version", "root_cause": "source"}
    verbs.close(item, by=staff.clara, reason="done", root_cause=RootCause.TARGET)
    world.take_in(entry(2, hours="0.00"))
    intake.take_in()
    told = reopened.order_by("-pk")[0].reason
    assert told.startswith("it happened again; it had ended: closed without action")
    assert told.endswith("; put right in the target system")
    assert WorkItem.objects.get().root_cause == ""
    assert told in text_of(signed_in(staff.clara).get(f"/queue/{item.number}/"))


def test_ring_of_duplicates_is_refused(items: dict[str, WorkItem], staff: Staff) -> None:
    def same(one: str, as_other: str) -> WorkItem:
        return verbs.close(items[one], by=staff.farid, reason="twice", same_as=items[as_other].number)

    same("a", "b")
    with pytest.raises(verbs.NotPossible, match="is marked as the same as this one already"):
        same("b", "a")
    same("b", "c")
    with pytest.raises(verbs.NotPossible, match="is marked, through others, as the same as this one already"):
        same("c", "a")
    assert WorkItem.objects.get(pk=items["c"].pk).is_open


def test_what_was_taken_back_and_posted_anew_is_posted(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item, first, second = two_refused(world)
    verbs.resubmit(item, by=staff.clara, reason="again", failures=[first.pk])
    world.deliver()
    intake.take_in()
    reversals.ask([first.transaction_id], by=staff.clara, reason="wrong day", sends=True)
    world.deliver()
    assert sorted(world.states()) == ["failed", "posted", "posted", "reversed"]
    assert settle.not_posted(item) == 0, "of what has come to its end"
    verbs.resubmit(item, by=staff.clara, reason="again", failures=[second.pk])
    intake.take_in()
    world.deliver()
    settle.settle_sent_again()
    assert ended(item)[:2] == ("resolved", "fixed")


def test_what_was_taken_back_and_not_posted_anew_is_not_posted(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = sent_again(world, 1)
    world.deliver()
    [row] = world.transactions()
    reversals.ask([row.pk], by=staff.clara, reason="wrong day", sends=False)
    world.deliver()
    assert settle.not_posted(item) == 1


def test_what_was_waived_is_not_called_fixed_by_opening_it_again(quick_world: Make, staff: Staff) -> None:
    item = zero_hours(quick_world())
    verbs.waive(item, by=staff.clara, reason="not to be billed")
    intake.take_in()
    verbs.reopen(item, by=staff.clara, reason="looked again")
    with pytest.raises(verbs.NotPossible, match="1 of what it held is not"):
        verbs.close(item, by=staff.clara, reason="done", resolution=Resolution.FIXED)
    assert verbs.close(item, by=staff.clara, reason="done").resolution == "no_action"


def test_nobody_calls_fixed_what_is_not_posted(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = sent_again(world)
    WorkItem.objects.update(state=State.IN_PROGRESS)
    with pytest.raises(verbs.NotPossible, match="2 of what it held is not"):
        verbs.close(item, by=staff.clara, reason="looked it up", resolution=Resolution.FIXED)
    Transaction.objects.update(state="posted")
    done = verbs.close(item, by=staff.clara, reason="looked it up", resolution=Resolution.FIXED)
    assert (done.resolution, done.resolved_by) == ("fixed", f"person:{staff.clara.pk}")


def test_what_it_was_is_said_by_who_works_there_and_kept_in_the_trail(items: dict[str, WorkItem], staff: Staff) -> None:
    for user in (staff.viktor, staff.stranger):
        with pytest.raises(NotAllowed):
            verbs.classify(items["a"], by=user, finding="x")
    with pytest.raises(verbs.NotPossible, match="Say at least one"):
        verbs.classify(items["a"], by=staff.farid)
    browser = signed_in(staff.farid)
    browser.post(f"/queue/{items['e'].number}/handling/findings/", {"cause_code": "late", "finding": "every month"})
    row = WorkItem.objects.get(pk=items["e"].pk)
    assert (row.cause_code, row.finding, row.state) == ("late", "every month", "resolved")
    assert AuditEntry.objects.get(verb="classify").reason == "every month"
    token = token_of(staff.farid, "experience:read", "experience:write")
    answer = post(f"/api/experience/v1/work-items/{items['a'].number}/findings", token, {"rule_candidate": True})
    assert answer.status_code == 200, answer.content
    told = get(f"/api/experience/v1/work-items/{items['a'].number}", token).json()
    assert (told["rule_candidate"], told["cause_code"], told["reopened"]) == (True, "", 0)
    answer = post(
        f"/api/experience/v1/work-items/{items['a'].number}/closures", token,
        {"reason": "x", "resolution": "auto:newer_version"},
    )  # fmt: skip
    assert answer.status_code == 422
