"""A correction says what becomes of the same record at its other destinations."""

from collections.abc import Callable

from canonical.failure import Category
from exceptions_queue import intake, verbs
from exceptions_queue.models import State, WorkItem, WorkItemEvent
from tests.exceptions_queue.conftest import Staff
from tests.routes.test_corrected_fields import priced
from tests.routes.test_corrected_versions import at_copy
from tests.routes.test_corrections_kept import second
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def stopped(world: World) -> WorkItem:
    """Let the ledger refuse an entry, and return the item about it."""
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, count: None
    intake.take_in()
    return WorkItem.objects.get()


def test_other_destination_is_corrected_and_named(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world)
    item = stopped(world)
    at_copy(world, copy)

    done = verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")

    assert done.went_on == 1
    assert done.amounts == "The amount was 800.00 EUR and is 400.00 EUR now."
    assert done.elsewhere == "Corrected there, too: 1 at Copy."
    assert done.elsewhere in WorkItemEvent.objects.get(verb="corrected").reason
    world.deliver()
    intake.take_in()
    item.refresh_from_db()
    assert item.state == State.RESOLVED


def test_destination_that_wants_it_no_more_is_named(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world, condition="hours > 5")
    item = stopped(world)
    at_copy(world, copy)
    done = verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")
    assert done.elsewhere == "Taken back there: 1 at Copy."


def test_other_destination_that_stays_as_it_is_is_named(make_world: Make, staff: Staff) -> None:
    """What a stream in order has said is never said anew."""
    world = make_world(order="in_order")
    second(world)
    done = verbs.correct_field(stopped(world), by=staff.farid, field="hours", value="4", reason="slip")
    assert done.elsewhere == "As before: 1 at Copy; what is sent or on its way there follows the source only."
