"""A destination's key is asked only of records that go there, or that stand there already."""

from collections.abc import Callable

from governance.actor import ENGINE
from mappings.tables import NewRow, add_rows, create_table
from routes.models import Destination, Record
from routes.plan import plan
from tests.routes.world import World, entry

Make = Callable[..., World]


def test_key_that_cannot_be_told_stops_no_record_that_goes_elsewhere(quick_world: Make) -> None:
    world = quick_world()
    table = create_table(
        name="task_codes", title="Task codes", key_columns=["task"], value_columns={"code": "text"}, by=ENGINE
    )
    add_rows(table, [NewRow(("T-BUILD",), {"code": "B"})], by=ENGINE)
    first = world.destination
    second = Destination.objects.create(
        route=world.route, name="Second", connection=first.connection, stream="entries", mapping=first.mapping,
        condition="billable", key_formula='LOOKUP("task_codes", task_code) & "/" & hub.key', correction="update",
    )  # fmt: skip
    plan.cache_clear()

    world.take_in(
        entry(1, billable=False, task_code="T-NONE"), entry(2, task_code="T-NONE"), entry(3),
    )  # fmt: skip

    states = {record.key: record.state for record in Record.objects.all()}
    assert states == {"TE-0000001": "routed", "TE-0000002": "failed", "TE-0000003": "routed"}
    assert Record.objects.get(key="TE-0000001").not_chosen == {str(second.pk): "billable"}
    world.deliver()
    assert {commit.key for commit in world.target.commits} == {"TE-0000001", "TE-0000003", "B/TE-0000003"}

    world.take_in(entry(3, billable=False, version=2))
    world.deliver()
    assert not world.target.live("B/TE-0000003"), "it is taken back under the key that it has there"
    assert world.target.live("TE-0000003")
