"""The books of a run add up in money and hours, not in numbers of records alone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from canonical.failure import Category
from exceptions_queue import intake, totals, verbs
from exceptions_queue.models import WorkItem
from routes import accounting, drafts, receive
from routes.models import Destination, Run, Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.invariants.test_accounted import begin, take_in
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def page_of(run: Run, user: object) -> str:
    return text_of(signed_in(user).get(reverse("queue:run", args=[run.pk])))


def account_of(run: Run) -> Any:
    [(_, _, account)] = totals.lines(run, accounting.books(run))
    return account


def test_what_was_read_is_shown_beside_what_became_of_it(make_world: Make, staff: Staff) -> None:
    world = make_world()
    Destination.objects.update(condition_name="approved time")
    run = begin(world)
    stopped = entry(5, legal_entity="HP-XX")
    take_in(world, run, entry(1), entry(2, hours="0.00"), entry(3), entry(4, status="submitted"), stopped)
    world.deliver()

    page = page_of(run, staff.clara)

    assert "Posted 1,600.00 EUR 16 h 2" in page
    assert "Not chosen by the condition “approved time” 800.00 EUR 8 h 1" in page
    assert "before a destination was chosen 800.00 EUR 8 h 1" in page
    assert "New and changed, as read 3,200.00 EUR 32 h 5" in page
    assert "adds up" in page


def test_condition_is_called_by_its_name_and_its_formula_is_technical(make_world: Make, staff: Staff) -> None:
    world = make_world()
    run = begin(world)
    take_in(world, run, entry(1), entry(4, status="submitted"))
    formula, said = "approval_status = &quot;approved&quot;", "“approval status is approved”"

    assert f"Not chosen by the condition {said}" in page_of(run, staff.clara)
    assert formula not in page_of(run, staff.clara)
    technical = page_of(run, staff.ingrid)
    assert f"Not chosen for Ledger, by the condition {said}: {formula}" in technical.partition("Technical details")[2]
    assert formula not in technical.partition("Technical details")[0]
    Destination.objects.update(condition="hours > 99", condition_name="long days")
    assert f"Not chosen by a condition of before, {said}" in page_of(run, staff.clara), (
        "the name of today is not that of then"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": Decimal("799.99")}, "0.01 EUR not accounted for"),
        ({"hours": Decimal("7.5")}, "0.5 h not accounted for"),
        ({"currency": "USD"}, "800.00 EUR, -800.00 USD not accounted for"),
    ],
)
def test_amount_that_got_lost_on_the_way_is_shown(
    make_world: Make, staff: Staff, change: dict[str, object], said: str
) -> None:
    world = make_world()
    run = begin(world)
    take_in(world, run, entry(1), entry(2))
    assert "adds up" in page_of(run, staff.clara)

    Transaction.objects.filter(key="TE-0000001").update(**change)

    page = page_of(run, staff.clara)
    assert said in page
    assert "adds up" not in page


def test_correction_is_told_by_its_amount_and_adds_up(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.") if count < 2 else None
    run = begin(world)
    take_in(world, run, entry(1), entry(2))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    verbs.correct_field(item, by=staff.farid, field="amount", value="700.00", reason="typing error")

    account = account_of(run)

    assert (account.due.sums, account.corrected.sums) == ({"EUR": Decimal(1600)}, {"EUR": Decimal(-100)})
    assert not account.difference
    assert "Corrected or worked out anew here more than was read, or less -100.00 EUR" in page_of(run, staff.clara)


def test_record_whose_business_key_changed_counts_once(make_world: Make) -> None:
    world = make_world(key_formula='hub.key & "/" & project_code')
    run = begin(world)
    take_in(world, run, entry(1))
    world.deliver()
    take_in(world, run, entry(1, version=2, project_code="P-002"))

    account = account_of(run)

    assert account.due.sums == {"EUR": Decimal(1600)}
    assert not account.difference


def test_what_travels_counts_on_both_sides(make_world: Make) -> None:
    world = make_world("ledger_idempotent")
    run = begin(world)
    with transaction.atomic():
        receive.take_in(world.plan, [entry(2), entry(3)], run=run.pk, onward=drafts.open_for(world.plan))

    account = account_of(run)

    [book] = accounting.books(run).destinations
    assert sum(each.count for each in book.travelling) == 2
    assert account.due.sums == {"EUR": Decimal(1600)}
    assert not account.difference


def test_amounts_take_one_query_whatever_the_size(make_world: Make) -> None:
    world = make_world()
    run = begin(world)
    take_in(world, run, *(entry(n) for n in range(1, 30)))
    books = accounting.books(run)

    with CaptureQueriesContext(connection) as queries:
        totals.lines(run, books)

    assert len(queries) == 1
