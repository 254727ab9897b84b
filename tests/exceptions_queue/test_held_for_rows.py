"""Members that wait for a table's row have no bytes: to approve them is no remedy, and must never take money back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from exceptions_queue import intake, releasing, remedies, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.permitted import rights_in
from mappings import tables
from mappings.models import Approval, LookupTable, TableRow
from routes import decisions, releases
from routes.models import Failure
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import with_rates
from tests.governance.people import company
from tests.routes.world import World, entry

Make = Callable[..., World]
KEY = "TE-0000001"
CONSULTANT = tables.NewRow(("Consultant", "EUR"), {"rate": "145.00"})


@pytest.fixture
def world(make_world: Make, staff: Staff) -> World:
    """Return a world whose rates count only once a second person has approved them."""
    return with_rates(make_world(), approval=Approval.ALWAYS)


def rates() -> LookupTable:
    return LookupTable.objects.get(name="bill_rates", legal_entity=None)


def proposed(*rows: tables.NewRow, by: Any) -> list[TableRow]:
    """Return rows that wait for a second person."""
    return tables.add_rows(rates(), rows, by=by).waiting


def held(world: World, number: int, **more: Any) -> WorkItem:
    """Return the item of time entries that wait for a row."""
    world.take_in(*(entry(each, **more) for each in range(1, number + 1)))
    intake.take_in()
    return WorkItem.objects.get()


def offered(item: WorkItem, staff: Staff) -> list[str]:
    item.refresh_from_db()
    rights = rights_in(staff.clara, item.legal_entity_id)
    return [each.name for each in remedies.offered(remedies.facts_of(item, staff.clara), rights)]


def test_half_released_members_are_sent_again_and_not_approved(
    world: World, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed(CONSULTANT, by=staff.ingrid)
    item = held(world, 5)
    assert offered(item, staff) == ["row-approvals", "row-refusals", "table-rows", "splits", "waivers"]
    monkeypatch.setattr(releases, "LIMIT", 2)
    monkeypatch.setattr(releasing, "STEP", 2)
    verbs.approve_table_row(item, by=staff.clara)
    assert sorted(world.states()) == ["held", "held", "held", "ready", "ready"]
    assert offered(item, staff) == ["corrections", "resubmissions", "splits", "waivers"]

    assert verbs.approve(item, by=staff.clara, reason="it still stands here") == 3

    while releasing.work(seconds=5):
        pass
    world.deliver()
    assert world.states() == ["posted"] * 5
    assert world.target.net_hours(KEY) == 8
    assert not Failure.objects.filter(closed_at=None).exists()


def test_approving_a_correction_whose_row_was_refused_leaves_what_is_posted(world: World, staff: Staff) -> None:
    [row] = proposed(CONSULTANT, by=staff.ingrid)
    tables.approve_rows(rates(), [row.pk], by=staff.clara)
    world.take_in(entry(1))
    world.deliver()
    [refused] = proposed(tables.NewRow(("Architect", "EUR"), {"rate": "210.00"}), by=staff.ingrid)
    item = held(world, 1, version=2, role="Architect", hours="6.00")
    tables.refuse_rows(rates(), [refused.pk], by=staff.clara, reason="not agreed")
    assert offered(item, staff) == ["table-rows", "corrections", "resubmissions", "reversals", "waivers"]

    with pytest.raises(verbs.NotPossible, match="lack something else"):
        verbs.approve(item, by=staff.clara, reason="agreed")
    assert decisions.approve([world.transactions()[-1].pk], by=staff.clara, reason="agreed") == []

    world.deliver()
    assert world.states() == ["posted", "failed"]
    assert world.target.net_hours(KEY) == 8
    assert Failure.objects.get(closed_at=None).category == "unmapped_value"


def test_row_that_waits_in_the_table_for_all_is_offered_beside_a_table_of_the_companys_own(
    world: World, staff: Staff
) -> None:
    tables.create_table(
        name="bill_rates", title="German bill rates", key_columns=["role", "currency"],
        value_columns={"rate": "money"}, by=staff.ingrid, legal_entity=company("HP-DE"),
        reason="agreed with the partners",
    )  # fmt: skip
    proposed(CONSULTANT, by=staff.ingrid)
    item = held(world, 2)
    assert offered(item, staff) == ["row-approvals", "row-refusals", "splits", "waivers"]

    verbs.approve_table_row(item, by=staff.clara)

    while releasing.work(seconds=5):
        pass
    world.deliver()
    assert world.states() == ["posted", "posted"]


def test_database_lets_nothing_go_without_its_request(world: World, staff: Staff) -> None:
    proposed(CONSULTANT, by=staff.ingrid)
    held(world, 1)
    unfit = pytest.raises(IntegrityError, match="transaction_that_goes_has_its_request")
    with unfit, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE routes_transaction SET state = 'ready'")
