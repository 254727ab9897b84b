"""What a second person was asked about goes by nothing that the engine lets go: it waits for them, as it was."""

from collections.abc import Callable

import pytest

from exceptions_queue import corrected, intake, tasks, verbs
from exceptions_queue.models import ApprovalRequest, Deed, State, WorkItem
from governance.actor import ENGINE
from mappings import tables
from mappings.cross_references import NewReference, upsert
from mappings.models import LookupTable
from routes import releases
from routes.models import Record
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate
from tests.exceptions_queue.test_causes_in_place import parked  # noqa: F401 - a fixture
from tests.exceptions_queue.test_four_eyes import policy
from tests.governance.people import company
from tests.routes.test_releases import INWARD, needing
from tests.routes.world import World, entry

Make = Callable[..., World]


def asked(item: WorkItem, staff: Staff, number: int = 1) -> ApprovalRequest:
    """Let Farid ask for a correction of the first members, which waits for a second person then."""
    policy(Deed.CORRECT)
    first = item.failures().order_by("pk").values_list("pk", flat=True)[:number]
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.correct_field(item, by=staff.farid, field="hours", value="7.00", failures=list(first), reason="a slip")
    return verbs.ask_approval(needs.value.wish, by=staff.farid)


def rate_added() -> None:
    rate: tables.NewRow = tables.NewRow(("Consultant", "EUR"), {"rate": "145"})
    tables.add_rows(LookupTable.objects.get(), [rate], by=ENGINE)


def swept(world: World) -> None:
    for _ in range(2):
        releases.arrived_meanwhile()
        releases.rows_available()
        releases.switched_on()
        corrected.release()
        world.deliver()
        tasks.sweep()


def hours_sent(world: World) -> list[bytes]:
    return [each.body for each in world.target.commits]


def test_row_that_is_added_sends_no_values_that_somebody_has_asked_to_correct(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = missing_rate(world, 3)
    request = asked(item, staff)

    rate_added()
    swept(world)

    assert sorted(world.states()) == ["failed", "posted", "posted"]
    now = WorkItem.objects.get()
    assert (now.state, now.waiting_on) == (State.PENDING_APPROVAL, "a second person")
    assert verbs.consent(request, by=staff.clara).state == "approved"
    swept(world)
    assert world.states() == ["posted"] * 3
    assert sum(b'"hours":"7.00"' in body or b'"hours":7.00' in body for body in hours_sent(world)) == 1


def test_what_was_refused_goes_by_the_row_that_is_there_by_then(make_world: Make, staff: Staff) -> None:
    world = make_world()
    request = asked(missing_rate(world, 2), staff, 2)
    rate_added()
    swept(world)
    assert world.states() == ["failed"] * 2

    verbs.refuse_request(request, by=staff.clara, reason="the hours are right")
    swept(world)

    assert world.states() == ["posted"] * 2


def test_more_of_them_than_a_sweep_takes_on_keep_no_other_back(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    item = missing_rate(world, 4)
    asked(item, staff, 3)
    monkeypatch.setattr(releases, "LIMIT", 1)

    rate_added()
    swept(world)

    assert sorted(world.states()) == ["failed"] * 3 + ["posted"]


def test_parent_that_arrives_sends_nothing_that_somebody_has_asked_about(parked: World, staff: Staff) -> None:  # noqa: F811
    item = WorkItem.objects.get()
    request = asked(item, staff)
    there = NewReference(parked.destination.connection_id, "project", "P-001", "X-P-001", company("HP-DE").pk)
    parked.target.behave = lambda request, number: None

    upsert([there], by=ENGINE)
    swept(parked)

    assert sorted(parked.states()) == ["parked", "posted"]
    assert verbs.consent(request, by=staff.clara).state == "approved"
    swept(parked)
    assert parked.states() == ["posted"] * 2


def test_destination_that_is_switched_on_sends_nothing_that_somebody_has_asked_about(
    make_world: Make, staff: Staff
) -> None:
    world = make_world()
    world.destination.enabled = False
    world.destination.save()
    world.take_in(entry(1), entry(2))
    intake.take_in()
    assert world.states() == ["held"] * 2
    asked(WorkItem.objects.get(), staff)

    world.destination.enabled = True
    world.destination.save()
    swept(world)

    assert sorted(world.states()) == ["held", "posted"]


def test_record_that_failed_before_a_destination_was_chosen_stays_too(make_world: Make, staff: Staff) -> None:
    tables.create_table(
        name="cost_centers", title="Cost centers", key_columns=["role"], value_columns={"center": "text"}, by=ENGINE
    )
    world = needing(make_world, INWARD, "cost_center")
    world.take_in(entry(1), entry(2))
    intake.take_in()
    asked(WorkItem.objects.get(), staff)

    row: tables.NewRow = tables.NewRow(("Consultant",), {"center": "4711"})
    tables.add_rows(LookupTable.objects.get(), [row], by=ENGINE)
    swept(world)

    assert world.states() == ["posted"]
    assert Record.objects.filter(state="failed").count() == 1
