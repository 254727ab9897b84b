"""Work of a route that cannot run just now: what people do about it is refused in words, by page and API."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from exceptions_queue.codes import code_of
from exceptions_queue.models import WorkItem
from routes.models import Route
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.world import World

Make = Callable[..., World]
TYPED = {
    "resubmissions": {"reason": "as agreed", "start": "source", "configuration": "now"},
    "corrections": {"reason": "as agreed", "field": "hours", "value": "4"},
}


@pytest.fixture
def item(make_world: Make) -> WorkItem:
    """Return an item whose route has lost its mapping since."""
    item = zero_hours(make_world())
    Route.objects.update(mapping="taken-out-of-force")
    return item


@pytest.mark.parametrize("name", list(TYPED))
def test_what_people_do_is_refused_in_words(item: WorkItem, staff: Staff, name: str) -> None:
    ids = [each.pk for each in item.failures()]
    farid, address = signed_in(staff.farid), reverse("queue:remedy", args=[item.number, name])
    answer = farid.post(address, TYPED[name] | {"failures": [code_of(each) for each in ids]})
    assert answer.status_code < 500
    assert "taken-out-of-force" in text_of(answer)
    address = f"/api/experience/v1/work-items/{item.number}/{name}"
    told = farid.post(address, TYPED[name] | {"failures": [str(each) for each in ids]}, content_type="application/json")
    assert told.status_code == 409, told.content
    assert "taken-out-of-force" in told.json()["detail"]
