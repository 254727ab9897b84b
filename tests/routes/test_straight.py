"""Straight through: what a page brings new is on its way when the page is stored; whatever has a past is queued."""

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest

from canonical.failure import Category
from connectors import gate
from connectors.models import Connection
from routes import senders
from routes.models import Effect, Failure, KeyHead, Transaction
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]


@pytest.mark.usefixtures("as_worker")
@pytest.mark.parametrize("connector", ["ledger_idempotent", "ledger_look_up", "ledger_blind"])
def test_new_entries_are_posted_with_their_page(quick_world: Make, connector: str) -> None:
    world = quick_world(connector)
    totals = world.take_in(entry(1), entry(2, hours="0.00"), entry(3), entry(4, status="unsubmitted"))
    assert world.states() == ["posted", "failed", "posted"]
    assert (totals.new, totals.due) == (4, set())
    assert {(n, op, state) for _, n, op, state in world.effects()} == {(1, "create", "confirmed")}
    first = world.transactions()[0]
    assert world.history(first.pk) == ["received", "normalised", "validated", "ready", "delivering", "posted"]
    assert not KeyHead.objects.exclude(due_at=None).exists()


@pytest.mark.usefixtures("as_worker")
def test_head_and_effect_are_as_by_the_long_way(quick_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def left_behind(world: World) -> list[object]:
        fields = ("generation", "seen_version", "waiting", "mirrored", "live_write_key", "lease_owner", "due_at")
        effect = ("number", "write_key", "operation", "source_version", "payload_hash", "state", "settles_at")
        heads = list(KeyHead.objects.order_by("key").values_list(*fields))
        return [heads, list(Effect.objects.order_by("key").values_list(*effect))]

    world = quick_world()
    world.take_in(entry(1), entry(2))
    straight = left_behind(world)
    KeyHead.objects.all().delete()
    Effect.objects.all().delete()
    monkeypatch.setattr(senders._senders, "lanes", frozenset())
    other = World(world.route, world.destination, world.target)
    other.take_in(entry(1, hours="8.00", version=2), entry(2, version=2))
    other.deliver()
    queued = left_behind(other)
    assert [h[:1] + h[2:] for h in straight[0]] == [h[:1] + h[2:] for h in queued[0]]
    assert [e[:3] + e[4:] for e in straight[1]] == [e[:3] + e[4:] for e in queued[1]]


@pytest.mark.usefixtures("as_worker")
def test_newer_version_of_what_went_straight_corrects_it(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1))
    totals = world.take_in(entry(1, hours="6.00", version=2))
    assert totals.due == {world.destination.pk}
    world.deliver()
    assert [(n, op) for _, n, op, _ in world.effects()] == [(1, "create"), (2, "update")]
    assert world.target.net_hours("TE-0000001") == 6


@pytest.mark.usefixtures("as_worker")
def test_key_that_comes_twice_in_a_page_goes_in_order(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1), entry(1, hours="6.00", version=2), entry(1, hours="5.00", version=3))
    world.deliver()
    assert world.target.net_hours("TE-0000001") == 5
    assert next(c.operation for c in world.target.commits) == "create"


@pytest.mark.usefixtures("as_worker")
def test_what_the_target_answers_counts_as_by_the_long_way(quick_world: Make) -> None:
    world = quick_world("ledger_idempotent")
    answers = {1: refused(Category.VALIDATION), 2: refused(Category.TRANSIENT), 3: unknown(), 4: None}
    world.target.behave = lambda request, number: answers.get(number)
    world.take_in(*(entry(n) for n in range(1, 5)))
    assert world.states() == ["failed", "retrying", "unknown", "posted"]
    world.later(60)
    world.deliver()
    assert world.states() == ["failed", "posted", "posted", "posted"]


@pytest.mark.usefixtures("as_worker")
def test_worker_that_dies_before_it_sends_leaves_all_to_others(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world("ledger_look_up")
    monkeypatch.setattr(senders, "send", lambda *args, **more: None)
    world.take_in(entry(1), entry(2))
    assert world.states() == ["delivering", "delivering"]
    world.deliver()
    assert world.target.commits == []  # they belong to another until the lease ends
    world.later(200)
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert len(world.target.commits) == 2


@pytest.mark.usefixtures("as_worker")
def test_paused_connection_lets_nothing_through(quick_world: Make) -> None:
    world = quick_world()
    Connection.objects.filter(pk=world.destination.connection_id).update(paused=True)
    totals = world.take_in(entry(1))
    assert world.states() == ["ready"]
    assert totals.due == {world.destination.pk}
    assert senders._senders.taken == {}


@pytest.mark.usefixtures("as_worker")
def test_no_more_go_straight_than_the_budget_allows(quick_world: Make) -> None:
    world = quick_world()
    Connection.objects.filter(pk=world.destination.connection_id).update(requests_allowed=3, period_seconds=3600)
    world.take_in(*(entry(n) for n in range(1, 6)))
    assert sorted(world.states()) == ["posted"] * 3 + ["ready"] * 2


@pytest.mark.usefixtures("as_worker")
def test_page_that_cannot_be_stored_gives_place_and_slots_back(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from routes import storing

    world = quick_world()

    def broken(*args: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(storing, "_source_heads", broken)
    with pytest.raises(RuntimeError, match="disk full"):
        world.take_in(entry(1))
    assert senders._senders.taken == {}
    assert world.target.commits == []
    assert not Transaction.objects.exists()
    admission = gate.admit(world.destination.connection_id, 1, uuid4(), stream="entries")
    assert admission.allowed == 1


def test_nothing_goes_straight_in_a_process_that_is_no_worker(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1))
    assert world.states() == ["ready"]


def test_place_that_stays_taken_holds_up_a_page_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "_senders", senders._Senders(frozenset({"posting"})))
    waits: list[float] = []
    wait_for = threading.Condition.wait_for

    def noted(condition: threading.Condition, free: Callable[[], bool], seconds: float) -> bool:
        waits.append(0.0 if free() else seconds)
        return wait_for(condition, free, min(seconds, 0.01))

    monkeypatch.setattr(threading.Condition, "wait_for", noted)
    assert [senders.reserve(1, "posting") for _ in range(4)] == [True, True, False, False]
    assert waits == [0.0, 0.0, senders.PATIENCE, 0.0]
    assert senders.reserve(2, "posting"), "another connection has places of its own"
    assert not senders.reserve(1, "analytics")
    senders.give_back(1)
    assert senders.reserve(1, "posting")


def test_failures_of_straight_entries_reach_people_once(quick_world: Make, as_worker: None) -> None:
    world = quick_world()
    world.target.behave = lambda request, number: refused(Category.VALIDATION, "no such project")
    world.take_in(*(entry(n) for n in range(1, 4)))
    assert world.states() == ["failed"] * 3
    assert Failure.objects.values("fingerprint").distinct().count() == 1
