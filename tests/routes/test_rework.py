"""What is translated anew when it is sent stops with its problem, as it would on arrival; nothing goes out short."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import versions
from governance.actor import ENGINE
from mappings import cross_references
from mappings.models import Approval, CrossReference, LookupTable
from mappings.tables import NewRow, add_rows, approve_rows, create_table, withdraw_rows
from routes import bodies
from routes.models import Effect, Failure, Transaction
from tests.governance.people import person
from tests.routes.world import OUTWARD, World, entry

Make = Callable[..., World]
KEY = "TE-0000001"
ROWS = [NewRow((f"Consultant {number}",), {"center": f"47{number}"}) for number in range(40)]


@pytest.fixture
def centers(db: None) -> LookupTable:
    """Return the table of cost centers by role."""
    table = create_table(
        name="cost_centers", title="Cost centers", key_columns=["role"], value_columns={"center": "text"}, by=ENGINE
    )
    add_rows(table, [NewRow(("Consultant",), {"center": "4711"}), *ROWS], by=ENGINE)
    return table


@pytest.fixture
def reposting(quick_world: Make, centers: LookupTable, request: pytest.FixtureRequest) -> World:
    """Return a world that reverses and posts anew what changes, or posts the difference."""
    world = quick_world(correction=getattr(request, "param", "reverse"))
    fields = [*OUTWARD["fields"], {"to": "center", "formula": 'LOOKUP("cost_centers", role)'}]
    versions.install(kind="mapping", object_key="ledger-time-out-2", content=OUTWARD | {"fields": fields})
    world.destination.mapping = "ledger-time-out-2"
    world.destination.save()
    return world


def posted_and_changed(world: World) -> None:
    """Post an entry, and receive its next version, which passes its checks."""
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, version=2, hours="6.00"))
    assert world.states() == ["posted", "ready"]


@pytest.mark.parametrize("reposting", ["reverse", "delta"], indirect=True)
def test_repost_whose_row_is_gone_stops_with_its_problem_and_goes_on_when_the_row_is_back(
    reposting: World, centers: LookupTable
) -> None:
    world = reposting
    posted_and_changed(world)
    [row] = centers.rows.filter(key=["Consultant"])
    withdraw_rows(centers, [row.pk], by=ENGINE, reason="closed")

    world.deliver()

    assert world.states()[-1] == "failed"
    failure = Failure.objects.get(closed_at=None)
    assert (failure.category, failure.table, failure.table_key) == ("unmapped_value", "cost_centers", ["Consultant"])
    assert failure.transaction_id == world.transactions()[-1].pk
    assert [c for c in world.target.commits if c.operation == "create"] == world.target.commits[:1]

    add_rows(centers, [NewRow(("Consultant",), {"center": "4712"})], by=ENGINE)
    world_goes_on(world)
    assert world.states()[-1] == "posted"
    assert world.target.net_hours(KEY) == Decimal("6.00")
    assert b"4712" in world.target.commits[-1].body
    assert not Failure.objects.filter(closed_at=None).exists()


def world_goes_on(world: World) -> None:
    """Do what follows a commit that a test inside a transaction never sees, and deliver."""
    from routes import releases

    releases.rows_available()
    releases.arrived_meanwhile()
    world.deliver()


def test_repost_that_waits_for_a_second_person_is_held(reposting: World, centers: LookupTable) -> None:
    world = reposting
    posted_and_changed(world)
    [row] = centers.rows.filter(key=["Consultant"])
    withdraw_rows(centers, [row.pk], by=ENGINE, reason="closed")
    LookupTable.objects.update(approval=Approval.ALWAYS)
    centers.refresh_from_db()
    added = add_rows(centers, [NewRow(("Consultant",), {"center": "4713"})], by=ENGINE)

    world.deliver()
    assert world.states()[-1] == "held"
    assert Transaction.objects.get(state="held").waits_for == "cost_centers:Consultant"

    approve_rows(centers, [row.pk for row in added.waiting], by=person("Clara Voss", "controller"))
    world_goes_on(world)
    assert world.states()[-1] == "posted"


def test_repost_whose_parent_is_not_known_any_more_waits_for_it(quick_world: Make) -> None:
    world = quick_world(correction="reverse")
    fields = [*OUTWARD["fields"], {"to": "project", "formula": 'XREF("project", project_code)'}]
    fields = [f for f in fields if f != {"to": "project", "from": "project_code"}]
    versions.install(kind="mapping", object_key="ledger-time-out-2", content=OUTWARD | {"fields": fields})
    world.destination.mapping = "ledger-time-out-2"
    world.destination.save()
    known = cross_references.NewReference(world.destination.connection_id, "project", "P-001", "881")
    cross_references.upsert([known], by=ENGINE)
    posted_and_changed(world)
    CrossReference.objects.all().delete()

    world.deliver()
    assert world.states()[-1] == "parked"

    cross_references.upsert([known], by=ENGINE)
    world_goes_on(world)
    assert world.states()[-1] == "posted"


def test_reposts_name_the_rows_they_were_made_with_and_cost_no_query_each(
    reposting: World, centers: LookupTable
) -> None:
    world, counts = reposting, []
    for numbers in (range(1, 3), range(10, 40)):
        world.take_in(*(entry(n, role=f"Consultant {n}") for n in numbers))
        world.deliver()
        world.take_in(*(entry(n, role=f"Consultant {n}", version=2, hours="6.00") for n in numbers))
        world.deliver(rounds=1)  # the reversals
        withdrawn = centers.rows.in_force().filter(key=["Consultant"])
        withdraw_rows(centers, [row.pk for row in withdrawn], by=ENGINE, reason="so that rows are read anew")
        add_rows(centers, [NewRow(("Consultant",), {"center": "4711"})], by=ENGINE)
        with CaptureQueriesContext(connection) as queries:
            world.deliver(rounds=1)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    row = centers.rows.get(key=["Consultant 30"])
    effect = Effect.objects.get(write_key="TE-0000030.1")
    assert bodies.read([effect.payload_id])[effect.payload_id].hits == (row.pk,)
