"""Consignments and two pages at the same moment, on real connections."""

import threading
from collections.abc import Callable

from django.db import connections, transaction

from canonical.failure import Category
from routes import drafts, receive
from routes.models import Failure, Transaction
from tests.invariants.test_duplicates import second_source
from tests.routes.world import World, entry

Make = Callable[..., World]


def test_pages_that_bring_what_travels_elsewhere_wait_in_one_order(make_world: Make) -> None:
    """One corrects what travels while another route brings the same key."""
    world = make_world("ledger_idempotent")
    other = second_source(world)
    world.travels = True
    world.take_in(*(entry(n) for n in range(1, 30)))
    errors: list[Exception] = []
    together = threading.Barrier(2)

    def bring(one: World, version: int) -> None:
        made = one.plan
        together.wait()
        try:
            with transaction.atomic():
                page = [entry(n, hours="3.00", version=version) for n in range(1, 30)]
                receive.take_in(made, page, run=None, onward=drafts.open_for(made))
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        connections.close_all()

    threads = [threading.Thread(target=bring, args=each) for each in ((world, 2), (other, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    world.deliver()
    assert Failure.objects.filter(category=Category.DUPLICATE).count() == 29


def test_key_is_taken_by_one_of_two_routes_that_bring_it_at_once(make_world: Make) -> None:
    """Two pages at the same moment, both sure that nothing ever came for the key."""
    world = make_world("ledger_idempotent")
    other = second_source(world)
    world.travels = other.travels = True
    together = threading.Barrier(2)

    def bring(one: World) -> None:
        made = one.plan
        together.wait()
        with transaction.atomic():
            receive.take_in(made, [entry(n) for n in range(1, 30)], run=None, onward=drafts.open_for(made))
        connections.close_all()

    threads = [threading.Thread(target=bring, args=(each,)) for each in (world, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.deliver()
    assert len(world.target.commits) == 29
    assert Transaction.objects.filter(state="posted").count() == 29
    assert Failure.objects.filter(category=Category.DUPLICATE).count() == 29
