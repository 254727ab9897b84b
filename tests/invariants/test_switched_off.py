"""A destination that is switched off for a while loses nothing: what comes for it is held, and goes on in order."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.db import connection

from governance.rights import Role
from routes import accounting, decisions, releases, reprocess
from routes.models import Destination, Failure, Record, Run, Transaction
from tests.governance.people import person
from tests.invariants.test_accounted import begin, take_in
from tests.routes.world import World, entry

Make = Callable[..., World]
KEY = "TE-0000001"


def switch(on: bool) -> None:
    Destination.objects.update(enabled=on)


def released(world: World, *, rounds: int = 1) -> None:
    """Do what the sweep does, and deliver."""
    for _ in range(rounds):
        releases.switched_on()
        world.deliver()


def test_new_entry_is_held_and_goes_on_when_it_is_switched_on(quick_world: Make) -> None:
    world = quick_world()
    switch(False)
    world.take_in(entry(1), entry(2))
    world.deliver()
    assert (world.states(), world.target.requests) == (["held", "held"], [])
    assert set(Transaction.objects.values_list("return_to", flat=True)) == {"normalised"}
    assert {(f.category, f.closed_at) for f in Failure.objects.all()} == {("configuration", None)}
    assert "“Ledger” is switched off" in Failure.objects.all()[0].message
    assert len(set(Failure.objects.values_list("fingerprint", flat=True))) == 1
    assert releases.switched_on() == 0

    switch(True)
    released(world)

    assert (world.states(), world.target.net_hours(KEY)) == (["posted", "posted"], 8)
    assert not Failure.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize(
    ("newer", "hours"), [(entry(1, hours="7.00", version=2), 7), (entry(1, version=2, status="unsubmitted"), 0)]
)
def test_correction_and_lost_approval_are_held_too(quick_world: Make, newer: dict[str, object], hours: int) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    switch(False)
    world.take_in(newer)
    world.deliver()
    assert (world.states(), world.target.net_hours(KEY)) == (["posted", "held"], 8)
    switch(True)
    released(world)
    assert world.target.net_hours(KEY) == hours


def test_newest_version_replaces_the_ones_held_before_it(quick_world: Make) -> None:
    world = quick_world()
    switch(False)
    world.take_in(entry(1))
    world.take_in(entry(1, hours="7.00", version=2))
    switch(True)
    released(world)
    assert world.states() == ["superseded", "posted"]
    assert [c.operation for c in world.target.commits] == ["create"]


def test_stream_in_order_goes_on_in_order(quick_world: Make) -> None:
    world = quick_world(order="in_order", correction="delta")
    switch(False)
    for version, hours in ((1, "8.00"), (2, "6.00"), (3, "5.00")):
        world.take_in(entry(1, hours=hours, version=version))
    switch(True)
    released(world, rounds=3)
    assert world.states() == ["posted"] * 3
    sent = [msgspec.json.decode(c.body, type=dict[str, Any])["hours"] for c in world.target.commits]
    assert sent == [8, -2, -1]
    assert world.target.net_hours(KEY) == 5


def test_what_needs_approval_is_asked_for_once_it_is_switched_on(quick_world: Make) -> None:
    from governance.models import User

    clara = User.objects.create_superuser(username="clara", email="clara@halden.example", password="x")
    world = quick_world(approval_formula="hours > 7")
    switch(False)
    world.take_in(entry(1))
    switch(True)
    released(world)
    assert (world.states(), world.target.requests) == (["held"], [])
    assert Failure.objects.get(closed_at=None).category == "approval_missing"
    assert decisions.approve([world.transactions()[0].pk], by=clara, reason="agreed")
    world.deliver()
    assert world.states() == ["posted"]


def test_sending_again_while_it_is_off_holds_it_again(quick_world: Make) -> None:
    from governance.actor import ENGINE

    world = quick_world()
    world.take_in(entry(1, hours="0.00"))
    switch(False)
    assert not reprocess.transactions([t.pk for t in world.transactions()], by=ENGINE, reason="again", how="fixed")
    assert world.states() == ["failed"]  # its own cause stands first
    world.take_in(entry(1, version=2))
    assert not reprocess.transactions([t.pk for t in world.transactions()], by=ENGINE, reason="again", how="fixed")
    assert world.states() == ["superseded", "held"]
    switch(True)
    released(world)
    assert world.states() == ["superseded", "posted"]


def test_books_count_what_is_held(quick_world: Make) -> None:
    world = quick_world()
    switch(False)
    run = begin(world)
    take_in(world, run, entry(1), entry(2, status="submitted"))
    [book] = accounting.books(Run.objects.get(pk=run.pk)).destinations
    assert (book.states, sum(book.not_chosen.values()), book.difference) == ({"held": 1}, 1, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM routes_wait WHERE kind = 'switch'")
        assert cursor.fetchone() == (1,)
    assert not accounting.unexplained()


def test_member_of_a_group_that_is_off_takes_only_what_nobody_else_wants(quick_world: Make) -> None:
    world = quick_world(condition="worked_on <= DATE(2026, 12, 31)", group="erp")
    old = world.destination
    Destination.objects.create(
        route=world.route, name="Cloud", connection=old.connection, stream="entries", mapping=old.mapping,
        group="erp", condition="worked_on >= DATE(2026, 10, 1)", correction="update", key_formula='"C-" & hub.key',
    )  # fmt: skip
    Destination.objects.filter(pk=old.pk).update(enabled=False)
    world.take_in(entry(1), entry(2, worked_on="2026-09-30"))
    assert [(t.destination.name, t.state) for t in world.transactions()] == [("Cloud", "ready"), ("Ledger", "held")]


def test_destination_that_is_still_being_made_stops_nobody(quick_world: Make) -> None:
    world = quick_world()
    for name, more in (("A", {"mapping": "not-published"}), ("B", {"condition": "hours >"})):
        Destination.objects.create(
            **{"route": world.route, "name": name, "connection": world.destination.connection, "stream": "entries",
               "mapping": world.destination.mapping, "enabled": False} | more,
        )  # fmt: skip
    world.take_in(entry(1))
    world.deliver()
    assert world.states() == ["posted"]
    assert Record.objects.get().not_chosen is None


@pytest.mark.parametrize("status", ["approved", "unsubmitted"])
def test_approval_sends_nothing_to_what_is_switched_off(quick_world: Make, status: str) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    switch(False)
    world.take_in(entry(1, hours="7.00", version=2, status=status))
    held = world.transactions()[-1]
    clara = person("Clara Voss", Role.CONTROLLER)
    assert decisions.approve([held.pk], by=clara, reason="agreed") == []
    world.deliver()
    assert (world.states(), world.target.net_hours(KEY)) == (["posted", "held"], 8)
