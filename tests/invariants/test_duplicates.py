"""Two records that want one key at a target: the second stops and names both; nothing overwrites anything."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from canonical.failure import Category
from connectors.models import Connection
from governance.actor import ENGINE
from routes import receive, reprocess
from routes.models import Destination, Failure, KeyHead, Record, Route, Transaction
from routes.plan import current, plan
from tests.routes.world import World, entry

Make = Callable[..., World]
KEY = "TE-0000001"


def second_source(world: World) -> World:
    """Return the same target fed by a second time tool's route."""
    other = Connection.objects.create(
        slug="other-time", name="Other time", connector="ledger_look_up", environment="sandbox",
        legal_entity=world.route.legal_entity, answers={"base_url": ""},
    )  # fmt: skip
    route = Route.objects.create(
        slug="other-time-to-ledger", name="Other time to ledger", legal_entity=world.route.legal_entity,
        connection=other, stream="time_entries", canonical_entity="time_entry", mapping="ledger-time-in",
    )  # fmt: skip
    destination = Destination.objects.create(
        route=route, name="Ledger", connection=world.destination.connection, stream="entries",
        mapping="ledger-time-out", condition='approval_status = "approved"', correction="update",
    )  # fmt: skip
    return World(route, destination, world.target)


def duplicate() -> Failure:
    """Return the one open failure, which must be of a record that stopped before it became a transaction."""
    failure = Failure.objects.get(closed_at=None)
    assert (failure.category, failure.transaction_id) == (Category.DUPLICATE, None)
    assert Record.objects.get(pk=failure.record_id).state == "failed"
    return failure


@pytest.mark.parametrize("delivered", [True, False])
def test_second_source_does_not_replace_the_first(quick_world: Make, delivered: bool) -> None:
    world = quick_world()
    other = second_source(world)
    world.take_in(entry(1, hours="8.00"))
    if delivered:
        world.deliver()
    other.take_in(entry(1, hours="3.00", version=2), entry(2, hours="3.00"))
    world.deliver()
    assert (world.target.net_hours(KEY), world.target.net_hours("TE-0000002")) == (8, 3)
    message = duplicate().message
    assert f"{KEY} would be written to “Ledger” under the key {KEY}" in message
    assert f"belongs to {KEY} of the route “Time to ledger”" in message


def test_newer_version_of_the_second_replaces_the_one_that_stopped(quick_world: Make) -> None:
    world = quick_world()
    other = second_source(world)
    world.take_in(entry(1))
    other.take_in(entry(1, hours="3.00"))
    other.take_in(entry(1, hours="4.00", version=2))
    assert Record.objects.filter(state="superseded").count() == 1
    assert duplicate().hours == 4
    other.take_in(entry(1, hours="4.00", version=3, status="unsubmitted"))
    world.deliver()
    assert not Failure.objects.filter(closed_at=None).exists()
    assert (world.states(), world.target.net_hours(KEY)) == (["posted"], 8)


def test_second_goes_on_once_the_first_is_taken_back(quick_world: Make) -> None:
    world = quick_world()
    other = second_source(world)
    world.take_in(entry(1, version=5))
    world.deliver()
    other.take_in(entry(1, hours="3.00", version=2))
    record = duplicate().record_id
    world.take_in(entry(1, version=6, status="unsubmitted"))
    world.deliver()
    assert reprocess.records([record], by=ENGINE, reason="the other one is gone", how="fixed")
    world.deliver()
    assert world.target.net_hours(KEY) == 3
    other.take_in(entry(1, hours="4.00", version=3))
    world.deliver()
    assert list(Transaction.objects.filter(destination=other.destination).values_list("state", flat=True)) == [
        "posted", "posted",
    ]  # fmt: skip
    assert world.target.net_hours(KEY) == 4
    assert not Failure.objects.filter(closed_at=None).exists()
    world.take_in(entry(1, version=7))  # approved again: now it is the second
    assert "of the route “Other time to ledger”" in duplicate().message


def test_older_version_of_the_same_record_stays_too_old(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, version=3))
    world.take_in(entry(1, version=4, status="unsubmitted"))
    world.deliver()
    world.take_in(entry(1, version=2))
    world.deliver()
    assert (world.target.commits, world.states()[0]) == ([], "superseded")


def test_key_formula_that_gives_two_records_one_key_stops_the_second_page(quick_world: Make) -> None:
    world = quick_world(key_formula="project_code")
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(2, hours="3.00", version=2))
    world.deliver()
    assert [c.operation for c in world.target.commits] == ["create"]
    assert f"TE-0000002 would be written to “Ledger” under the key P-001, which belongs to {KEY}" in duplicate().message
    Destination.objects.update(key_formula="entry_id")
    stopped = [duplicate().record_id]
    assert reprocess.records(stopped, by=ENGINE, reason="the formula was corrected", how="fixed") == stopped
    world.deliver()
    assert len(world.target.commits) == 2


def test_key_formula_that_gives_two_records_one_key_spares_the_rest_of_the_page(quick_world: Make) -> None:
    world = quick_world(key_formula="project_code")
    world.take_in(entry(1), entry(2), entry(3, project_code="P-002"))
    world.deliver()
    assert sorted(c.key for c in world.target.commits) == ["P-001", "P-002"]
    assert "belongs to TE-0000001 already" in duplicate().message


def test_record_that_stops_leaves_no_trace_at_its_other_destinations(quick_world: Make) -> None:
    world = quick_world(key_formula="project_code")
    Destination.objects.create(
        route=world.route, name="Copy", connection=world.destination.connection, stream="entries",
        mapping="ledger-time-out", correction="update", key_formula='"C-" & hub.key',
    )  # fmt: skip
    world.take_in(entry(1))
    world.take_in(entry(2))
    duplicate()
    assert set(KeyHead.objects.values_list("key", flat=True)) == {"P-001", f"C-{KEY}"}
    world.deliver()
    assert world.states() == ["posted", "posted"]


def test_two_destinations_of_a_route_that_write_one_key_are_named(quick_world: Make) -> None:
    world = quick_world()
    Destination.objects.create(
        route=world.route, name="Second", connection=world.destination.connection, stream="entries",
        mapping="ledger-time-out", correction="update",
    )  # fmt: skip
    world.take_in(entry(1))
    world.deliver()
    assert "“Ledger” and “Second” would both write under the key" in duplicate().message
    assert world.target.requests == []


def test_destination_that_takes_over_a_key_corrects_what_stands_there(quick_world: Make) -> None:
    world = quick_world(condition='role = "Consultant"')
    Destination.objects.create(
        route=world.route, name="Partners", connection=world.destination.connection, stream="entries",
        mapping="ledger-time-out", correction="update", condition='role = "Partner"',
    )  # fmt: skip
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, role="Partner", hours="6.00", version=2))
    world.deliver()
    assert [c.operation for c in world.target.commits] == ["create", "update"]
    assert world.target.net_hours(KEY) == 6
    assert set(Record.objects.order_by("-sequence")[0].not_chosen) == {str(world.destination.pk)}
    world.take_in(entry(1, role="Partner", version=3, hours="5.00"))
    world.deliver()
    assert world.target.net_hours(KEY) == 5


def test_duplicates_cost_fresh_keys_no_query_and_known_ones_a_constant_number(quick_world: Make) -> None:
    world = quick_world()
    other = second_source(world)
    made: Any = plan(current(other.route).pk)
    world.take_in(*(entry(number) for number in range(1, 60)))

    def queries(first: int, last: int) -> int:
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            receive.take_in(made, [entry(number, hours="3.00") for number in range(first, last)], run=None)
        return len(captured)

    assert queries(100, 102) == queries(200, 250)
    assert queries(1, 3) == queries(10, 50)
