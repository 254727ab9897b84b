"""Which remedy stands first and open: the one that fits why it stopped."""

import datetime as dt
import re
from collections.abc import Callable

import pytest

from canonical.failure import Category
from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from governance.actor import ENGINE
from mappings import tables
from mappings.models import LookupTable
from routes.models import Overlay
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import with_rates
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.routes.test_periods import close_until, closed_october
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def rated(world: World) -> World:
    """Let a row of a table be part of what is sent, so that it can be corrected from the item."""
    with_rates(world)
    rows = [tables.NewRow(("Consultant", "EUR"), {"rate": "15.00"})]
    tables.add_rows(LookupTable.objects.get(), rows, by=ENGINE)
    return world


def stopped(world: World, category: Category) -> WorkItem:
    """Return the item of entries that the target refuses for a reason."""
    world.target.behave = lambda request, count: refused(category, "Not like this.")
    world.take_in(entry(1), entry(2))
    world.deliver()
    intake.take_in()
    return WorkItem.objects.get()


def opened(page: str) -> list[str]:
    """Return the kinds of the remedies that are not folded away."""
    return re.findall(r'<details class="remedy"\s+id="([a-z-]+?)(?:-\d+)?"\s+open>', page)


def kinds(page: str) -> list[str]:
    """Return the kinds of the remedies in their order, each once."""
    return list(dict.fromkeys(re.findall(r'<details class="remedy"\s+id="([a-z-]+?)(?:-\d+)?"', page)))


@pytest.mark.parametrize(
    ("category", "first"),
    [
        (Category.REFUSED, "corrections"),
        (Category.NO_RIGHT, "resubmissions"),
        (Category.CONFIGURATION, "resubmissions"),
        (Category.CLOSED_PERIOD, "resubmissions"),  # no period is known to be open: its administrator may open one
        (Category.VALIDATION, "row-corrections"),
    ],
)
def test_remedy_that_fits_the_refusal_stands_first_and_open(
    make_world: Make, staff: Staff, category: Category, first: str
) -> None:
    item = stopped(rated(make_world()), category)

    page = signed_in(staff.clara).get(url_of(item)).content.decode()

    assert kinds(page)[0] == first
    assert opened(page) == [first]


def test_closed_period_is_offered_the_next_open_one_first(make_world: Make, staff: Staff) -> None:
    world = rated(make_world(posting_date="worked_on"))
    world.target.behave = lambda request, count: closed_october(request, 1)
    close_until(world, dt.date(2026, 11, 1))
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()

    page = signed_in(staff.clara).get(url_of(WorkItem.objects.get())).content.decode()

    assert opened(page) == ["period-moves"]


def test_lacking_right_is_asked_of_the_targets_administrator_first(make_world: Make, staff: Staff) -> None:
    item = stopped(make_world(), Category.NO_RIGHT)

    page = text_of(signed_in(staff.clara).get(url_of(item)))

    assert f"Ask the administrator of {item.connection.name} for the right, then send it again as it is" in page
    assert "Send again as it is" not in page


def test_who_may_not_do_what_fits_gets_the_next_that_fits_open(make_world: Make, staff: Staff) -> None:
    item = stopped(rated(make_world()), Category.REFUSED)

    page = signed_in(staff.ingrid).get(url_of(item)).content.decode()  # she may correct rows and resubmit, no fields

    assert opened(page) == ["resubmissions"]


def test_field_is_chosen_by_the_person_where_the_refusal_names_none(make_world: Make, staff: Staff) -> None:
    item = stopped(make_world(), Category.REFUSED)
    client = signed_in(staff.clara)

    page = client.get(url_of(item)).content.decode()
    answer = client.post(f"{url_of(item)}corrections/", {"field": "", "value": "W-7", "reason": "slip"})

    assert re.search(r'<option value="" selected>\s*Choose the field', page)
    assert answer.status_code == 422
    assert not Overlay.objects.exists()
