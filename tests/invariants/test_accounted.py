"""Accounted: whatever happens to a run's records, the books of each destination add up."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from canonical.failure import Category
from exceptions_queue import totals
from governance.actor import ENGINE
from governance.models import LegalEntity
from routes import accounting, comparing, decisions, receive, reprocess
from routes.models import Destination, Failure, Record, Run, Transaction
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]
HUNDRED = range(1, 41)


def begin(world: World, **more: Any) -> Run:
    """Make a run by hand; its pages are taken in by the test."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    Run.objects.filter(state="running").update(state="done")
    return Run.objects.create(
        route=world.route, legal_entity=world.route.legal_entity, trigger="person", requested_by="engine",
        state="running", created_at=now, **more,
    )  # fmt: skip


def take_in(world: World, run: Run, *raws: dict[str, Any]) -> None:
    """Take in a page and move the run's totals, as a worker does."""
    with transaction.atomic():
        totals = receive.take_in(world.plan, raws, run=run.pk)
        run.refresh_from_db()
        for name in ("read", "new", "changed", "unchanged", "unreadable", "echoes"):
            setattr(run, name, getattr(run, name) + getattr(totals, name))
        run.save()


def balanced(run: Run) -> accounting.Books:
    """Return the books after checking that nothing is missing from them, neither records nor money nor hours."""
    books = accounting.books(run)
    assert books.balanced, books
    assert all(each.due == books.new + books.changed for each in books.destinations)
    assert not any(account.difference for *_, account in totals.lines(run, books))
    return books


def second_destination(world: World, **more: Any) -> Destination:
    first = world.destination
    return Destination.objects.create(
        route=world.route, connection=first.connection, stream="entries", mapping=first.mapping,
        key_formula='hub.key & "/2"', **more,
    )  # fmt: skip


def test_books_name_the_condition_that_left_a_record_out(quick_world: Make) -> None:
    world = quick_world()
    second_destination(world, name="Archive", condition="hours > 6")
    run = begin(world)
    take_in(world, run, entry(1), entry(2, hours="5.00"), entry(3, status="submitted"))
    world.deliver()
    ledger, archive = balanced(run).destinations
    approved = world.destination.condition
    assert (ledger.name, ledger.states, ledger.not_chosen) == ("Ledger", {"posted": 2}, {approved: 1})
    assert (archive.name, archive.states, archive.not_chosen) == ("Archive", {"posted": 2}, {"hours > 6": 1})


def test_books_hold_for_a_messy_run(quick_world: Make) -> None:
    world = quick_world(correction="reverse")
    moods = {3: unknown(), 5: refused(Category.TRANSIENT, "lock"), 7: refused(Category.VALIDATION, "no such project")}
    world.target.behave = lambda request, number: moods.get(int(request.key[3:10]) % 10)
    first = begin(world)
    broken = {k: v for k, v in entry(99).items() if k != "key"}
    take_in(world, first, *(entry(n, hours="0.00" if n % 9 == 0 else "8.00") for n in HUNDRED), broken)
    take_in(world, first, entry(1), entry(2, legal_entity="HP-XX", version=2), entry(4, version=2, status="submitted"))
    world.deliver(rounds=2)
    second = begin(world)
    take_in(world, second, *(entry(n, hours="6.00", version=3) for n in range(1, 20)), entry(1, version=2), broken)
    for run in (first, second):
        balanced(run)
    world.target.behave = lambda request, number: None
    world.later(400)
    world.deliver(rounds=20)
    failed = list(Transaction.objects.filter(state="failed").values_list("pk", flat=True))
    decisions.waive(failed[:2], by=ENGINE, reason="paid outside")
    decisions.resubmit(failed[2:], by=ENGINE, reason="corrected there")
    world.deliver(rounds=20)
    for run in (first, second):
        balanced(run)
    ledger = balanced(first).destinations[0]
    assert (ledger.stopped, ledger.states["reversed"] > 0, ledger.states["superseded"] > 0) == (1, True, True)
    assert accounting.unexplained() == []


def test_books_follow_a_record_that_was_stopped_and_taken_on_again(quick_world: Make) -> None:
    world = quick_world(condition='role = "Consultant"')
    run = begin(world)
    take_in(world, run, entry(1, legal_entity="HP-FR", role="Partner"), entry(2, legal_entity="HP-FR"), entry(3))
    assert balanced(run).destinations[0].stopped == 2
    LegalEntity.objects.create(code="HP-FR", name="Halden & Partner SARL", country="FR", currency="EUR")
    stopped = list(Record.objects.filter(run=run, state="failed").values_list("pk", flat=True))
    reprocess.records(stopped, by=ENGINE, reason="the legal entity was added", how="fixed")
    [ledger] = balanced(run).destinations
    assert (ledger.stopped, ledger.states, ledger.not_chosen) == (0, {"ready": 2}, {'role = "Consultant"': 1})


def test_books_hold_when_a_business_key_changes(quick_world: Make) -> None:
    world = quick_world()
    Destination.objects.filter(pk=world.destination.pk).update(key_formula='hub.key & "/" & project_code')
    run = begin(world)
    take_in(world, run, entry(1))
    world.deliver()
    take_in(world, run, entry(1, version=2, project_code="P-002"))
    world.deliver()
    [ledger] = balanced(run).destinations
    assert (ledger.due, ledger.moved) == (2, 1)
    assert world.target.net_hours("TE-0000001/P-001") == 0
    assert world.target.net_hours("TE-0000001/P-002") == 8


@pytest.mark.parametrize("missing", [2, 20])
def test_books_count_what_a_comparison_withdraws(quick_world: Make, missing: int) -> None:
    world = quick_world()
    first = begin(world)
    take_in(world, first, *(entry(n) for n in HUNDRED))
    world.deliver()
    window = {"window_from": date(2026, 10, 1), "window_to": date(2026, 10, 31), "compares": True}
    run, owner = begin(world, **window), uuid4()
    Run.objects.filter(pk=run.pk).update(lease_owner=owner)
    run.refresh_from_db()
    shown = [entry(n) for n in HUNDRED if n > missing]
    take_in(world, run, *shown)
    comparing.mark_seen(world.plan, [e["key"] for e in shown], run=run.pk)
    comparing.finish(run, world.plan, owner=owner)
    if missing == 20:
        assert balanced(run).changed == 0
        [failure] = Failure.objects.filter(closed_at=None)
        assert (failure.category, failure.run_id) == ("approval_missing", run.pk)
        assert "20 of 40" in failure.message
        comparing.approve(run, world.plan, by=ENGINE, reason="the client asked for it")
    assert not Failure.objects.filter(closed_at=None).exists()
    world.deliver()
    books = balanced(run)
    assert (books.read, books.unchanged, books.changed) == (40, 40 - missing, missing)
    assert sum(world.target.net_hours(f"TE-{n:07d}") for n in HUNDRED) == Decimal(8) * (40 - missing)


def test_books_count_what_came_before_a_destination_was_there(quick_world: Make) -> None:
    world = quick_world()
    run = begin(world)
    take_in(world, run, *(entry(n) for n in range(1, 10)), entry(10, legal_entity="HP-FR"))
    world.deliver()
    LegalEntity.objects.create(code="HP-FR", name="Halden & Partner SARL", country="FR", currency="EUR")
    second_destination(world, name="Second")
    stopped = list(Record.objects.filter(run=run, state="failed").values_list("pk", flat=True))

    reprocess.records(stopped, by=ENGINE, reason="the legal entity was added", how="fixed")
    world.deliver()

    first, second = balanced(run).destinations
    assert first.states == {"posted": 10}
    assert (second.states, second.not_chosen) == ({"posted": 1}, {accounting.EARLIER: 9})
    assert second.conditions == {accounting.EARLIER: "it came before this destination was there"}


def test_books_count_pages_of_before_a_destination_was_there(quick_world: Make) -> None:
    world = quick_world()
    run = begin(world)
    take_in(world, run, entry(1), entry(2))
    second_destination(world, name="Second", condition='role = "Partner"')
    take_in(world, run, entry(3), entry(4, role="Partner"))

    _, second = balanced(run).destinations
    assert (second.states, second.not_chosen) == ({"ready": 1}, {accounting.EARLIER: 2, 'role = "Partner"': 1})


def test_books_say_when_a_transaction_has_vanished_beside_what_came_before(quick_world: Make) -> None:
    world = quick_world()
    run = begin(world)
    take_in(world, run, entry(1))
    second_destination(world, name="Second")
    take_in(world, run, entry(2), entry(3))
    Transaction.objects.filter(key="TE-0000003/2").delete()

    books = accounting.books(run)
    assert (books.balanced, books.destinations[1].difference) == (False, 1)


def test_books_say_when_a_transaction_has_vanished(quick_world: Make) -> None:
    world = quick_world()
    run = begin(world)
    take_in(world, run, entry(1), entry(2))
    Transaction.objects.filter(key="TE-0000002").delete()
    [ledger] = accounting.books(run).destinations
    assert (accounting.books(run).balanced, ledger.difference) == (False, 1)


def test_books_cost_the_same_for_any_run(quick_world: Make, django_assert_num_queries: Any) -> None:
    world = quick_world()
    run = begin(world)
    take_in(world, run, *(entry(n) for n in HUNDRED))
    with django_assert_num_queries(6):
        accounting.books(run)
