"""Sending back from an exception: it waits for its source, tells what became of it, and closes with the answer."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone

from exceptions_queue import verbs
from exceptions_queue.models import State, WorkItem, WorkItemEvent
from exceptions_queue.tasks import sweep
from governance.models import BusinessCalendar
from routes import sending_back
from routes.models import SendingBack
from routes.tasks import sweep as routes_sweep
from tests import clocks
from tests.exceptions_queue import bulk
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_next_period import place
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.routes.test_sending_back import Source, carry, source
from tests.routes.world import World, entry, refused

Make = Callable[..., World]
WHY = "zero hours: which is right?"
__all__ = ["source"]


def after(world: World) -> None:
    """Let the workers' sweeps do what is due."""
    routes_sweep()
    sweep()


def test_page_tells_what_happens_there_and_the_item_waits_until_the_answer_stands(
    make_world: Make, staff: Staff, source: Source
) -> None:
    world = make_world()
    item = zero_hours(world, 2)
    farid = signed_in(staff.farid)
    page = text_of(farid.get(url_of(item)))
    assert "Happens there The time tool takes the approval back and shows your reason" in page
    assert "Sends 2 time entries, 0.00 EUR back; the exception then waits for the corrected version from Time" in page
    assert "A reason is missing" in text_of(farid.post(place(item, "source-returns"), {"reason": " "}))
    assert signed_in(staff.viktor).post(place(item, "source-returns"), {"reason": WHY}).status_code == 403
    said = text_of(farid.post(place(item, "source-returns"), {"reason": WHY}, follow=True))
    assert "2 time entries sent back. The exception waits for the corrected version from Time" in said
    item.refresh_from_db()
    assert (item.state, item.waiting_on, item.root_cause) == (
        State.WAITING, "the corrected version from Time", "source",
    )  # fmt: skip
    carry(world)
    after(world)
    told = list(
        WorkItemEvent.objects.filter(item=item, verb="sent back").order_by("pk").values_list("actor_name", "reason")
    )
    assert told[0] == ("Farid Amini", f"2 time entries: {WHY}")
    assert told[1][1] == "Time has taken 2 time entries back"

    world.take_in(*(entry(n, hours="0.00", version=2, status="rejected") for n in (1, 2)))
    after(world)
    item.refresh_from_db()
    assert (item.state, item.members) == (State.WAITING, 0)  # rejected there, and still somebody's
    world.take_in(entry(1, version=3))
    world.deliver()
    after(world)
    item.refresh_from_db()
    assert item.state == State.WAITING  # the other one has not come
    world.take_in(entry(2, version=3))
    world.deliver()
    after(world)
    item.refresh_from_db()
    assert (item.state, item.resolution) == (State.RESOLVED, "auto:newer_version")
    assert world.states().count("posted") == 2


def test_what_comes_back_as_wrong_as_before_is_work_again(make_world: Make, staff: Staff, source: Source) -> None:
    world = make_world()
    item = zero_hours(world)
    verbs.send_back(item, by=staff.farid, reason=WHY)
    carry(world)
    after(world)
    world.take_in(entry(1, hours="0.00", version=2))
    after(world)
    after(world)
    item.refresh_from_db()
    assert (item.is_open, item.members) == (True, 1)
    assert item.state != State.WAITING
    assert "Send it back" in text_of(signed_in(staff.farid).get(url_of(item)))


def test_refusal_of_the_source_wakes_the_item_and_says_why(make_world: Make, staff: Staff, source: Source) -> None:
    world = make_world()
    item = zero_hours(world)
    source.behave = lambda count: refused(sending_back.Category.REFUSED, "it is invoiced already")
    verbs.send_back(item, by=staff.farid, reason=WHY)
    carry(world)
    after(world)
    item.refresh_from_db()
    assert (item.is_open, item.state == State.WAITING) == (True, False)
    told = WorkItemEvent.objects.get(item=item, verb="not sent back").reason
    assert told == "1 time entry not sent back (TE-0000001): it is invoiced already"
    verbs.send_back(item, by=staff.farid, reason=WHY)  # once it was put right there
    assert SendingBack.objects.count() == 2


def test_some_of_an_item_go_back_and_the_rest_stays_in_work(make_world: Make, staff: Staff, source: Source) -> None:
    world = make_world()
    item = zero_hours(world, 3)
    first = item.failures().order_by("pk")[0].pk
    assert verbs.send_back(item, by=staff.farid, reason=WHY, failures=[first]) == 1
    item.refresh_from_db()
    assert item.state != State.WAITING
    with pytest.raises(verbs.NotPossible, match="has sent TE-0000001 back already"):
        verbs.send_back(item, by=staff.farid, reason=WHY)
    assert SendingBack.objects.count() == 1


NO_WAY = "Harvest lets no program withdraw an approval. Withdraw it there."
TOLD = {"told_to": "Max Berger", "told_on": "2026-11-27", "reference": "call 4711", "reason": WHY}


def test_source_that_takes_nothing_back_is_told_by_a_person_and_the_item_waits(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    item = zero_hours(world, 2)
    monkeypatch.setattr(sending_back, "way_of", lambda route: (None, NO_WAY))
    farid = signed_in(staff.farid)
    page = text_of(farid.get(url_of(item)))
    assert "Send it back to its source with a reason" not in page
    assert f"Cannot be sent {NO_WAY}" in page
    assert "Sends nothing; the exception waits for the corrected version from Time" in page
    with pytest.raises(verbs.NotPossible, match="lets no program"):
        verbs.send_back(item, by=staff.farid, reason=WHY)
    at = place(item, "source-notices")
    wrong = text_of(farid.post(at, {"told_on": "soon"}))
    for said in ("Say who was told.", "A reason is missing", "Enter a valid date."):
        assert said in wrong
    assert signed_in(staff.viktor).post(at, TOLD).status_code == 403
    said = text_of(farid.post(at, TOLD, follow=True))
    assert "Kept, for 2 time entries. The exception waits for the corrected version from Time" in said
    item.refresh_from_db()
    assert (item.state, item.waiting_on, item.root_cause, item.assignee) == (
        State.WAITING, "the corrected version from Time, told to Max Berger", "source", f"person:{staff.farid.pk}",
    )  # fmt: skip
    told = WorkItemEvent.objects.get(item=item, verb="source told").reason
    assert told == f"2 time entries, Max Berger on 2026-11-27, call 4711: {WHY}"
    assert not sending_back.due(), "nothing is sent"
    after(world)
    world.take_in(*(entry(n, version=2) for n in (1, 2)))
    world.deliver()
    after(world)
    item.refresh_from_db()
    assert (item.state, item.resolution) == (State.RESOLVED, "auto:newer_version")


def test_what_was_told_comes_back_as_wrong_as_before_and_is_work_again(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    item = zero_hours(world)
    monkeypatch.setattr(sending_back, "way_of", lambda route: (None, ""))
    verbs.tell_source(item, by=staff.farid, reason=WHY, told_to="Max", told_on=date(2026, 11, 27))
    with pytest.raises(verbs.NotPossible, match="Farid Amini has sent TE-0000001 back already"):
        verbs.tell_source(item, by=staff.clara, reason=WHY, told_to="Max", told_on=date(2026, 11, 27))
    world.take_in(entry(1, hours="0.00", version=2))
    after(world)
    after(world)
    item.refresh_from_db()
    assert (item.is_open, item.members, item.state == State.WAITING) == (True, 1, False)


def test_ways_of_refusing_what_a_person_told(
    make_world: Make, staff: Staff, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    item = zero_hours(world)
    given: dict[str, Any] = {"reason": WHY, "told_to": "Max", "told_on": date(2026, 11, 27)}
    with pytest.raises(verbs.NotPossible, match="takes records back from the hub"):
        verbs.tell_source(item, by=staff.farid, **given)
    monkeypatch.setattr(sending_back, "way_of", lambda route: (None, ""))
    for wrong, said in (
        ({"told_on": date(2999, 1, 1)}, "is a day to come"), ({"told_to": " "}, "Say who was told"),
        ({"reason": " "}, "needs a reason"),
    ):  # fmt: skip
        with pytest.raises(verbs.NotPossible, match=said):
            verbs.tell_source(item, by=staff.farid, **(given | wrong))
    assert not SendingBack.objects.exists()
    api = f"/api/experience/v1/work-items/{item.number}/source-notices"
    answer = signed_in(staff.farid).post(api, TOLD, content_type="application/json")
    assert answer.json()["said"] == "1 time entry kept as told at the source."
    assert SendingBack.objects.get().reference == "call 4711"


def test_many_go_back_by_a_bulk_run(make_world: Make, staff: Staff, source: Source) -> None:
    world = make_world()
    item = zero_hours(world, 3)
    source.behave = lambda count: refused(sending_back.Category.REFUSED, "gone") if count == 3 else None
    run = bulk.planned(staff.farid, "source-returns", {"reason": WHY}, item)
    assert set(run.members.values_list("outcome", flat=True)) == {"will"}
    bulk.started(run, staff.farid)
    for _ in range(4):
        run = bulk.later(run)
        carry(world)
    run = bulk.later(run)
    ended = sorted(run.members.values_list("result", "ended_as", "ended"))
    assert ended == [("done", "back at its source", "")] * 2 + [("failed", "not sent back", "gone")]
    again = bulk.planned(staff.farid, "source-returns", {"reason": WHY}, WorkItem.objects.get(pk=item.pk))
    assert sorted(again.members.values_list("outcome", flat=True)) == ["there", "there", "will"]


def test_many_are_told_of_by_a_bulk_run_once(make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    item = zero_hours(world, 3)
    assert {*bulk.planned(staff.farid, "source-notices", TOLD, item).members.values_list("outcome", "why")} == {
        ("impossible", "the hub sends it back to its source: do that instead")
    }
    monkeypatch.setattr(sending_back, "way_of", lambda route: (None, NO_WAY))
    first = next(iter(item.failures().order_by("pk")))
    verbs.tell_source(item, by=staff.farid, failures=[first.pk], **(TOLD | {"told_on": date(2026, 11, 26)}))
    page = signed_in(staff.farid).get("/bulk-runs/new/", {"items": item.number, "choice": "source-notices"})
    assert "Who was told" in text_of(page)
    run = bulk.planned(staff.farid, "source-notices", TOLD, item)
    assert sorted(run.members.values_list("outcome", flat=True)) == ["there", "will", "will"]
    run = bulk.work(bulk.started(run, staff.farid))
    ended = sorted(run.members.values_list("result", "ended_as"))
    assert ended == [("done", "told at its source")] * 2 + [("skipped", "could not be done")]
    said = {(each.told_to, each.told_on, each.reference) for each in SendingBack.objects.exclude(failure_id=first.pk)}
    assert said == {("Max Berger", date(2026, 11, 27), "call 4711")}
    assert SendingBack.objects.count() == 3
    assert not sending_back.due(), "nothing is sent"


def test_reading_what_was_sent_back_is_for_those_who_see_the_company(
    make_world: Make, staff: Staff, source: Source
) -> None:
    world = make_world()
    verbs.send_back(zero_hours(world), by=staff.farid, reason=WHY)
    seen: dict[str, Any] = {
        name: SendingBack.objects.visible_to(getattr(staff, name)).count() for name in ("farid", "viktor", "stranger")
    }
    assert seen == {"farid": 1, "viktor": 1, "stranger": 0}


def test_new_one_of_which_some_went_back_closes_once_nothing_of_it_is_left(
    make_world: Make, staff: Staff, source: Source
) -> None:
    world = make_world()
    item = zero_hours(world, 2)
    first = item.failures().order_by("pk")[0].pk
    verbs.send_back(item, by=staff.farid, reason=WHY, failures=[first])
    carry(world)
    after(world)
    item.refresh_from_db()
    assert item.state == State.NEW
    world.take_in(entry(1, version=2), entry(2, version=2))
    world.deliver()
    sweep()  # before anybody has seen that the source has answered
    item.refresh_from_db()
    assert (item.state, item.members) == (State.NEW, 0)
    after(world)
    item.refresh_from_db()
    assert (item.state, item.members) == (State.RESOLVED, 0)


def test_what_a_program_sent_back_is_not_told_as_told_by_hand(make_world: Make, staff: Staff, source: Source) -> None:
    world = make_world()
    run = bulk.started(bulk.planned(staff.farid, "source-returns", {"reason": WHY}, zero_hours(world, 2)), staff.farid)
    bulk.work(run)
    carry(world)
    after(world)  # the sweep is there before the run looks
    for _ in range(2):
        run = bulk.later(run)
    assert {*run.members.values_list("ended_as", flat=True)} == {"back at its source"}


@pytest.mark.parametrize(
    ("zone", "right", "wrong"),
    [("Pacific/Auckland", date(2026, 11, 28), date(2026, 11, 29)),
     ("America/Los_Angeles", date(2026, 11, 26), date(2026, 11, 27))],
)  # fmt: skip
def test_day_on_which_somebody_was_told_is_that_of_the_company(
    quick_world: Make, quick_staff: Staff, monkeypatch: pytest.MonkeyPatch, zone: str, right: date, wrong: date
) -> None:
    item = zero_hours(quick_world())
    BusinessCalendar.objects.create(legal_entity=item.legal_entity, country="DE", time_zone=zone)
    monkeypatch.setattr(sending_back, "way_of", lambda route: (None, ""))
    moment = datetime(2026, 11, 27, 14 if zone.startswith("Pacific") else 4, tzinfo=UTC)
    clocks.later((moment - timezone.now()).total_seconds())
    given: dict[str, Any] = {"by": quick_staff.farid, "reason": WHY, "told_to": "Max"}
    with pytest.raises(verbs.NotPossible, match="is a day to come"):
        verbs.tell_source(item, told_on=wrong, **given)
    assert verbs.tell_source(item, told_on=right, **given) == 1
