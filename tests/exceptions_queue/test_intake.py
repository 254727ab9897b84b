"""Failures become items, grouped by cause; items close when their members have come to an end, and open again."""

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from canonical.failure import Category
from canonical.problem import Problem
from exceptions_queue import intake, saving, settle
from exceptions_queue.models import State, WorkItem, WorkItemEvent
from governance.actor import ENGINE
from routes import decisions, failures
from routes.models import Failure
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def troubles(world: World, number: int, *, key: str = "Consultant", **more: object) -> list[failures.Trouble]:
    """Return failures of one cause: a rate that is missing."""
    problem = Problem(
        "error", Category.UNMAPPED_VALUE, "bill_rate", None, f"There is no rate for {key}. Add it to the rates.",
        key, "a row for this role", "bill_rates", (key, "EUR"),
    )  # fmt: skip
    amounts: dict[str, object] = {"amount": Decimal("100.00"), "currency": "EUR", "hours": Decimal(1)}
    return [
        failures.Trouble(world.route.legal_entity_id, world.route.pk, "validate", problem, **(amounts | more))
        for _ in range(number)
    ]


def write_down(found: list[failures.Trouble]) -> None:
    with transaction.atomic():
        failures.write_down(found, at=timezone.now())


def item() -> WorkItem:
    return WorkItem.objects.get()


def events() -> list[tuple[str, str, str]]:
    return list(WorkItemEvent.objects.order_by("pk").values_list("verb", "to_state", "actor_kind"))


def test_take_in_makes_one_item_of_one_cause(make_world: Make) -> None:
    world = make_world()
    write_down(troubles(world, 37))

    assert intake.take_in() == 37

    assert (item().members, item().seen, item().amount, item().currency) == (37, 37, Decimal(3700), "EUR")
    assert item().hours == 37
    assert item().title == "Bill rates: no row for Consultant / EUR"
    assert item().owner == "finance data owner"
    assert [str(each) for each in item().amounts.all()] == ["3700.0000 EUR"]
    assert events() == [("opened", "new", "engine")]
    assert intake.take_in() == 0


def test_take_in_asks_the_same_queries_for_ten_and_ten_thousand(make_world: Make) -> None:
    world = make_world()
    counts = []
    for number in (10, 10_000):
        write_down(troubles(world, number, key=f"Role {number}"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert intake.take_in() == number
        counts.append(len(queries))
    for number in (10, 10_000):
        write_down(troubles(world, number, key=f"Role {number}"))
        with CaptureQueriesContext(connection) as queries:
            intake.take_in()
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[2] == counts[3]
    assert max(counts) <= 35
    assert set(WorkItem.objects.values_list("members", flat=True)) == {20, 20_000}


def test_take_in_asks_the_same_queries_for_one_and_many_causes(make_world: Make) -> None:
    world = make_world()
    counts = []
    for number in (1, 200):
        write_down([t for each in range(number) for t in troubles(world, 2, key=f"Role {number} {each}")])
        with CaptureQueriesContext(connection) as queries:
            intake.take_in()
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert WorkItem.objects.count() == 201


def test_a_sweep_leaves_what_comes_meanwhile_to_the_next(make_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world, rounds = make_world(), []
    write_down(troubles(world, 3))
    whole = intake.take_in

    def busy(limit: int = intake.LIMIT) -> int:
        rounds.append(1)
        write_down(troubles(world, 3))  # a run brings as many with its next page
        return whole(limit) if len(rounds) < 9 else 0

    monkeypatch.setattr(intake, "take_in", busy)
    intake.take_in_what_waits(until=time.monotonic() + 60)

    assert len(rounds) == 1
    assert item().members == 6


def test_a_sweep_takes_in_all_that_waits_in_rounds(make_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    write_down([t for each in range(7) for t in troubles(world, 2, key=f"Role {each}")])
    monkeypatch.setattr(intake, "CAUSES", 3)
    intake.take_in_what_waits(until=time.monotonic() + 60)

    assert WorkItem.objects.count() == 7


def test_an_item_is_saved_with_every_kind_of_value(make_world: Make) -> None:
    write_down(troubles(make_world(), 1))
    intake.take_in()
    told = item()
    told.about, told.waiting_on, told.hours, told.amount = (
        {"role": 'a "b" \\ {c},d'},
        'x, "y"\t\\',
        None,
        Decimal("-7.5"),
    )
    told.reopened, told.last_seen = 4, timezone.now()
    saving.save([told], intake.CHANGED)
    kept = item()

    assert [getattr(kept, name) for name in intake.CHANGED] == [getattr(told, name) for name in intake.CHANGED]


def test_item_shows_each_currency_and_its_largest_sum(make_world: Make) -> None:
    world = make_world()
    write_down([*troubles(world, 2), *troubles(world, 1, currency="USD", amount=Decimal(500))])
    write_down(troubles(world, 1, key="Partner", amount=None, currency=""))
    intake.take_in()

    second, first = WorkItem.objects.order_by("without_amount")  # whose worth nobody knows: the sums lack a rate
    assert (second.worth, second.worth_lacks[:10], first.worth) == (None, "USD to EUR", None)

    assert (first.amount, first.without_amount) == (None, 1)
    assert sorted(str(each) for each in second.amounts.all()) == ["200.0000 EUR", "500.0000 USD"]
    assert (second.amount, second.currency) == (500, "USD")


def test_two_workers_never_make_two_items_of_one_cause(make_world: Make) -> None:
    world = make_world()
    write_down(troubles(world, 1))
    intake.take_in()
    twin = item()
    twin.pk = None
    with pytest.raises(IntegrityError, match="one_open_work_item_per_cause"):
        twin.save(force_insert=True)


def test_cause_that_another_worker_takes_is_left_to_it(make_world: Make) -> None:
    world = make_world()
    write_down(troubles(world, 3))
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(intake.LOCK_CAUSES, [10, intake.LOCK])
            assert len(cursor.fetchall()) == 1
            assert intake.take_in() == 0
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert intake.take_in() == 3


def test_newer_version_closes_the_item_by_itself(make_world: Make) -> None:
    world = make_world()
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    world.take_in(entry(1, hours="7.00", version=2))
    intake.take_in()

    assert (item().state, item().resolution, item().members) == (State.RESOLVED, "auto:newer_version", 0)
    assert item().resolved_by == ENGINE.reference


def test_cause_that_comes_back_opens_the_item_again(make_world: Make) -> None:
    world = make_world()
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    world.take_in(entry(1, hours="7.00", version=2))
    intake.take_in()
    world.take_in(entry(2, hours="0.00"))
    intake.take_in()

    assert (item().state, item().reopened, item().members, item().seen) == (State.NEW, 1, 1, 2)
    assert item().resolved_by is None
    assert [verb for verb, _, _ in events()] == ["opened", "resolved", "reopened"]


def test_title_names_only_what_all_members_share(make_world: Make) -> None:
    world = make_world()
    world.take_in(entry(1, hours="0.00"), entry(2, hours="0.00", project_code="P-002"))
    intake.take_in()
    assert item().about == {"worker_id": "W-001", "role": "Consultant", "period": "2026-10"}
    world.take_in(entry(3, hours="0.00", worked_on="2026-09-05"))
    intake.take_in()
    assert item().about == {"worker_id": "W-001", "role": "Consultant"}


def test_resubmission_elsewhere_resolves_as_fixed_once_posted(make_world: Make) -> None:
    world = make_world()
    world.target.behave = lambda request, number: refused(Category.REFUSED) if number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()
    assert item().state == State.NEW

    decisions.resubmit([Failure.objects.get().transaction_id], by=ENGINE, reason="try again")
    intake.take_in()
    assert item().state == State.RESUBMITTED
    assert settle.settle_sent_again() == 0

    world.deliver()
    assert settle.settle_sent_again() == 1
    assert (item().state, item().resolution) == (State.RESOLVED, "fixed")


def test_same_cause_again_after_resubmission_takes_the_item_back(make_world: Make) -> None:
    world = make_world()
    world.target.behave = lambda request, number: refused(Category.REFUSED)
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()
    decisions.resubmit([Failure.objects.get().transaction_id], by=ENGINE, reason="try again")
    intake.take_in()
    world.deliver()
    intake.take_in()

    assert (item().state, item().members) == (State.IN_PROGRESS, 1)
    assert [verb for verb, _, _ in events()] == ["opened", "sent again", "stopped again"]


def test_missing_parent_is_waiting_and_names_it(make_world: Make) -> None:
    world = make_world()
    problem = Problem(
        "error", Category.MISSING_REFERENCE, "project", None, "Project P-881 does not exist yet.", "P-881", "",
        "project", ("P-881",),
    )  # fmt: skip
    write_down(
        [
            failures.Trouble(
                world.route.legal_entity_id, world.route.pk, "validate", problem,
                connection_id=world.destination.connection_id,
            )
        ]
    )  # fmt: skip
    intake.take_in()

    assert (item().state, item().waiting_on, item().owner) == (State.WAITING, "project P-881", "master-data team")
    assert item().title == "Project P-881 does not exist yet in Ledger"


def test_recovered_connection_closes_its_item(make_world: Make) -> None:
    world = make_world()
    target = world.destination.connection
    problem = Problem("error", Category.CREDENTIALS, "", None, "Ledger: the token is no longer accepted.")
    write_down([failures.Trouble(target.legal_entity_id, world.route.pk, "deliver", problem, connection_id=target.pk)])
    type(target).objects.filter(pk=target.pk).update(breaker_state="open", breaker_opened_at=timezone.now())
    failures.close_of_recovered(how="auto:retry_succeeded")
    intake.take_in()
    assert (item().state, item().title) == (State.NEW, "Ledger: sign-in refused")

    type(target).objects.filter(pk=target.pk).update(breaker_state="closed", breaker_opened_at=None)
    failures.close_of_recovered(how="auto:retry_succeeded")
    intake.take_in()
    assert (item().state, item().resolution) == (State.RESOLVED, "auto:retry_succeeded")


def test_resolved_item_without_a_code_is_refused_by_the_database(make_world: Make) -> None:
    world = make_world()
    write_down(troubles(world, 1))
    intake.take_in()
    with pytest.raises(IntegrityError, match="work_item_resolved"):
        WorkItem.objects.update(state="resolved", resolved_at=dt.datetime.now(tz=dt.UTC), resolved_by="engine:engine")
