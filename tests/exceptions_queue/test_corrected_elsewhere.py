"""A correction says where the same record goes on as it was."""

from collections.abc import Callable

from canonical.failure import Category
from exceptions_queue import intake, verbs
from exceptions_queue.models import WorkItem, WorkItemEvent
from tests.exceptions_queue.conftest import Staff
from tests.routes.test_corrections_kept import second
from tests.routes.world import World, entry, refused


def test_other_destination_that_has_it_already_is_named(make_world: Callable[..., World], staff: Staff) -> None:
    world = make_world()
    second(world)
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()

    done = verbs.correct_field(WorkItem.objects.get(), by=staff.farid, field="hours", value="4", reason="slip")

    assert done.elsewhere == "As before: 1 at Copy; what is sent or on its way there follows the source only."
    assert done.elsewhere in WorkItemEvent.objects.get(verb="corrected").reason
