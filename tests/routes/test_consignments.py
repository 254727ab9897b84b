"""Consignments: what a page brings new travels as one row, and whatever disturbs it finds the rows of the long way."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from canonical.failure import Category
from connectors.models import Connection
from connectors.outcome import Result, WriteOutcome
from governance.actor import ENGINE
from mappings.models import CrossReference
from routes import accounting, bodies, consignments, deliver, drafts, locks, receipts, receive, runs
from routes.consignments import Consignment
from routes.models import Destination, Effect, EffectLink, Failure, KeyHead, Record, Run, Transaction
from routes.plan import plan
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]
OPEN = {"breaker_state": "open", "breaker_opened_at": Now()}


@pytest.fixture
def world(quick_world: Make) -> World:
    """A world whose new records travel."""
    made = quick_world("ledger_idempotent")
    made.travels = True
    return made


def take(world: World) -> Consignment:
    """Take the next consignment as a worker that does nothing with it yet."""
    with transaction.atomic():
        found = consignments.take(
            connection_id=world.destination.connection_id, lane="posting", stream="entries", owner=uuid4(), limit=500
        )
    assert found is not None
    return found


def answer(world: World, found: Consignment, *answers: WriteOutcome) -> None:
    """Let the worker that took a consignment bring the target's answers, at last."""
    made = plan(found.bill.snapshot)
    to = made.destinations[0]
    row = Connection.objects.get(pk=found.connection_id)
    receipts.settle(row, made, to, found, answers, owner=found.owner)


def yes(number: int) -> WriteOutcome:
    return WriteOutcome(Result.CONFIRMED, external_id=f"X{number}", reference=f"LR-{number}")


def test_new_entries_travel_and_are_posted(world: World) -> None:
    totals = world.take_in(entry(1), entry(2, hours="0.00"), entry(3), entry(4, status="unsubmitted"))
    assert (totals.new, totals.due) == (4, {world.destination.pk})
    assert (world.states(), world.travelling()) == (["failed"], 1), "one row stands for what travels"
    world.deliver()
    assert (world.states(), world.travelling()) == (["posted", "failed", "posted"], 0)
    assert {(n, op, state) for _, n, op, state in world.effects()} == {(1, "create", "confirmed")}
    first = world.transactions()[0]
    assert world.history(first.pk) == ["received", "normalised", "validated", "ready", "delivering", "posted"]
    assert accounting.unexplained() == []
    assert not KeyHead.objects.exclude(due_at=None).exists()


def test_what_is_left_is_as_by_the_long_way(quick_world: Make) -> None:
    def left_behind(world: World) -> list[Any]:
        heads = "generation seen_version waiting mirrored live_write_key live_hash lease_owner due_at lane"
        effects = "number write_key operation source_version payload_hash state settles_at not_there target_version"
        moved = "version state return_to withdraws waits_for attempts amount currency hours request_hash group"
        return [
            list(KeyHead.objects.order_by("key").values_list(*heads.split())),
            list(Effect.objects.order_by("key").values_list(*effects.split())),
            list(Transaction.objects.order_by("key").values_list(*moved.split())),
        ]

    world = quick_world("ledger_idempotent")
    found = []
    for travels in (True, False):
        world.travels = travels
        with transaction.atomic():
            world.take_in(entry(1), entry(2, hours="2.50"))
            world.deliver()
            found.append(left_behind(world))
            assert {t.pk for t in Transaction.objects.all()} == {x.transaction_id for x in EffectLink.objects.all()}
            ids = Effect.objects.values_list("payload_id", flat=True)
            assert {t.request_payload_id for t in Transaction.objects.all()} == set(ids)
            assert len(bodies.read(ids)) == 2
            assert set(KeyHead.objects.values_list("live_effect_id", flat=True)) == set(
                Effect.objects.values_list("pk", flat=True)
            )
            transaction.set_rollback(False)
            for model in (KeyHead, Effect, Transaction, Record):
                model.objects.all().delete()
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM routes_sourcehead")
    assert found[0] == found[1]


def test_newer_version_replaces_what_waits_to_be_taken(world: World) -> None:
    world.take_in(entry(1), entry(2))
    world.take_in(entry(1, hours="6.00", version=2))
    assert world.states() == ["superseded", "ready", "ready"]
    world.deliver()
    assert world.states() == ["superseded", "posted", "posted"]
    assert len(world.target.requests) == 2, "the older version never left"
    assert world.target.net_hours("TE-0000001") == 6


def test_newer_version_waits_behind_what_is_on_its_way(world: World) -> None:
    world.take_in(entry(1))
    found = take(world)
    world.take_in(entry(1, hours="6.00", version=2))
    assert world.states() == ["delivering", "ready"]
    world.deliver()
    assert world.target.commits == [], "the first belongs to the worker that took it"
    answer(world, found, yes(1))
    assert world.states() == ["posted", "ready"]
    world.deliver()
    assert [(n, op, state) for _, n, op, state in world.effects()] == [
        (1, "create", "confirmed"), (2, "update", "confirmed"),
    ]  # fmt: skip


def test_source_that_deletes_meanwhile_takes_it_back(world: World) -> None:
    world.take_in(entry(1))
    found = take(world)
    assert receive.withdraw_missing(world.plan, ["TE-0000001", "1"], run=None) == 1
    answer(world, found, yes(1))
    world.deliver()
    assert [(n, op) for _, n, op, _ in world.effects()] == [(1, "create"), (2, "reverse")]
    assert "reversed" in world.states()


def test_key_that_comes_twice_in_a_page_goes_in_order(world: World) -> None:
    world.take_in(entry(1), entry(1, hours="6.00", version=2), entry(1, hours="5.00", version=3))
    world.deliver()
    assert world.target.net_hours("TE-0000001") == 5
    assert sorted(world.states()) == ["posted", "superseded", "superseded"]


def test_answers_that_are_no_yes_count_as_by_the_long_way(world: World) -> None:
    answers = {1: refused(Category.VALIDATION), 2: refused(Category.TRANSIENT), 3: unknown(), 4: None}
    world.target.behave = lambda request, number: answers.get(number)
    world.take_in(*(entry(n) for n in range(1, 5)))
    world.deliver(rounds=1)
    assert world.states() == ["failed", "retrying", "unknown", "posted"]
    world.later(60)
    world.deliver()
    assert world.states() == ["failed", "posted", "posted", "posted"]
    assert accounting.unexplained() == []


def test_worker_that_dies_with_one_leaves_it_to_others_when_its_lease_ends(world: World) -> None:
    world.take_in(entry(1), entry(2))
    found = take(world)
    world.target.write(  # it had sent one of them
        [request for request in [_request(found, 0)]]
    )
    world.deliver()
    assert len(world.target.commits) == 1, "they belong to another until the lease ends"
    world.later(200)
    world.deliver(rounds=1)
    assert set(world.states()) <= {"delivering", "unknown", "posted"}
    world.later(60)
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert len(world.target.commits) == 2, "the same bytes under the same key: the target has them once"
    answer(world, found, yes(1), yes(2))  # the worker was only stopped, and brings its answers
    assert world.states() == ["posted", "posted"]
    assert Effect.objects.count() == 2


def _request(found: Consignment, place: int) -> Any:
    from connectors.outcome import WriteRequest

    item = found.bill.items[place]
    return WriteRequest("create", item.key, item.idempotency_key, bodies.contents([item.payload])[0])


def test_late_denial_proves_nothing_once_another_has_sent_it(world: World) -> None:
    world.take_in(entry(1))
    found = take(world)
    world.later(200)
    world.target.behave = lambda request, number: unknown()
    world.deliver(rounds=1)
    answer(world, found, refused(Category.VALIDATION))
    assert "failed" not in world.states()
    world.target.behave = lambda request, number: None
    world.later(100)
    world.deliver()
    assert world.states() == ["posted"]


@pytest.mark.parametrize("closed", ["paused", "breaker"])
def test_connection_that_closes_shows_what_waits_as_ready(world: World, closed: str) -> None:
    world.take_in(entry(1), entry(2))
    change: dict[str, Any] = {"paused": True} if closed == "paused" else OPEN
    Connection.objects.filter(pk=world.destination.connection_id).update(**change)
    world.deliver()
    assert (world.states(), world.travelling()) == (["ready", "ready"], 0)
    assert world.effects() == []


@pytest.mark.parametrize("change", [{"paused": True}, OPEN, {"requests_allowed": 3, "period_seconds": 3600}])
def test_nothing_travels_to_a_connection_where_it_would_wait(world: World, change: dict[str, Any]) -> None:
    Connection.objects.filter(pk=world.destination.connection_id).update(**change)
    world.take_in(entry(1))
    assert (world.states(), world.travelling()) == (["ready"], 0)


@pytest.mark.parametrize("connector", ["ledger_look_up", "ledger_blind"])
def test_nothing_travels_where_a_repeat_is_not_harmless(quick_world: Make, connector: str) -> None:
    world = quick_world(connector)
    world.travels = True
    world.take_in(entry(1))
    assert (world.states(), world.travelling()) == (["ready"], 0)


def test_what_nobody_takes_is_unpacked_after_a_lease(world: World) -> None:
    world.take_in(entry(1))
    world.later(200)
    consignments.sweep()
    assert (world.states(), world.travelling(), world.effects()) == (["ready"], 0, [])
    world.deliver()
    assert world.states() == ["posted"]


def test_batch_that_meets_something_unforeseen_is_unpacked_and_each_goes_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("a fault of ours")

    world.take_in(entry(1), entry(2))
    with monkeypatch.context() as patch:
        patch.setattr(receipts, "settle", broken)
        world.deliver(rounds=1)
    world.later(60)
    world.deliver()
    assert (world.states(), world.travelling()) == (["posted", "posted"], 0)
    assert len(world.target.commits) == 2


@pytest.mark.parametrize("travels", [True, False])
def test_what_nobody_came_for_is_late_after_a_second(world: World, travels: bool) -> None:
    where = (world.destination.connection_id, "posting", "entries")
    world.travels = travels
    assert not deliver.is_late(*where)
    world.take_in(entry(1))
    assert not deliver.is_late(*where)
    world.later(1.5)
    assert deliver.is_late(*where)
    if travels:
        take(world)
        assert not deliver.is_late(*where), "a worker has it"
        world.later(200)
        assert deliver.is_late(*where), "that worker died"


def test_what_has_been_due_for_longer_goes_first(world: World) -> None:
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, hours="6.00", version=2))
    world.later(1)
    world.take_in(entry(2))
    world.deliver(rounds=1)
    assert [r.key for r in world.target.requests] == ["TE-0000001", "TE-0000001"]
    world.deliver(rounds=1)
    assert [r.key for r in world.target.requests][2:] == ["TE-0000002"]


def test_page_larger_than_a_batch_travels_in_several(world: World, settings: Any) -> None:
    settings.DELIVERY_BATCH = 2
    world.take_in(*(entry(n) for n in range(1, 6)))
    assert world.travelling() == 3
    world.deliver()
    assert world.states() == ["posted"] * 5


def test_books_of_a_run_hold_what_travels(world: World) -> None:
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    with transaction.atomic():
        receive.take_in(world.plan, [entry(1), entry(2)], run=run.pk, onward=drafts.open_for(world.plan))
    Run.objects.filter(pk=run.pk).update(read=2, new=2)
    assert accounting.books(run).balanced
    assert accounting.books(run).destinations[0].states == {"ready": 2}
    found = take(world)
    assert accounting.books(run).destinations[0].states == {"delivering": 2}
    (travelling,) = consignments.in_transit(run.pk)
    assert travelling.worth == {"EUR": Decimal(1600)}
    answer(world, found, yes(1), yes(2))
    assert accounting.books(run).destinations[0].states == {"posted": 2}


def test_money_stands_with_the_part_that_travels(world: World, settings: Any) -> None:
    settings.DELIVERY_BATCH = 2
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    with transaction.atomic():
        receive.take_in(world.plan, [entry(n) for n in range(1, 6)], run=run.pk, onward=drafts.open_for(world.plan))
    answer(world, take(world), yes(1), yes(2))
    found = sorted((each.count, each.worth["EUR"]) for each in consignments.in_transit(run.pk))
    assert found == [(1, Decimal(800)), (2, Decimal(1600))]


@pytest.mark.parametrize("late", [True, False])
def test_one_that_cannot_be_read_holds_up_no_other(world: World, late: bool) -> None:
    world.take_in(entry(1))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_consignment SET waybill = 'of another release'::bytea")
    world.take_in(entry(2))
    if late:
        world.later(200)
        consignments.sweep()
    for _ in range(3):
        deliver.deliver(connection_id=world.destination.connection_id, lane="posting", stream="entries")
    assert world.states() == ["posted"], "the healthy one"
    failure = Failure.objects.get(closed_at=None)
    assert failure.category == Category.INTERNAL
    assert "cannot be read" in failure.message
    assert world.travelling() == 1, "it is kept"


def test_locks_do_not_meet_by_chance() -> None:
    numbers = [number for name, number in vars(locks).items() if name.isupper()]
    assert len(numbers) == len(set(numbers)) > 3


def test_ids_at_the_target_are_remembered(world: World) -> None:
    Destination.objects.filter(pk=world.destination.pk).update(keeps_reference=True)
    world.take_in(entry(1), entry(2))
    world.deliver()
    kept = CrossReference.objects.order_by("canonical_key").values_list("canonical_key", "external_id", "reference")
    assert list(kept) == [("TE-0000001", "X1", "LR-1"), ("TE-0000002", "X2", "LR-2")]


def test_failures_reach_people_once(world: World) -> None:
    world.target.behave = lambda request, number: refused(Category.VALIDATION, "no such project")
    world.take_in(*(entry(n) for n in range(1, 4)))
    world.deliver()
    assert world.states() == ["failed"] * 3
    assert Failure.objects.values("fingerprint").distinct().count() == 1


def test_queries_of_a_consignment_do_not_grow_with_it(world: World) -> None:
    from django.test.utils import CaptureQueriesContext

    def queries(first: int, last: int) -> list[int]:
        counts = []
        with CaptureQueriesContext(connection) as asked:
            world.take_in(*(entry(n) for n in range(first, last)))
        counts.append(len(asked))
        with CaptureQueriesContext(connection) as asked:
            deliver.deliver(connection_id=world.destination.connection_id, lane="posting", stream="entries")
        return [*counts, len(asked)]

    queries(1, 3)
    assert queries(10, 13) == queries(100, 140)
