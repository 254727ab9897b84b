"""A correction reaches every transaction of its record, and ends only by what the source says anew."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from canonical.failure import Category
from governance.actor import ENGINE
from governance.models import User
from governance.rights import NotAllowed, Role
from mappings import tables
from mappings.models import LookupTable
from routes import decisions, overlays, receive, reprocess
from routes.models import Destination, Failure, Overlay, Record, Transaction
from routes.plan import plan
from tests.governance.people import person
from tests.routes.test_corrected_fields import books, correct, farid, priced, sent
from tests.routes.world import World, entry, refused

__all__ = ["farid"]
Make = Callable[..., World]


def second(world: World, **more: Any) -> Destination:
    """Give the route another destination, at another ledger."""
    made = Destination.objects.select_related("connection").get(pk=world.destination.pk)
    other = made.connection
    other.pk, other.slug, other.name = None, "copy", "Copy"
    other._state.adding = True
    other.save()
    made.pk, made.name, made.connection = None, "Copy", other
    for name, value in more.items():
        setattr(made, name, value)
    made.save()
    plan.cache_clear()
    return made


def refusing(world: World) -> None:
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Not today.")


def accepting(world: World) -> None:
    world.target.behave = lambda request, count: None


def rate_is(rate: int) -> None:
    table = LookupTable.objects.get(name="bill_rates")
    assert not tables.add_rows(
        table, [tables.NewRow(("Consultant", "EUR"), {"rate": Decimal(rate)})], by=ENGINE
    ).waiting


def test_correction_reaches_both_destinations(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    second(world)
    world.take_in(entry(1, hours="0.00"))
    assert world.states() == ["failed", "failed"]

    correct(world, farid, hours="4.00")

    assert "failed" not in world.states()
    assert books() == [(Decimal(4), Decimal(400))] * 2


def test_changed_row_is_no_word_of_the_source(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    refusing(world)
    world.take_in(entry(1))
    world.deliver()
    rate_is(120)
    accepting(world)

    correct(world, farid, amount="350.00")
    assert books() == [(Decimal(8), Decimal(350))]
    world.take_in(entry(1, version=2, notes="told more"))
    world.deliver()

    assert sent(world.target)["amount"] == 350
    assert Overlay.objects.get().ended_at is None
    assert not Failure.objects.filter(closed_at=None).exists()


def test_row_that_is_added_later_does_not_end_a_corrected_amount(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, role="Consulant"))
    correct(world, farid, bill_rate="50", amount="350.00")
    table = LookupTable.objects.get(name="bill_rates")
    tables.add_rows(table, [tables.NewRow(("Consulant", "EUR"), {"rate": Decimal(70)})], by=ENGINE)

    world.take_in(entry(1, role="Consulant", version=2, notes="told more"))
    world.deliver()

    assert sent(world.target)["amount"] == 350
    assert not Failure.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize("hours", ["4", "4.0", "4.00"])
def test_equal_number_with_other_digits_agrees(make_world: Make, farid: User, hours: str) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    correct(world, farid, hours="4")
    world.take_in(entry(1, hours=hours, version=2))
    assert Overlay.objects.get().ended_how == "source_agrees"


def test_same_number_with_other_digits_is_nothing_new(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    correct(world, farid, hours="4")
    world.take_in(entry(1, hours="0", version=2))
    assert Overlay.objects.get().ended_at is None


def test_question_names_every_correction_that_the_source_contradicts(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    correct(world, farid, hours="4", amount="350")
    world.take_in(entry(1, hours="6.00", version=2))

    told = Failure.objects.get(closed_at=None).message
    assert "hours was corrected to 4 because the source said 0.00; now the source says 6.00." in told
    assert "amount was corrected to 350" in told


def test_whoever_corrects_while_somebody_approves_does_not_approve_it(make_world: Make) -> None:
    world = priced(make_world(approval_formula="hours > 5"))
    world.take_in(entry(1))
    clara = person("Clara Voss", Role.CONTROLLER)
    held = Transaction.objects.get()
    told: list[object] = []

    def approve() -> None:
        try:
            told.append(decisions.approve([held.pk], by=clara, reason="agreed"))
        except NotAllowed:
            told.append("refused")
        finally:
            connection.close()

    beside = threading.Thread(target=approve)
    with transaction.atomic():
        overlays.correct(record=held.record_id, field="hours", value="7", reason="slip", by=clara)
        reprocess.transactions([held.pk], by=clara, reason="corrected", how="fixed")
        beside.start()
        beside.join(1)
    beside.join(20)

    assert told == ["refused"]
    assert world.states() == ["held"]


def test_correction_of_what_is_just_being_replaced_is_refused(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    first = Record.objects.get()
    told: list[str] = []

    def correct_first() -> None:
        try:
            overlays.correct(record=first.pk, field="hours", value="4", reason="slip", by=farid)
        except ValueError as error:
            told.append(str(error))
        finally:
            connection.close()

    beside = threading.Thread(target=correct_first)
    with transaction.atomic():
        world.take_in(entry(1, hours="0.00", version=2, notes="told more"))
        beside.start()
        beside.join(1)
    beside.join(20)

    assert told == ["A newer version of TE-0000001 has come meanwhile. Load the page again."]
    assert not Overlay.objects.exists()


def test_deleted_record_is_taken_back_with_its_corrected_money(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    correct(world, farid, hours="4")

    receive.withdraw_missing(world.plan, [Record.objects.get().key], run=None)

    taken_back = Transaction.objects.get(withdraws=True)
    assert (taken_back.hours, taken_back.amount) == (Decimal(4), Decimal(400))


def test_amount_without_a_currency_is_told_to_a_person(make_world: Make) -> None:
    world = make_world()
    world.take_in(entry(1, currency=None))
    assert "without a currency" in Failure.objects.get().message
    assert not world.states()
