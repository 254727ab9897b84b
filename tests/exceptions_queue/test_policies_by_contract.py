"""Approval policies go by the contract type of each record, also where it stands among other work."""

from collections.abc import Callable

import pytest

from exceptions_queue import intake, verbs
from exceptions_queue.models import Deed, WorkItem
from governance import versions
from routes.models import Record
from routes.plan import plan
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_four_eyes import item, policy, staff
from tests.routes.world import INWARD, World, entry

Make = Callable[..., World]
WHY = "typing error, asked the consultant"
__all__ = ["item", "staff"]


def billed_world(world: World) -> World:
    """Let records say how they are billed, and whose they are."""
    named = [{"to": name, "from": name} for name in ("billing_model", "worker_name")]
    content = INWARD | {"name": "ledger-time-billed", "fields": [*INWARD["fields"], *named]}
    versions.install(kind="mapping", object_key="ledger-time-billed", content=content)
    world.route.mapping = "ledger-time-billed"
    world.route.save()
    plan.cache_clear()
    return world


def test_work_of_a_contract_type_needs_two_also_among_other_work(quick_world: Make, staff: Staff) -> None:
    policy(Deed.WAIVE, contract_types=["fixed_fee"])
    world = billed_world(quick_world())
    zero_hours(world, 1, billing_model="fixed_fee")
    world.take_in(entry(2, hours="0.00", billing_model="time_and_materials"))
    intake.take_in()
    item = WorkItem.objects.get()
    assert "billing_model" not in item.about, "not all of it is billed in one way"
    by_key = {each.key: each.pk for each in Record.objects.all()}
    first, second = (item.failures().get(record_id=by_key[key]) for key in sorted(by_key))
    with pytest.raises(verbs.NeedsApproval, match="billed as fixed fee"):
        verbs.waive(item, by=staff.farid, reason="not billable")
    with pytest.raises(verbs.NeedsApproval):
        verbs.waive(item, by=staff.farid, reason="not billable", failures=[first.pk])
    verbs.waive(item, by=staff.farid, reason="not billable", failures=[second.pk])


def test_what_was_corrected_to_a_contract_type_counts_as_it(quick_world: Make, staff: Staff) -> None:
    policy(Deed.WAIVE, contract_types=["fixed_fee"])
    item = zero_hours(billed_world(quick_world()), 1, billing_model="retainer")
    verbs.correct_field(item, by=staff.farid, field="billing_model", value="fixed_fee", reason=WHY)
    with pytest.raises(verbs.NeedsApproval):
        verbs.waive(WorkItem.objects.open().get(), by=staff.farid, reason="not billable")
