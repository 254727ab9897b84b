"""What items are worth: by the rates of their days, unknown where one is missing, and no record's money twice."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from canonical.failure import Category
from canonical.problem import Problem
from exceptions_queue import deadlines, intake, reckoning, recount
from exceptions_queue.models import Recount, WorkItem, WorkItemAmount
from exceptions_queue.pages.home import tiles
from exceptions_queue.worth import Reporting, Sum, rates_for
from governance.actor import ENGINE
from mappings import tables
from routes import failures
from routes.models import Failure
from tests.exceptions_queue.test_intake import write_down
from tests.governance.people import company
from tests.routes.world import World, entry

Make = Callable[..., World]
DAY = dt.date(2026, 10, 5)


@pytest.fixture
def world(quick_world: Make) -> World:
    return quick_world()


def stopped(world: World, record: UUID, cause: str, amount: object = 100, **more: object) -> failures.Trouble:
    """Return the failure of one destination of a record."""
    problem = Problem(
        "error", Category.UNMAPPED_VALUE, "task", None, f"No row for {cause}.", cause, "", "tasks", (cause,)
    )
    given = {"amount": None if amount is None else Decimal(str(amount)), "currency": "EUR", "record": record,
             "transaction": uuid4(), "hours": Decimal(1)} | more  # fmt: skip
    return failures.Trouble(world.route.legal_entity_id, world.route.pk, "validate", problem, **given)


def known() -> dict[str, tuple[int, Decimal | None]]:
    return {item.table_key[0]: (item.members, item.worth) for item in WorkItem.objects.open()}


def added_up() -> Decimal:
    """Return what the first page's tiles say is open."""
    return sum((amount for tile in tiles(ENGINE) for amount, _ in tile["sums"]), Decimal(0))


def close(cause: str) -> None:
    now = timezone.now()
    Failure.objects.filter(table_key=[cause]).update(closed_at=now, closed_how="fixed", taken=False)
    intake.take_in()


def test_record_with_three_destinations_counts_its_money_once(world: World) -> None:
    one, other = uuid4(), uuid4()
    write_down([stopped(world, one, "T-1", 100), stopped(world, one, "T-1", None), stopped(world, one, "T-1", 100)])
    write_down([stopped(world, other, "T-1", 50), stopped(world, uuid4(), "T-1", None)])
    intake.take_in()

    item = WorkItem.objects.get()
    assert (item.members, item.amount, item.worth, item.hours, item.without_amount) == (5, 150, 150, 3, 1)
    assert added_up() == 150


def test_record_in_two_items_counts_once_in_all_totals_whoever_goes_first(world: World) -> None:
    shared = [uuid4() for _ in range(3)]
    for cause in ("T-1", "T-2", "T-3"):
        write_down([stopped(world, each, cause) for each in shared])
        write_down([stopped(world, uuid4(), cause, 7)])
        intake.take_in()
        recount.sweep()
    assert known() == dict.fromkeys(("T-1", "T-2", "T-3"), (4, Decimal(307))), "each item says all that it holds"
    assert added_up() == 321
    assert sum(line.sums["EUR"] for line in deadlines.deadlines(ENGINE)) == 321
    for cause, left in (("T-2", 314), ("T-1", 307), ("T-3", 0)):
        close(cause)
        recount.sweep()
        assert added_up() == left, "what one item lets go, another counts"
    assert not Recount.objects.exists()


def test_amount_that_one_item_does_not_know_is_counted_by_the_one_that_does(world: World) -> None:
    record = uuid4()
    for cause in ("T-1", "T-2", "T-3"):
        write_down([stopped(world, record, cause, 100 if cause == "T-2" else None)])
        intake.take_in()
        recount.sweep()
    assert added_up() == 100


def test_worth_is_by_the_rate_of_the_day(world: World) -> None:
    table = tables.create_table(
        name="exchange_rates", title="Exchange rates", key_columns=["currency"], value_columns={"rate": "decimal"},
        by=ENGINE,
    )  # fmt: skip
    october = tables.NewRow(("USD",), {"rate": Decimal("0.9")}, None, dt.date(2026, 10, 31))
    tables.add_rows(table, [october], by=ENGINE)
    world.take_in(*(
        entry(n, hours="0.00", amount=Decimal(100), currency="USD", worked_on=day)
        for n, day in enumerate(("2026-10-05", "2026-10-31"), 1)
    ))  # fmt: skip
    intake.take_in()
    item = WorkItem.objects.get()
    assert (item.worth, item.worth_currency, item.worth_lacks) == (180, "EUR", "")

    world.take_in(entry(3, hours="0.00", amount=Decimal(100), currency="USD", worked_on="2026-11-02"))
    intake.take_in()
    item.refresh_from_db()
    assert (item.worth, item.worth_lacks) == (None, "USD to EUR on 2026-11-02")
    assert item.rank >= 1000
    november = tables.NewRow(("USD",), {"rate": Decimal("0.8")}, dt.date(2026, 11, 1), None)
    tables.add_rows(table, [november], by=ENGINE)
    WorkItem.objects.update(reckoned_at=None)
    assert reckoning.sweep() == 1
    item.refresh_from_db()
    assert (item.worth, item.rank) == (260, item.priority)


def test_a_companys_own_rates_stand_before_those_that_serve_all(world: World) -> None:
    for owner, rate in ((None, "2"), (company("HP-GB"), "3")):
        table = tables.create_table(
            name="fx", title="Rates", key_columns=["from", "to"], value_columns={"is": "decimal"}, by=ENGINE,
            legal_entity=owner,
        )  # fmt: skip
        rows = [tables.NewRow((frm, to), {"is": Decimal(rate)}) for frm, to in (("USD", "EUR"), ("EUR", "USD"))]
        tables.add_rows(table, rows, by=ENGINE)
    rates = rates_for(Reporting("EUR", "fx", "is"), ["USD", "GBP", "EUR"])
    german, british = company("HP-DE").pk, company("HP-GB").pk
    assert [rates.rate(each, "USD", DAY) for each in (german, british)] == [2, 3]
    assert rates.rate(german, "GBP", DAY) is None
    assert rates.worth([Sum(german, DAY, "EUR", Decimal(1)), Sum(british, DAY, "USD", Decimal(1))]).amount == 4
    assert rates_for(Reporting("EUR", "fx", "none_such"), ["USD"]).rate(german, "USD", DAY) is None


def test_sweep_asks_as_much_for_few_and_for_many(world: World) -> None:
    counts = []
    for number in (2, 60):
        write_down([stopped(world, uuid4(), f"T-{number}-{each}", each) for each in range(number)])
        intake.take_in()
        WorkItem.objects.update(reckoned_at=None)
        Recount.objects.bulk_create(Recount(item_id=pk) for pk in WorkItem.objects.values_list("pk", flat=True))
        for swept in (reckoning.sweep, recount.sweep):
            with CaptureQueriesContext(connection) as queries:
                swept()
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
    assert WorkItemAmount.objects.count() == 62


def test_rate_that_a_company_has_not_said_is_that_of_all(world: World) -> None:
    for owner, currency, rate in ((None, "USD", "2"), (company("HP-GB"), "CHF", "3")):
        table = tables.create_table(
            name="fx", title="Rates", key_columns=["from"], value_columns={"is": "decimal"}, by=ENGINE,
            legal_entity=owner,
        )  # fmt: skip
        tables.add_rows(table, [tables.NewRow((currency,), {"is": Decimal(rate)})], by=ENGINE)
    rates = rates_for(Reporting("EUR", "fx", "is"), ["USD", "CHF"])
    british = company("HP-GB").pk
    assert [rates.rate(british, each, DAY) for each in ("USD", "CHF")] == [2, 3]
    assert rates.rate(company("HP-DE").pk, "CHF", DAY) is None
