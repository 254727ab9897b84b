"""Where a route has several destinations a correction reaches each of them, as a newer version of the record would."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from canonical.failure import Category
from governance.models import User
from routes import accounting, corrected_versions, deliver, overlays
from routes.models import Destination, Failure, Record, Transaction
from tests.routes.test_corrected_fields import farid, priced
from tests.routes.test_corrections_kept import second
from tests.routes.world import World, entry, refused, unknown

__all__ = ["farid"]
Make = Callable[..., World]


def split(make_world: Make, **copy: Any) -> tuple[World, Destination]:
    """Return a world that has posted an entry of 8 hours at the copy, while the ledger refused it."""
    world = priced(make_world())
    copy_ = second(world, **copy)
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, count: None
    at_copy(world, copy_)
    return world, copy_


def at_copy(world: World, copy: Destination) -> None:
    while deliver.deliver(connection_id=copy.connection_id, lane="posting", stream="entries").claimed:
        pass


def correct(farid: User, **fields: str) -> corrected_versions.Restated:
    """Correct fields of what failed, and let the record have a version of it."""
    open_ = Failure.objects.get(closed_at=None)
    assert open_.record_id
    assert open_.transaction_id
    with transaction.atomic():
        for field, value in fields.items():
            overlays.correct(record=open_.record_id, field=field, value=value, reason="as on the slip", by=farid)
        return corrected_versions.store([open_.transaction_id], by=farid, reason="as on the slip", how="fixed")


def both(world: World, copy: Destination) -> None:
    world.deliver()
    at_copy(world, copy)


def standing(destination: Destination) -> list[tuple[str, str, Any]]:
    """Return operation, state and amount of what was written at a destination, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.operation, e.state, t.amount FROM routes_effect e JOIN routes_effectlink l ON l.effect_id = e.id"
            " JOIN routes_transaction t ON t.id = l.transaction_id WHERE e.connection_id = %s ORDER BY e.number",
            [destination.connection_id],
        )
        return cursor.fetchall()


def test_what_is_posted_elsewhere_is_corrected_there(make_world: Make, farid: User) -> None:
    world, copy = split(make_world)

    done = correct(farid, hours="4.00")
    both(world, copy)

    assert (done.places.went_on, done.places.told()) == (1, "Corrected there, too: 1 at Copy.")
    assert standing(copy) == [("create", "confirmed", 800), ("update", "confirmed", 400)]
    assert standing(world.destination)[-1] == ("create", "confirmed", 400)
    assert not Failure.objects.filter(closed_at=None).exists()
    assert {f.closed_how for f in Failure.objects.all()} == {"fixed"}
    assert accounting.unexplained() == []


@pytest.mark.parametrize(
    ("correction", "operations"), [("reverse", ["create", "reverse", "create"]), ("delta", ["create", "create"])]
)
def test_it_is_corrected_in_the_way_of_its_destination(
    make_world: Make, farid: User, correction: str, operations: list[str]
) -> None:
    world, copy = split(make_world, correction=correction)
    correct(farid, hours="4.00")
    both(world, copy)
    assert [operation for operation, *_ in standing(copy)] == operations
    assert {state for _, state, _ in standing(copy)} == {"confirmed"}


def test_where_nothing_can_be_corrected_a_person_is_asked(make_world: Make, farid: User) -> None:
    world, copy = split(make_world, correction="none")
    correct(farid, hours="4.00")
    both(world, copy)
    asked = Failure.objects.get(closed_at=None).transaction_id
    assert Transaction.objects.get(pk=asked).destination == copy


def test_destination_that_wants_it_only_now_gets_it(make_world: Make, farid: User) -> None:
    world, copy = split(make_world, condition='approval_status = "approved" AND hours < 5')
    assert standing(copy) == []

    done = correct(farid, hours="4.00")
    both(world, copy)

    assert dict(done.places.corrected) == {"Copy": 1}
    assert standing(copy) == [("create", "confirmed", 400)]


def test_destination_that_wants_it_no_more_has_it_taken_back(make_world: Make, farid: User) -> None:
    world, copy = split(make_world, condition="hours > 5")

    done = correct(farid, hours="4.00")
    both(world, copy)

    assert dict(done.places.taken_back) == {"Copy": 1}
    assert [operation for operation, *_ in standing(copy)] == ["create", "reverse"]
    assert standing(world.destination)[-1] == ("create", "confirmed", 400)


def test_correction_waits_for_an_outcome_that_is_in_doubt(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    copy = second(world)
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, count: unknown()
    at_copy(world, copy)
    world.target.behave = lambda request, count: None

    correct(farid, hours="4.00")
    both(world, copy)
    assert standing(copy) == [("create", "unknown", 800)]
    for _ in range(4):  # it is asked for, twice
        world.later(3600)
        both(world, copy)

    assert [(state, amount) for _, state, amount in standing(copy)][-1] == ("confirmed", 400)


def test_what_no_destination_would_want_is_left_to_whoever_corrects_it(make_world: Make, farid: User) -> None:
    world = priced(make_world(condition="billable"))
    copy = second(world, condition="hours > 100")
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()

    done = correct(farid, billable="no")

    assert not done.handled
    assert Record.objects.count() == 1
    assert standing(copy) == []


def test_correction_that_breaks_a_rule_of_the_mapping_changes_nothing_anywhere(make_world: Make, farid: User) -> None:
    world, copy = split(make_world)

    done = correct(farid, hours="30.00")
    both(world, copy)

    assert not done.handled
    assert standing(copy) == [("create", "confirmed", 800)]
    assert Failure.objects.filter(closed_at=None).count() == 1, "it stays with whoever corrects it"


def test_source_that_says_the_same_again_brings_nothing_new(make_world: Make, farid: User) -> None:
    world, _ = split(make_world)
    correct(farid, hours="4.00")
    totals = world.take_in(entry(1))
    assert (totals.unchanged, totals.changed) == (1, 0)


def test_next_version_of_the_source_stands_behind_the_correction(make_world: Make, farid: User) -> None:
    world, copy = split(make_world)
    correct(farid, hours="4.00")
    both(world, copy)
    world.take_in(entry(1, version=2, notes="told more"))
    both(world, copy)
    newest = Transaction.objects.filter(destination=copy).order_by("-version")[0]
    assert (newest.state, newest.hours) == ("posted", Decimal(4))


def test_route_with_one_destination_needs_no_version(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    assert not correct(farid, hours="4.00").handled
    assert Record.objects.count() == 1


def test_stream_in_order_is_never_added_to(make_world: Make, farid: User) -> None:
    world = priced(make_world(order="in_order"))
    second(world)
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    assert not correct(farid, hours="4.00").handled
    assert Record.objects.count() == 1
