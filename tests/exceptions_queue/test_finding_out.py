"""Asking the target, linking what it has already, and letting something pass a rule once."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from canonical.failure import Category
from connectors.outcome import LookUp, WriteRequest
from exceptions_queue import intake, remedies, settle, verbs
from exceptions_queue.codes import code_of
from exceptions_queue.models import WorkItem
from governance.models import AuditEntry
from governance.rights import NotAllowed
from governance.roles import Right
from routes import claims, shipments, stops
from routes.arrivals import decode
from routes.models import KeyHead, RuleWaiver, RuleWarning
from routes.plan import plan
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.exceptions_queue.test_trying import one, opened, publish, refuse
from tests.routes.world import OUTWARD, World, entry, refused, unknown

Make = Callable[..., World]
RULE = OUTWARD["rules"][0]
WAIVABLE = OUTWARD | {"rules": [RULE | {"waivable": True}]}
DOUBT = unknown("the connection closed without an answer")


def names(item: WorkItem, by: Any) -> list[str]:
    return [each.name for each in remedies.offered(remedies.facts_of(item, by), frozenset(Right))]


def in_doubt(world: World, *, committed: bool) -> WorkItem:
    """Let a write's outcome be unknown, and hand it to a person, as happens once nobody could tell for long."""
    world.target.behave = lambda request, n: "no answer came" if committed else DOUBT
    world.take_in(entry(1))
    world.deliver(1)
    [transaction] = world.transactions()
    stops.give_to_person([(claim, "create") for claim in claims.held([transaction.pk])], "no answer came")
    intake.take_in()
    return WorkItem.objects.get()


def after(world: World) -> WorkItem:
    world.deliver()
    intake.take_in()
    settle.settle_sent_again()
    return WorkItem.objects.get()


def test_a_write_in_doubt_that_the_target_has_is_posted_and_not_sent(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = in_doubt(world, committed=True)
    sent = len(world.target.requests)
    assert "inquiries" in names(item, quick_staff.farid)

    [found] = verbs.ask_target(item, by=quick_staff.farid)
    done = after(world)

    assert found.words == "it is there as X-TE-0000001, and posted"
    assert (world.states(), len(world.target.requests)) == (["posted"], sent)
    assert (done.state, done.resolution) == ("resolved", "fixed")
    assert AuditEntry.objects.filter(verb="ask", actor_name="Farid Amini").exists()


def test_page_asks_in_commits_of_its_own(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = in_doubt(world, committed=True)

    answer = signed_in(staff.farid).post(f"{url_of(item)}inquiries/", {"reason": ""}, follow=True)

    assert "it is there as X-TE-0000001, and posted" in text_of(answer)
    assert after(world).state == "resolved"


def test_what_the_target_lacks_is_told_and_nothing_is_sent(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = in_doubt(world, committed=False)
    sent = len(world.target.requests)

    for _ in range(3):
        [found] = verbs.ask_target(item, by=quick_staff.farid)

    after(world)
    assert not found.settled
    assert found.words.startswith("not there")
    assert (world.states(), len(world.target.requests)) == (["failed"], sent)


def test_a_blind_target_is_not_asked(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world("ledger_blind")
    world.target.behave = lambda request, n: DOUBT
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()

    [found] = verbs.ask_target(item, by=quick_staff.farid)

    assert names(item, quick_staff.farid)[0] == "outcomes"
    assert "inquiries" not in names(item, quick_staff.farid)
    assert found.words == "Ledger cannot be asked by our key. Look there yourself, and say here what you found."


def test_what_stands_at_the_target_is_linked_and_never_posted_again(
    quick_world: Make, quick_staff: Staff, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world()
    refuse(world, 2)
    first, second = opened()
    item, sent = WorkItem.objects.get(), len(world.target.requests)
    body = {"hours": 7, "project": "P-001", "secret_there": "x"}

    def there(connection: Any, to: Any, asked: Sequence[WriteRequest], n: int) -> list[LookUp]:
        return [LookUp(True, "X-77", "LR-77", body=body) for _ in asked]

    monkeypatch.setattr(shipments, "ask_requests", there)
    client.force_login(quick_staff.farid)
    place = reverse("queue:remedy", args=[item.number, "links"])
    typed = {"failures": code_of(first.pk), "external_id": "X-77", "reference": "LR-77", "reason": "posted by hand"}

    page = client.post(place, typed)
    told = " ".join(page.content.decode().split())
    assert page.status_code == 422
    assert "Under our key the target has LR-77" in told
    assert "hours: 7 there, 8" in told
    assert 'name="difference_seen" value="on"' in told
    assert world.states() == ["failed", "failed"]
    other = client.post(place, typed | {"difference_seen": "on", "external_id": "X-78"})
    assert other.status_code == 422
    assert "Under our key the target has the record X-77" in other.content.decode()
    assert world.states() == ["failed", "failed"]
    client.post(place, typed | {"difference_seen": "on"})
    after(world)

    assert world.states() == ["posted", "failed"]
    assert len(world.target.requests) == sent
    assert [x for x in world.effects() if x[3] == "confirmed"] == [("TE-0000001", 2, "create", "confirmed")]
    assert KeyHead.objects.get(key="TE-0000001").live_external_id == "X-77"
    with pytest.raises(verbs.NotPossible, match="X-77 stands for TE-0000001 already"):
        verbs.link_record(
            item, by=quick_staff.farid, failures=[second.pk], external_id="X-77", reason="again", difference_seen=True
        )
    world.take_in(entry(1, version=2, hours="4.00"))  # a newer version changes what was linked
    world.deliver()
    assert (world.target.requests[-1].operation, world.target.requests[-1].external_id) == ("update", "X-77")


def test_a_link_needs_one_row_an_id_and_the_right(quick_world: Make, quick_staff: Staff, client: Client) -> None:
    world = quick_world()
    refuse(world, 2)
    item = WorkItem.objects.get()
    why = {"external_id": "X-1", "reason": "there", "difference_seen": True}
    with pytest.raises(verbs.NotPossible, match="Choose the one row"):
        verbs.link_record(item, by=quick_staff.farid, failures=None, **why)
    for nothing in ("\u200b", " ", "X\u200b1"):
        with pytest.raises(verbs.NotPossible, match="cannot be seen"):
            verbs.link_record(item, by=quick_staff.farid, failures=[opened()[0].pk], **why | {"external_id": nothing})
    address = f"/api/experience/v1/work-items/{item.number}/links"
    body = {"failures": [str(opened()[0].pk)], "external_id": "X-1", "reason": "there"}
    client.force_login(quick_staff.farid)
    told = client.post(address, body, content_type="application/json")
    assert (told.status_code, "`difference_seen`: true" in told.json()["detail"]) == (409, True), told.json()
    for by in (quick_staff.viktor, quick_staff.stranger):
        with pytest.raises(NotAllowed):
            verbs.link_record(item, by=by, failures=[opened()[0].pk], **why)
    assert world.states() == ["failed", "failed"]


def test_a_waivable_rule_is_passed_once_and_by_this_version_only(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    publish(WAIVABLE, quick_staff)
    item = zero_hours(world, 2)
    assert "rule-waivers" in names(item, quick_staff.farid)
    chosen, _ = opened()

    verbs.waive_rule(item, by=quick_staff.farid, failures=[chosen.pk], reason="agreed with the partner")
    after(world)

    assert world.states() == ["posted", "failed"]
    assert [decode(c.body)["key"] for c in world.target.commits] == ["TE-0000001"]
    assert RuleWarning.objects.get().message.startswith("Let pass once by a person: Hours must be more than nothing")
    assert AuditEntry.objects.filter(verb="waive_rule", reason="agreed with the partner").count() == 1
    assert RuleWaiver.objects.visible_to(quick_staff.viktor).count() == 1
    assert not RuleWaiver.objects.visible_to(quick_staff.stranger).exists()
    world.take_in(entry(1, version=2, hours="0.00", notes="still nothing"))
    assert world.states() == ["posted", "failed", "failed"]  # the next version is judged again


def test_a_rule_that_is_not_marked_is_not_passed(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world)
    assert "rule-waivers" not in names(item, quick_staff.farid)
    with pytest.raises(verbs.NotPossible, match="not marked as one that may be let pass"):
        verbs.waive_rule(item, by=quick_staff.farid, reason="please")
    with pytest.raises(NotAllowed):
        verbs.waive_rule(item, by=quick_staff.ingrid, reason="please")
    assert not RuleWaiver.objects.exists()
    assert one(quick_staff.farid).rules[0].waivable is False


def test_refused_is_not_in_doubt(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    world.target.behave = lambda request, n: refused(Category.REFUSED, "no")
    item = WorkItem.objects.get()
    with pytest.raises(verbs.NotPossible, match="None of these is in doubt"):
        verbs.ask_target(item, by=quick_staff.farid)
    assert "links" in names(item, quick_staff.farid)


def test_what_was_put_right_at_the_source_is_read_again(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00"), entry(2, hours="0.00", worked_on="2026-10-07"))
    world.take_in(entry(3, hours="0.00", worked_on="2026-12-24"))
    intake.take_in()
    item, [first, second, far] = WorkItem.objects.get(), opened()
    assert "fetches" in names(item, quick_staff.farid)
    with pytest.raises(verbs.NotPossible, match="Choose some within 31 days"):
        verbs.fetch_again(item, by=quick_staff.clara)
    type(world.route).objects.update(enabled=False)
    with pytest.raises(verbs.NotPossible, match="is switched off and reads nothing"):
        verbs.fetch_again(item, by=quick_staff.clara, failures=[first.pk, second.pk])
    type(world.route).objects.update(enabled=True)

    run = verbs.fetch_again(item, by=quick_staff.clara, failures=[first.pk, second.pk])

    assert (str(run.window_from), str(run.window_to), run.trigger) == ("2026-10-05", "2026-10-07", "person")
    with pytest.raises(verbs.NotPossible, match="under way already"):
        verbs.fetch_again(item, by=quick_staff.clara, failures=[far.pk])
    with pytest.raises(NotAllowed):
        verbs.fetch_again(item, by=quick_staff.viktor, failures=[first.pk])
    world.take_in(entry(1, version=2, hours="2.00"))  # as the run does
    done = after(world)
    assert (world.states(), done.members) == (["superseded", "posted", "failed", "failed"], 2)


def doubted_and(world: World, *, before: Callable[[], None], staff: Staff) -> WorkItem:
    """Let something happen to what is in doubt at a blind target, and say then that it is not there."""
    world.target.behave = lambda request, n: DOUBT
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    before()
    verbs.decide_unknown(item, by=staff.farid, failure=item.failures()[0].pk, happened=False, reason="looked")
    intake.take_in()
    return item


@pytest.mark.parametrize("how", ["rule", "switched off", "left its route"])
def test_what_is_not_there_is_said_although_it_stops_again(quick_world: Make, quick_staff: Staff, how: str) -> None:
    world = quick_world("ledger_blind")

    def stops_now() -> None:
        if how == "rule":
            publish(OUTWARD | {"rules": [RULE | {"check": "hours > 100"}]}, quick_staff)
            return
        if how == "left its route":
            type(world.route).objects.filter(pk=world.route.pk).update(mapping="ledger-time-gone")
        type(world.destination).objects.filter(pk=world.destination.pk).update(enabled=False)
        plan.cache_clear()

    item = doubted_and(world, before=stops_now, staff=quick_staff)

    assert world.states()[0] in ("failed", "held")
    now = WorkItem.objects.open().get()
    assert (now.category, now.number != item.number) != (Category.OUTCOME_UNKNOWN, False)
    assert "stopped again" in item.events.get(verb="decided").reason
    assert verbs.waive(now, by=quick_staff.farid, reason="done by hand there") == 1
