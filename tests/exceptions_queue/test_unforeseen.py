"""What nobody foresaw, as people meet it in the queue."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from canonical.failure import Category
from exceptions_queue import verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.tasks import sweep
from governance import keys
from governance.rights import NotAllowed
from routes import deliver, evaluation
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.routes.test_unforeseen import SECRET, broken
from tests.routes.world import World, entry

Make = Callable[..., World]


@pytest.fixture
def put_off(make_world: Make, monkeypatch: pytest.MonkeyPatch) -> tuple[World, WorkItem, Any]:
    """A lane that met something unforeseen with its three entries, its item, and how to put it right."""
    world = make_world("ledger_look_up")
    world.take_in(*(entry(n) for n in range(1, 4)))
    whole = deliver._ship
    monkeypatch.setattr(deliver, "_ship", broken)
    world.deliver()
    sweep()
    return world, WorkItem.objects.get(), lambda: monkeypatch.setattr(deliver, "_ship", whole)


def test_item_tells_the_place_in_the_technical_tab_alone(put_off: tuple[World, WorkItem, Any], staff: Staff) -> None:
    _, item, _ = put_off
    assert (item.members, item.amount, item.owner) == (3, 2400, "integration admin")
    page = text_of(signed_in(staff.clara).get(url_of(item)))
    assert "was not made for" in page
    assert "tried again by itself" in page
    assert "Try it now" in page
    assert "Send again as it is" not in page, "nothing is stopped that could be sent"
    assert "LookupError" not in page
    technical = text_of(signed_in(staff.ingrid).get(reverse("queue:technical", args=[item.number])))
    assert "LookupError at routes.deliver._write_down" in technical
    assert SECRET not in page + technical


def test_try_now_makes_it_due_and_the_item_closes_by_itself(put_off: tuple[World, WorkItem, Any], staff: Staff) -> None:
    world, item, put_right = put_off
    put_right()
    world.deliver()
    assert set(world.states()) == {"retrying"}, "it is not due yet"
    page = signed_in(staff.farid)
    answer = page.post(reverse("queue:remedy", args=[item.number, "tries"]), {"reason": "repaired"}, follow=True)
    assert "tried now" in text_of(answer)
    world.deliver()
    sweep()
    item.refresh_from_db()
    assert world.states() == ["posted"] * 3
    assert (item.is_open, item.resolution) == (False, "auto:retry_succeeded")
    with pytest.raises(verbs.NotPossible):
        verbs.try_now(item, by=staff.farid)
    with pytest.raises(NotAllowed):
        verbs.try_now(item, by=staff.viktor)


def test_record_that_is_still_poison_stops_again_and_the_page_says_so(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.routes.test_unforeseen import set_apart

    world = make_world()
    whole = evaluation.money
    monkeypatch.setattr(evaluation, "money", lambda arrival: broken() if arrival.key.endswith("2") else whole(arrival))
    set_apart(world, entry(1), entry(2))
    sweep()
    item = WorkItem.objects.get()
    page, place = signed_in(staff.clara), reverse("queue:remedy", args=[item.number, "resubmissions"])
    assert "stopped again" in text_of(page.post(place, {"reason": "once more"}, follow=True))
    sweep()
    item.refresh_from_db()
    assert item.is_open
    monkeypatch.setattr(evaluation, "money", whole)
    page.post(place, {"reason": "repaired"}, follow=True)
    sweep()
    world.deliver()
    sweep()
    item.refresh_from_db()
    assert (item.is_open, item.resolution, world.states()) == (False, "fixed", ["posted", "posted"])


def test_unusable_keys_are_an_item_that_says_what_to_do_and_can_be_tried_at_once(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world("ledger_look_up")
    world.take_in(*(entry(n) for n in range(1, 4)))
    monkeypatch.setenv(keys.ENVIRONMENT, "0" * 43 + "=!")
    world.deliver()
    sweep()
    item = WorkItem.objects.get()
    assert (item.category, item.members) == (Category.CONFIGURATION, 3)
    page = text_of(signed_in(staff.farid).get(url_of(item)))
    assert "is not a key" in page
    assert "An operator of the hub has to do that" in page
    assert "Try it now" in page
    assert "Send again as it is" not in page, "nothing is stopped that could be sent"
    assert "Read the source again" not in page
    monkeypatch.delenv(keys.ENVIRONMENT)
    signed_in(staff.farid).post(reverse("queue:remedy", args=[item.number, "tries"]), {"reason": "mended"})
    world.deliver()
    sweep()
    item.refresh_from_db()
    assert world.states() == ["posted"] * 3
    assert (item.is_open, item.resolution) == (False, "auto:retry_succeeded")
