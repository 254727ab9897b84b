"""An item whose proposed row is refused, wherever that is, goes back to who works on it."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone

from exceptions_queue import intake, verbs
from exceptions_queue.coming_back import WAITED_FOR
from exceptions_queue.models import ApprovalRequest, State, WorkItem, WorkItemEvent
from mappings import deleting, tables
from mappings.models import Approval, LookupTable
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import with_rates
from tests.routes.world import World, entry

Make = Callable[..., World]


@pytest.mark.parametrize("where", ["table", "deleted"])
def test_row_that_is_refused_elsewhere_gives_its_item_back(make_world: Make, staff: Staff, where: str) -> None:
    world = make_world()
    with_rates(world, approval=Approval.ALWAYS)
    world.take_in(entry(1))
    intake.take_in()
    item = WorkItem.objects.get()
    verbs.add_table_row(item, by=staff.ingrid, values={"rate": "250"})
    table = LookupTable.objects.get()
    other = tables.add_rows(table, [tables.NewRow(("Senior", "EUR"), {"rate": "1"})], by=staff.ingrid).waiting[0]
    tables.refuse_rows(table, [other.pk], by=staff.clara, reason="not of this item")
    item.refresh_from_db()
    assert item.state == State.PENDING_APPROVAL

    if where == "table":
        ids = table.rows.waiting().values_list("pk", flat=True)
        tables.refuse_rows(table, list(ids), by=staff.clara, reason="not on the price list")
        told = "not on the price list"
    else:
        with transaction.atomic():
            deleting._deleted(table, staff.clara, "nobody needs it")
        told = "Bill rates was deleted: nobody needs it"

    item.refresh_from_db()
    assert (item.state, item.waiting_on) == (State.IN_PROGRESS, "")
    event = WorkItemEvent.objects.get(item=item, verb="row refused")
    assert (event.actor_name, event.reason) == ("Clara Voss", told)


def test_item_goes_on_waiting_for_what_else_was_asked(make_world: Make, staff: Staff) -> None:
    world = make_world()
    with_rates(world, approval=Approval.ALWAYS)
    world.take_in(entry(1))
    intake.take_in()
    item = WorkItem.objects.get()
    verbs.add_table_row(item, by=staff.ingrid, values={"rate": "250"})
    ApprovalRequest.objects.create(
        legal_entity_id=item.legal_entity_id, item=item, deed="waive", reason="x", made_by="person:0",
        made_by_name="Farid", made_at=timezone.now(), failures=[], stood={},
    )  # fmt: skip
    table = LookupTable.objects.get()

    tables.refuse_rows(table, [table.rows.waiting().get().pk], by=staff.clara, reason="not on the price list")

    item.refresh_from_db()
    assert (item.state, item.waiting_on) == (State.PENDING_APPROVAL, WAITED_FOR)
