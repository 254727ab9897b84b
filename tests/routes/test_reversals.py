"""Taking back what is posted because a person asks: once, whatever happens in between, and never posted anew alone."""

from collections.abc import Callable
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from canonical.failure import Category
from connectors.outcome import WriteOutcome, WriteRequest
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import NotAllowed, Role
from mappings import tables
from mappings.models import LookupTable
from routes import decisions, releases, reversals
from routes.accounting import unexplained
from routes.models import Effect, Failure, KeyHead, Reversal, Transaction, Transition
from routes.reversals import NotToReverse
from tests.exceptions_queue.situations import with_rates
from tests.governance.people import company, person
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]
KEY = "TE-0000001"


@pytest.fixture
def farid(transactional_db: None) -> Any:
    return person("Farid Amini", Role.FINANCE, company("HP-DE"))


def posted(world: World, number: int = 1) -> list[Transaction]:
    world.take_in(*(entry(each) for each in range(1, number + 1)))
    world.deliver()
    assert world.states() == ["posted"] * number
    return world.transactions()


def ask(world: World, rows: list[Transaction], by: Any, *, sends: bool = False) -> list[reversals.Asked]:
    return reversals.ask([row.pk for row in rows], by=by, reason="booked on the wrong project", sends=sends)


def state(id_: UUID) -> str:
    return str(Transaction.objects.get(pk=id_).state)


@pytest.mark.parametrize("connector", ["ledger_look_up", "ledger_idempotent", "ledger_blind"])
@pytest.mark.parametrize("correction", ["update", "reverse", "none"])
def test_reversal_leaves_nothing_there_and_its_follower_waits(
    make_world: Make, farid: Any, connector: str, correction: str
) -> None:
    world = make_world(connector, correction=correction)
    rows = posted(world, 2)
    asked = ask(world, rows, farid)
    assert [each.made for each in asked] == [True, True]
    world.deliver()
    assert [world.target.net_hours(row.key) for row in rows] == [Decimal(0), Decimal(0)]
    assert [(o, s) for _, _, o, s in world.effects()] == [("create", "confirmed"), ("reverse", "confirmed")] * 2
    assert [state(row.pk) for row in rows] == ["reversed", "reversed"]
    assert [(state(each.reversal), state(each.follower)) for each in asked] == [("posted", "held")] * 2
    world.deliver()
    assert len(world.target.commits) == 4
    told = Transition.objects.get(subject_id=rows[0].pk, to_state="reversed").reason
    assert told == "undone at the target: Farid Amini asked for it: booked on the wrong project"
    assert not unexplained()
    assert AuditEntry.objects.filter(verb="reverse").count() == 2


def test_approval_posts_nothing_anew_that_a_person_has_had_taken_back(make_world: Make, farid: Any) -> None:
    world = make_world(correction="update")
    [row] = posted(world)
    [asked] = ask(world, [row], farid)
    world.deliver()
    clara = person("Clara Voss", Role.CONTROLLER)
    assert decisions.approve([asked.follower], by=clara, reason="agreed") == []
    world.deliver()
    assert (state(asked.follower), world.target.net_hours(row.key)) == ("held", Decimal(0))


def test_what_is_sent_anew_goes_once_the_reversal_is_done_and_only_once(make_world: Make, farid: Any) -> None:
    world = make_world(correction="update")
    [row] = posted(world)
    [asked] = ask(world, [row], farid, sends=True)
    assert state(asked.follower) == "ready"
    world.deliver()
    assert [(o, s) for _, _, o, s in world.effects()] == [
        ("create", "confirmed"), ("reverse", "confirmed"), ("create", "confirmed"),
    ]  # fmt: skip
    assert world.target.net_hours(KEY) == Decimal(8)
    assert (state(row.pk), state(asked.reversal), state(asked.follower)) == ("reversed", "posted", "posted")
    assert [c.key for c in world.target.commits] == [KEY, KEY, f"{KEY}.1"]


def test_person_sends_the_follower_after_all_whether_the_reversal_is_done_or_not(make_world: Make, farid: Any) -> None:
    world = make_world()
    first, second = posted(world, 2)
    [early] = ask(world, [first], farid)
    assert decisions.resubmit([early.follower], by=farid, reason="corrected") == [early.follower]
    world.deliver()
    assert (world.target.net_hours(first.key), state(early.follower)) == (Decimal(8), "posted")
    [late] = ask(world, [second], farid)
    world.deliver()
    assert decisions.resubmit([late.follower], by=farid, reason="corrected") == [late.follower]
    world.deliver()
    assert (world.target.net_hours(second.key), state(late.follower)) == (Decimal(8), "posted")


def test_newer_version_of_what_is_kept_away_waits_for_a_person(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    [asked] = ask(world, [row], farid)
    world.take_in(entry(1, hours="6.00", version=2))  # before it is carried out
    assert world.target.net_hours(KEY) == Decimal(8)
    world.deliver()
    assert world.target.net_hours(KEY) == Decimal(0)
    newer = Transaction.objects.order_by("-version")[0]
    assert (newer.state, state(asked.follower)) == ("held", "superseded")
    world.take_in(entry(1, hours="5.00", version=3))  # and afterwards
    world.deliver()
    assert world.target.net_hours(KEY) == Decimal(0)
    newest = Transaction.objects.order_by("-version")[0]
    assert (newest.state, state(newer.pk)) == ("held", "superseded")
    told = Failure.objects.get(closed_at=None)
    assert (told.transaction_id, told.category) == (newest.pk, Category.QUESTIONED)
    decisions.resubmit([newest.pk], by=farid, reason="right by now")
    world.deliver()
    assert world.target.net_hours(KEY) == Decimal(5)
    world.take_in(entry(1, hours="4.00", version=4))  # what is posted anew is corrected as ever
    world.deliver()
    assert world.target.net_hours(KEY) == Decimal(4)


def test_newer_version_of_what_is_waived_after_a_reversal_waits_too(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    [asked] = ask(world, [row], farid)
    world.deliver()
    decisions.waive([asked.follower], by=farid, reason="it was a double")
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    assert (world.target.net_hours(KEY), world.states()[-1]) == (Decimal(0), "held")


def test_newer_version_goes_where_the_record_is_to_be_sent_anew(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    [asked] = ask(world, [row], farid, sends=True)
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    assert (world.target.net_hours(KEY), state(asked.follower)) == (Decimal(6), "superseded")
    assert len(world.target.commits) == 3


def test_source_that_withdraws_it_ends_the_follower(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    [asked] = ask(world, [row], farid)
    world.deliver()
    world.take_in(entry(1, version=2, status="rejected"))
    world.deliver()
    assert world.target.net_hours(KEY) == Decimal(0)
    assert state(asked.follower) in ("superseded", "filtered")
    assert len(world.target.commits) == 2


def test_stopped_newer_version_follows_the_reversal_of_the_one_that_stands(make_world: Make, farid: Any) -> None:
    world = make_world(correction="none")
    posted(world)
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    [old, newer] = world.transactions()
    assert newer.state == "failed"
    [asked] = ask(world, [newer], farid)
    assert (asked.follower, asked.made) == (newer.pk, False)
    world.deliver()
    assert (world.target.net_hours(KEY), state(old.pk), state(newer.pk)) == (Decimal(0), "reversed", "failed")
    decisions.resubmit([newer.pk], by=farid, reason="now")
    world.deliver()
    assert (world.target.net_hours(KEY), state(newer.pk)) == (Decimal(6), "posted")


def test_nothing_is_taken_back_twice(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    ask(world, [row], farid)
    with pytest.raises(NotToReverse, match="Farid Amini has asked already"):
        ask(world, [row], farid)
    world.deliver()
    with pytest.raises(NotToReverse, match="Nothing of TE-0000001 stands"):
        ask(world, [row], farid)
    assert Reversal.objects.count() == 1


def test_of_two_people_at_once_one_asks(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    told: list[object] = []
    together = Barrier(2)

    def press() -> None:
        try:
            together.wait()
            told.append(ask(world, [row], farid))
        except NotToReverse as error:
            told.append(str(error))
        finally:
            connection.close()

    both = [Thread(target=press) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(isinstance(each, str) for each in told) == [False, True]
    world.deliver()
    assert [c.operation for c in world.target.commits] == ["create", "reverse"]


def test_unknown_outcome_of_a_reversal_is_asked_after_and_not_repeated(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    world.target.behave = lambda request, count: "no answer" if request.operation == "reverse" else None
    [asked] = ask(world, [row], farid)
    world.deliver()
    assert state(asked.reversal) == "unknown"
    world.target.behave = lambda request, count: None
    for _ in range(3):
        world.later(3600)
        world.deliver()
    assert [c.operation for c in world.target.commits] == ["create", "reverse"]
    assert (state(asked.reversal), state(row.pk), state(asked.follower)) == ("posted", "reversed", "held")


def test_reversal_that_never_arrived_is_sent_again(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    lost = [True]

    def behave(request: WriteRequest, count: int) -> WriteOutcome | None:
        return unknown() if request.operation == "reverse" and lost.pop() is None else None

    lost[:] = [None]  # type: ignore[list-item]

    def once(request: WriteRequest, count: int) -> WriteOutcome | None:
        if request.operation == "reverse" and lost:
            lost.clear()
            return unknown()
        return None

    world.target.behave = once
    ask(world, [row], farid)
    for _ in range(4):
        world.deliver()
        world.later(3600)
    assert [c.operation for c in world.target.commits] == ["create", "reverse"]
    assert state(row.pk) == "reversed"


def test_refused_reversal_stops_for_people_and_what_stands_stays(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    world.target.behave = lambda request, count: refused(Category.REFUSED, "invoiced already") if count > 1 else None
    [asked] = ask(world, [row], farid)
    world.deliver()
    assert (state(asked.reversal), state(row.pk), world.target.net_hours(KEY)) == ("failed", "posted", Decimal(8))
    decisions.waive([asked.reversal], by=farid, reason="it stays")
    assert KeyHead.objects.get().transaction_id == asked.follower
    decisions.resubmit([asked.follower], by=farid, reason="it stands as it is")
    world.deliver()
    assert (state(asked.follower), len(world.target.commits)) == ("posted", 1)


def test_refused_reversal_that_was_given_up_can_be_asked_for_again(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    world.target.behave = lambda request, count: refused(Category.REFUSED, "locked") if count == 2 else None
    [first] = ask(world, [row], farid)
    world.deliver()
    with pytest.raises(NotToReverse, match="Farid Amini has asked already"):
        ask(world, [row], farid)
    decisions.waive([first.reversal], by=farid, reason="locked until Monday")
    [second] = ask(world, [row], farid)
    assert (second.follower, second.made) == (first.follower, False)
    assert decisions.resubmit([first.reversal], by=farid, reason="try that one") == [], "it was given up"
    world.deliver()
    assert (state(row.pk), state(second.reversal), state(second.follower)) == ("reversed", "posted", "held")
    assert world.target.net_hours(KEY) == Decimal(0)
    assert [(o, s) for _, _, o, s in world.effects()] == [
        ("create", "confirmed"), ("reverse", "refused"), ("reverse", "confirmed"),
    ]  # fmt: skip
    assert decisions.resubmit([first.reversal], by=farid, reason="try that one") == []
    assert not unexplained()


@pytest.mark.parametrize("when", ["while it is open", "once it is done"])
def test_follower_is_not_sent_because_what_had_stopped_it_is_gone(make_world: Make, farid: Any, when: str) -> None:
    world = make_world()
    [row] = posted(world)
    with_rates(world)
    world.take_in(entry(1, hours="6.00", version=2))  # its role has no rate
    newer = world.transactions()[-1]
    assert newer.state == "failed"
    [asked] = ask(world, [newer], farid)
    if when == "once it is done":
        world.deliver()
    table = LookupTable.objects.get(name="bill_rates")
    tables.add_rows(table, [tables.NewRow(("Consultant", "EUR"), {"rate": Decimal(150)})], by=ENGINE)
    releases.rows_available()
    world.deliver()
    releases.rows_available()
    world.deliver()
    assert (state(row.pk), state(asked.follower), world.target.net_hours(KEY)) == ("reversed", "held", Decimal(0))
    told = Failure.objects.get(closed_at=None)
    assert (told.transaction_id, told.category) == (newer.pk, Category.QUESTIONED)
    assert "waits until somebody sends it" in told.message
    decisions.resubmit([newer.pk], by=farid, reason="right by now")
    world.deliver()
    assert (state(newer.pk), world.target.net_hours(KEY)) == ("posted", Decimal(6))


def test_ways_of_refusing(make_world: Make, farid: Any) -> None:
    world = make_world()
    [row] = posted(world)
    with pytest.raises(ValueError, match="needs a reason"):
        reversals.ask([row.pk], by=farid, reason=" ", sends=False)
    for other in (person("Viktor Lang", Role.VIEWER), person("Grace Field", Role.FINANCE, company("HP-GB"))):
        with pytest.raises(NotAllowed):
            ask(world, [row], other)
    world.take_in(entry(1, hours="7.00", version=2))  # ready, not sent yet
    with pytest.raises(NotToReverse, match="is on its way to Ledger"):
        ask(world, [row], farid)
    world.take_in(entry(2))
    with pytest.raises(NotToReverse, match="Nothing of TE-0000002 stands"):
        ask(world, [row, world.transactions()[-1]], farid)
    assert not Reversal.objects.exists()
    assert not Effect.objects.filter(operation="reverse").exists()


def test_target_without_a_way_back_is_told_with_what_to_do_instead(
    make_world: Make, farid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    [row] = posted(world)
    monkeypatch.setattr(reversals, "_undone", lambda *each: "")
    with pytest.raises(NotToReverse, match="Correct it there, for example by a credit note"):
        ask(world, [row], farid)
