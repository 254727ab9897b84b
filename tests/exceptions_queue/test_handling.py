"""How people see to an item without touching what it holds: whose it is, when it comes back, what is said of it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from exceptions_queue import intake, settle, tasks, verbs, waking
from exceptions_queue.models import State, WorkItem, WorkItemEvent
from exceptions_queue.verbs.comment import mentioned
from exceptions_queue.verbs.tag import kept_form
from governance.models import AuditEntry, User
from governance.rights import NotAllowed
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_intake import troubles, write_down
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.governance.people import company
from tests.routes.world import World

Make = Callable[..., World]


def in_days(days: float) -> dt.datetime:
    return timezone.now() + dt.timedelta(days=days)


def one(world: World, members: int = 2, **more: Any) -> WorkItem:
    world.route.legal_entity = company("HP-DE")
    write_down(troubles(world, members, **more))
    intake.take_in()
    return WorkItem.objects.latest("pk")


def fresh(item: WorkItem) -> WorkItem:
    return WorkItem.objects.get(pk=item.pk)


def told(item: WorkItem) -> list[tuple[str, str, str]]:
    return list(WorkItemEvent.objects.filter(item=item).order_by("pk").values_list("verb", "from_state", "to_state"))


def test_item_is_given_taken_and_given_back(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    verbs.assign(item, by=staff.clara, to=staff.farid, reason="he knows the client")
    assert (fresh(item).assignee, fresh(item).state) == (f"person:{staff.farid.pk}", State.TRIAGED)
    verbs.take(item, by=staff.farid)
    assert fresh(item).state == State.IN_PROGRESS
    with pytest.raises(verbs.NotPossible, match="needs a reason"):
        verbs.hand_back(item, by=staff.farid, reason=" ")
    verbs.hand_back(item, by=staff.farid, reason="away until Monday")
    assert (fresh(item).assignee, fresh(item).state) == ("", State.TRIAGED)
    assert [verb for verb, _, _ in told(item)] == ["opened", "given", "taken", "given back"]
    assert AuditEntry.objects.filter(verb__in=["assign", "take", "hand back"]).count() == 3
    with pytest.raises(verbs.NotPossible, match="Nobody has taken"):
        verbs.hand_back(item, by=staff.farid, reason="again")


def test_item_is_given_only_to_who_may_work_on_it(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    for nobody in (staff.viktor, staff.stranger, staff.olga):
        with pytest.raises(verbs.NotPossible, match="may not work on items"):
            verbs.assign(item, by=staff.clara, to=nobody)
    User.objects.filter(pk=staff.farid.pk).update(is_active=False)
    staff.farid.refresh_from_db()
    with pytest.raises(verbs.NotPossible, match="Farid Amini may not work"):
        verbs.assign(item, by=staff.clara, to=staff.farid)
    assert fresh(item).assignee == ""


def test_two_who_take_one_item_do_not_take_it_from_each_other(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    farid, clara = signed_in(staff.farid), signed_in(staff.clara)
    for browser in (farid, clara):  # both look at it, then both press the button
        assert "Take it" in text_of(browser.get(url_of(item)))
    assert "It is yours." in text_of(farid.post(f"{url_of(item)}taking/", {"was": ""}, follow=True))
    said = text_of(clara.post(f"{url_of(item)}taking/", {"was": ""}, follow=True))
    assert "Farid Amini has it since you opened this page." in said
    assert fresh(item).assignee == f"person:{staff.farid.pk}"
    assert "It is yours." in text_of(
        clara.post(f"{url_of(item)}taking/", {"was": f"person:{staff.farid.pk}"}, follow=True)
    )


def test_item_that_is_put_aside_comes_back_at_its_time(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    verbs.take(item, by=staff.farid)
    verbs.snooze(item, by=staff.farid, until=in_days(2), reason="the contract is signed on Monday")
    assert fresh(item).state == State.SNOOZED
    assert waking.wake_due() == 0
    WorkItem.objects.update(wakes_at=in_days(-0.01))
    tasks.sweep()
    now = fresh(item)
    assert (now.state, now.assignee, now.wakes_at) == (State.IN_PROGRESS, f"person:{staff.farid.pk}", None)
    assert told(item)[-2:] == [("put aside", "in_progress", "snoozed"), ("came back", "snoozed", "in_progress")]


@pytest.mark.parametrize(("limits", "says"), [
    ({"above": 3}, "holds 4 now, more than 3"),
    ({"above_amount": Decimal(350)}, "400.00 EUR are at stake now, more than 350.00"),
    ({"above": 4, "above_amount": Decimal(400)}, ""),
])  # fmt: skip
def test_item_that_is_put_aside_comes_back_once_it_has_grown(
    make_world: Make, staff: Staff, limits: dict[str, Any], says: str
) -> None:
    world = make_world()
    item = one(world, 3, amount=Decimal(100))
    verbs.snooze(item, by=staff.farid, until=in_days(2), reason="small still", **limits)
    one(world, 1, amount=Decimal(100))
    events = WorkItemEvent.objects.filter(item=item, verb="came back")
    assert [each.reason for each in events] == ([says] if says else [])
    assert fresh(item).state == (State.NEW if says else State.SNOOZED)


def test_item_waits_for_somebody_and_is_taken_up_again(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    verbs.wait_on(item, by=staff.farid, whom=" answer of   the project manager ", until=in_days(1))
    assert (fresh(item).state, fresh(item).waiting_on) == (State.WAITING, "answer of the project manager")
    verbs.snooze(item, by=staff.farid, until=in_days(9), reason="it takes longer")  # what it came from is kept
    verbs.resume(item, by=staff.farid)
    now = fresh(item)
    assert (now.state, now.waiting_on, now.wakes_at, now.came_from) == (State.NEW, "", None, "")
    with pytest.raises(verbs.NotPossible, match="not put aside"):
        verbs.resume(item, by=staff.farid)


def test_nothing_rests_for_ever_nor_until_yesterday(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    for until, says in ((in_days(-1), "past already"), (in_days(100), "at most 92 days")):
        with pytest.raises(verbs.NotPossible, match=says):
            verbs.snooze(item, by=staff.farid, until=until, reason="later")
    with pytest.raises(verbs.NotPossible, match="holds 2 already"):
        verbs.snooze(item, by=staff.farid, until=in_days(1), reason="later", above=1)
    WorkItem.objects.update(state=State.WAITING, waiting_on="project P-881")
    with pytest.raises(verbs.NotPossible, match="waits for project P-881 already"):
        verbs.snooze(item, by=staff.farid, until=in_days(1), reason="later")
    with pytest.raises(verbs.NotPossible, match="not put aside"):  # what the hub waits for, people cannot wake
        verbs.resume(item, by=staff.farid)


def test_item_that_ends_while_it_rests_is_resolved_and_stays_so(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world, 1)
    verbs.snooze(item, by=staff.farid, until=in_days(1), reason="later")
    verbs.waive(item, by=staff.clara, reason="not billed")
    intake.take_in()
    settle.settle_sent_again()
    now = fresh(item)
    assert (now.state, now.wakes_at, now.came_from) == (State.RESOLVED, None, "")
    assert waking.wake_due() == 0


def test_only_what_holds_nothing_is_closed_by_hand(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = one(world, 2)
    with pytest.raises(verbs.NotPossible, match="still holds 2"):
        verbs.close(item, by=staff.farid, reason="tidy")
    empty = WorkItem.objects.get(pk=item.pk)
    empty.pk, empty.fingerprint, empty.members = None, "another", 0
    empty.save()
    with pytest.raises(verbs.NotPossible, match="no duplicate of itself"):
        verbs.close(empty, by=staff.farid, reason="tidy", same_as=empty.pk)
    with pytest.raises(verbs.NotPossible, match="no exception 999 of this company"):
        verbs.close(empty, by=staff.farid, reason="tidy", same_as=999)
    closed = verbs.close(empty, by=staff.farid, reason="told twice", same_as=item.pk)
    assert (closed.state, closed.resolution, closed.duplicate_of_id) == (State.RESOLVED, "duplicate", item.pk)
    assert closed.resolved_by == f"person:{staff.farid.pk}"
    again = verbs.reopen(closed, by=staff.clara, reason="it is another one after all")
    assert (again.state, again.resolution, again.duplicate_of_id, again.reopened) == (State.IN_PROGRESS, "", None, 1)
    with pytest.raises(verbs.NotPossible, match="open already"):
        verbs.reopen(closed, by=staff.clara, reason="twice")


def test_cause_has_one_open_item_even_when_an_old_one_is_opened_again(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    old = WorkItem.objects.get(pk=item.pk)
    old.pk, old.state, old.resolution, old.resolved_by = None, State.RESOLVED, "fixed", "engine:engine"
    old.resolved_at = timezone.now()
    old.save()
    with pytest.raises(verbs.NotPossible, match=f"open item already, number {item.pk}"):
        verbs.reopen(old, by=staff.farid, reason="look again")


def test_recurrence_of_a_duplicate_opens_it_as_an_item_of_its_own(make_world: Make, staff: Staff) -> None:
    world = make_world()
    other, item = one(world, 1, key="Other"), one(world, 1)
    item.failures().update(closed_at=timezone.now(), closed_how="auto:retry_succeeded")
    WorkItem.objects.filter(pk=item.pk).update(members=0)
    verbs.close(item, by=staff.farid, reason="told twice", same_as=other.pk)
    one(world, 1)
    now = fresh(item)
    assert (now.is_open, now.duplicate_of_id, now.reopened) == (True, None, 1)


def test_remark_tells_whom_it_names(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    row = verbs.comment(item, by=staff.viktor, text="@Clara Voss, see me@firm.example; @farid too. @CLARA VOSS!")
    assert {each.pk for each in row.mentioned.all()} == {staff.clara.pk, staff.farid.pk}
    for text, says in (("  ", "empty"), ("x" * 4001, "4,001 characters"), ("@Grace Field", "“@Grace” is nobody"),
                       ("@", "“@” is nobody")):  # fmt: skip
        if text == "@":
            assert verbs.comment(item, by=staff.viktor, text="a @ b").mentioned.count() == 0
            continue
        with pytest.raises(verbs.NotPossible, match=says):
            verbs.comment(item, by=staff.viktor, text=text)
    with pytest.raises(NotAllowed):
        verbs.comment(item, by=staff.stranger, text="hello")


@given(st.text(max_size=60))
def test_any_text_is_a_remark_or_is_refused_in_words(text: str) -> None:
    clara = User(pk=1, username="clara", first_name="Clara", last_name="Voss")
    refused = ""
    try:
        found = mentioned(text, [clara])
    except verbs.NotPossible as problem:
        refused = str(problem)
    else:
        assert found in ([], [clara])
    assert refused == "" or ("@" in text and refused.startswith("“@"))
    assert mentioned(f"{text.replace('@', '')} @Clara Voss", [clara]) == [clara]


def test_tags_are_kept_in_one_form(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    assert verbs.tag(item, by=staff.farid, names=["Month End", " month  end", "Acme"]) == ["acme", "month-end"]
    assert verbs.tag(item, by=staff.farid, names=["acme"]) == ["acme"]
    assert [name for name, _, _ in told(item)] == ["opened", "tagged", "tagged"]
    with pytest.raises(verbs.NotPossible, match="“a/b”, “x_y”"):
        verbs.tag(item, by=staff.farid, names=["a/b", "x_y", "fine"])
    with pytest.raises(verbs.NotPossible, match="at most 20"):
        verbs.tag(item, by=staff.farid, names=[f"t{n}" for n in range(21)])
    assert [each.name for each in item.tags.all()] == ["acme"]


@given(st.text(max_size=30))
def test_kept_form_of_a_tag_is_its_own_kept_form(name: str) -> None:
    assert kept_form(kept_form(name)) == kept_form(name)


def test_list_is_narrowed_to_ones_own_and_what_one_watches(make_world: Make, staff: Staff) -> None:
    world = make_world()
    items = {name: one(world, 1, key=name) for name in ("Taken", "Watched", "Told", "Rest")}
    verbs.take(items["Taken"], by=staff.farid)
    assert verbs.watch(items["Watched"], by=staff.farid) is True
    assert verbs.watch(items["Watched"], by=staff.farid) is False
    verbs.comment(items["Told"], by=staff.clara, text="@Farid Amini look")
    verbs.comment(items["Told"], by=staff.clara, text="@Farid Amini look again")
    verbs.tag(items["Rest"], by=staff.clara, names=["Month end"])
    browser = signed_in(staff.farid)
    for asked, wanted in (
        ("whose=mine", ["Taken"]), ("whose=watched", ["Watched"]), ("whose=mentioned", ["Told"]),
        ("whose=nobody", ["Watched", "Told", "Rest"]), ("tag=Month+end", ["Rest"]), ("tag=x&whose=mine", []),
    ):  # fmt: skip
        words = text_of(browser.get(f"/queue/?{asked}")).partition("Choose all on this page")[2]
        assert {name: words.count(f"{name} / EUR") for name in items} == {
            name: int(name in wanted) for name in items
        }, asked
    assert "Farid Amini for" in text_of(browser.get("/queue/?whose=mine"))


def test_page_does_each_of_these_and_keeps_what_was_typed(make_world: Make, staff: Staff) -> None:
    item = one(make_world())
    browser = signed_in(staff.farid)

    def send(name: str, **typed: Any) -> str:
        return text_of(browser.post(f"{url_of(item)}handling/{name}/", typed, follow=True))

    day = (timezone.now() + dt.timedelta(days=3)).date().isoformat()
    assert "Clara Voss works on it from now on." in send("assignments", to=staff.clara.pk, was="")
    assert "has it since you opened this page" in send("assignments", to=staff.farid.pk, was="")
    assert "It is left to" in send("returns", reason="wrong desk")
    assert f"comes back on {day}" in send("waits", whom="the client", until=day)
    assert f"put aside until {day}" in send("rests", until=day, reason="month end", above="5")
    assert "or once it holds more than 5" in text_of(browser.get(url_of(item)))
    assert "back among what needs somebody" in send("resumptions", reason="it came")
    assert "Clara Voss will find it" in send("comments", text="@clara please look")
    assert "Its tags: month-end" in send("tags", tags="Month end, ")
    refused = browser.post(f"{url_of(item)}handling/rests/", {"until": "2020-01-01", "reason": "kept words"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "kept words" in page
    assert "past already" in page
    assert 'value="2020-01-01"' in page
    assert "please look" in page
    assert browser.post(f"{url_of(item)}handling/nothing/").status_code == 404
    assert signed_in(staff.stranger).post(f"{url_of(item)}handling/tags/", {"tags": "x"}).status_code == 404
    assert signed_in(staff.viktor).post(f"{url_of(item)}handling/tags/", {"tags": "x"}).status_code == 403
    assert "handling/assignments/" in page
    assert "handling/assignments/" not in signed_in(staff.viktor).get(url_of(item)).content.decode()
