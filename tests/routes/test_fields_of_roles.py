"""A route says which roles correct a field: others are not offered it, and are refused in words whoever asks."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from exceptions_queue import intake, verbs
from exceptions_queue.models import EmergencyDeed, WorkItem
from exceptions_queue.verbs.correct_field import correctable
from governance.models import RoleGrant
from governance.rights import Role
from routes import overlays, released
from routes.models import Overlay, Record
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_emergency import opened, staff
from tests.exceptions_queue.test_member import place, row_of
from tests.exceptions_queue.test_pages import signed_in
from tests.governance.people import company
from tests.routes.world import World, entry

__all__ = ["staff"]
Make = Callable[..., World]


def left_to(world: World, text: str) -> WorkItem:
    """Return the item of an entry without hours, on a route that leaves fields to some roles."""
    world.route.role_fields = text
    world.route.full_clean()
    world.route.save()
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    return WorkItem.objects.get()


def test_field_of_another_role_is_refused_by_every_way(quick_world: Make, staff: Staff) -> None:
    item = left_to(quick_world(), "hours: controller; Bill rate: Controller")
    farid, clara = staff.farid, staff.clara
    with pytest.raises(verbs.NotPossible, match="cannot be corrected here"):
        verbs.correct_field(item, by=farid, field="hours", value="4", reason="slip")
    member = item.failures().get()
    with pytest.raises(verbs.NotPossible, match="The hours cannot be corrected here"):
        verbs.correct_rows(item, by=farid, rows={member.pk: {"hours": "4"}}, reason="slip")
    with pytest.raises(ValueError, match="corrected by Controller on the route “Time to ledger”"):
        overlays.correct(record=Record.objects.get().pk, field="hours", value="4", reason="slip", by=farid)
    assert not Overlay.objects.exists()
    offered, hers = ({each.name for each in correctable(item, who)} for who in (farid, clara))
    assert hers - offered == {"hours", "bill_rate", "cost_rate"}, "and who may not see pay is not offered it anyway"
    assert "role" in offered
    browser = signed_in(farid)
    assert "Corrected by Controller on this route" in row_of(browser.get(place(item)), "hours")
    answer = browser.post(f"/queue/{item.number}/corrections/", {"field": "hours", "value": "4", "reason": "slip"})
    assert answer.status_code == 422
    verbs.correct_field(item, by=clara, field="hours", value="4", reason="slip")
    assert Overlay.objects.get().made_by == clara


def test_role_counts_in_the_company_of_the_record(quick_world: Make, staff: Staff) -> None:
    item = left_to(quick_world(), "hours: controller")
    RoleGrant.objects.create(
        user=staff.farid, role=Role.CONTROLLER, legal_entity=company("HP-US"), granted_by="engine:engine"
    )
    assert "hours" not in {each.name for each in correctable(item, staff.farid)}
    RoleGrant.objects.create(
        user=staff.farid, role=Role.CONTROLLER, legal_entity=item.legal_entity, granted_by="engine:engine"
    )
    assert "hours" in {each.name for each in correctable(item, staff.farid)}


def test_what_nobody_corrects_no_role_corrects(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    world.route.fixed_fields = "hours"
    item = left_to(world, "hours: controller")
    assert "hours" not in {each.name for each in correctable(item, staff.clara)}
    assert "Not released for corrections" in row_of(signed_in(staff.clara).get(place(item)), "hours")


def test_emergency_mode_lifts_it_and_keeps_the_deed(quick_world: Make, staff: Staff) -> None:
    item = left_to(quick_world(), "hours: controller")
    opened(staff.farid, item)
    verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")
    assert "does not release" in EmergencyDeed.objects.get().lifted


def test_bulk_form_offers_what_may_be_corrected_on_every_route(quick_world: Make, staff: Staff) -> None:
    item = left_to(quick_world(), "hours: controller")
    for who, offered in ((staff.farid, False), (staff.clara, True)):
        page = signed_in(who).get(f"/bulk-runs/new/?items={item.number}").content.decode()
        assert 'value="role"' in page
        assert ('value="hours"' in page) is offered


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hour: controller", "no field “hour”"),
        ("entry_id: controller", "nobody corrects it"),
        ("hours: boss", "no role “boss”"),
        ("hours: viewer", "Viewer corrects no fields"),
        ("hours", "No role is named for the hours"),
        ("hours: finance; hours: controller", "stands twice"),
    ],
)
def test_what_no_role_could_mean_is_refused(quick_world: Make, text: str, said: str) -> None:
    world = quick_world()
    world.route.role_fields = text
    with pytest.raises(ValidationError) as refused:
        world.route.full_clean()
    assert said in str(refused.value.message_dict["role_fields"])


def test_what_is_not_understood_is_corrected_by_nobody() -> None:
    assert released.roles_of("hours: boss; role: Finance operations, controller") == {
        "hours": frozenset(), "role": {Role.FINANCE, Role.CONTROLLER},
    }  # fmt: skip
