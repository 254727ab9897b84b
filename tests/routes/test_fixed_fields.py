"""A route says which fields nobody corrects: they are not offered, and refused in words whoever asks."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from exceptions_queue import intake, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.verbs.correct_field import correctable
from governance.models import User
from routes import overlays
from routes.models import Overlay, Record
from tests.exceptions_queue.test_member import place, row_of
from tests.exceptions_queue.test_pages import signed_in
from tests.routes.test_corrected_fields import farid
from tests.routes.world import World, entry

__all__ = ["farid"]
Make = Callable[..., World]


def fixed(world: World, names: str) -> WorkItem:
    """Return the item of an entry without hours, on a route that keeps fields fixed."""
    world.route.fixed_fields = names
    world.route.full_clean()
    world.route.save()
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    return WorkItem.objects.get()


def test_fixed_field_is_refused_by_every_way(quick_world: Make, farid: User) -> None:
    item = fixed(quick_world(), "Bill rate, hours")
    with pytest.raises(verbs.NotPossible, match="cannot be corrected here"):
        verbs.correct_field(item, by=farid, field="hours", value="4", reason="slip")
    with pytest.raises(ValueError, match="not released for corrections on the route “Time to ledger”"):
        overlays.correct(record=Record.objects.get().pk, field="hours", value="4", reason="slip", by=farid)
    assert not Overlay.objects.exists()
    offered = {each.name for each in correctable(item, farid)}
    assert "hours" not in offered
    assert "bill_rate" not in offered
    assert "role" in offered
    page = signed_in(farid).get(place(item))
    assert "Not released for corrections on this route" in row_of(page, "hours")


@pytest.mark.parametrize(
    ("names", "said"), [("hour", "no field"), ("entry_id", "nobody corrects it anyway"), ("hours, rates", "rates")]
)
def test_names_that_are_no_fields_are_refused(quick_world: Make, names: str, said: str) -> None:
    world = quick_world()
    world.route.fixed_fields = names
    with pytest.raises(ValidationError) as refused:
        world.route.full_clean()
    assert said in str(refused.value.message_dict["fixed_fields"])
