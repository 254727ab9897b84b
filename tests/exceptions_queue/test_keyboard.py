"""The keys as the pages carry them: one table, what is offered has them, and whoever wants none gets none."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse

from exceptions_queue import handling, keyboard, kinds
from exceptions_queue.bulk import choices
from exceptions_queue.models import WorkItem
from governance.models import User
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.routes.world import World

Make = Callable[..., World]
PAGE = "/keyboard/"


def keys_of(page: str) -> dict[str, str]:
    """Return what has keys on a page: the id of each part, with its keys."""
    return dict(re.findall(r'<details class="remedy"\s+id="([^"]+)"[^>]*>\s*<summary\s+data-keys="([^"]+)"', page))


def test_every_key_opens_something_that_there_is_and_stands_once() -> None:
    known = {kind.name for kind in kinds.KINDS} | {way.name for way in handling.WAYS}
    for key in keyboard.ON_ITEM:
        assert set(key.opens) <= known, key
        assert not key.many or choices.by_name(key.many), key
    pressed = [key.keys for group in keyboard.groups() for key in group.keys]
    assert len(pressed) == len(set(pressed))


def test_item_gives_its_remedies_keys_and_says_them_to_those_who_do_not_see_them(
    make_world: Make, staff: Staff
) -> None:
    page = signed_in(staff.clara).get(url_of(missing_rate(make_world()))).content.decode()
    found = keys_of(page)
    assert found["table-rows"] == "F:"
    assert found["resubmissions"] == "R:"
    assert (found["waivers"], found["comments"]) == ("3:reason", "C:")
    assert re.search(r'aria-keyshortcuts="Shift\+R"\s+href="[^"]*/configurations/"', page)
    assert re.search(r"data-asks=\"Releases 3 time entries[^\"]*\"", page)


def test_what_somebody_may_not_do_has_no_key(make_world: Make, staff: Staff) -> None:
    page = signed_in(staff.viktor).get(url_of(missing_rate(make_world()))).content.decode()
    assert keys_of(page) == {"comments": "C:"}


def test_keys_are_kept_with_the_account(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world())
    client = signed_in(staff.farid)
    client.post(PAGE, {"on": "no", "back": url_of(item)})
    assert not User.objects.get(pk=staff.farid.pk).single_keys
    for address in (url_of(item), reverse("queue:items")):
        page = client.get(address).content.decode()
        assert "keys.js" not in page
        assert "aria-keyshortcuts" not in page.replace('aria-keyshortcuts="Control+K"', "")
        assert "<kbd" not in page
        assert "sure.js" in page, "what sends is asked about still"
    assert "keys.js" in signed_in(staff.clara).get(url_of(item)).content.decode()
    client.post(PAGE, {"on": "yes"})
    assert "keys.js" in client.get(url_of(item)).content.decode()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_switching_leads_back_to_our_own_pages_only(staff: Staff, back: str) -> None:
    answer = signed_in(staff.farid).post(PAGE, {"on": "no", "back": back})
    assert (answer.status_code, answer.url) == (302, PAGE)


def test_page_of_keys_tells_all_of_them(staff: Staff) -> None:
    words = text_of(signed_in(staff.viktor).get(PAGE))
    for group in keyboard.groups():
        for key in group.keys:
            assert key.words in words


def test_remedy_leads_on_to_the_next_item_that_somebody_sees(make_world: Make, staff: Staff) -> None:
    world = make_world()
    first, second = missing_rate(world), zero_hours_of(world)
    client = signed_in(staff.clara)
    typed = {"value_rate": "180", "then": second.number}
    answer = client.post(f"{url_of(first)}table-rows/", typed, follow=True)
    assert answer.redirect_chain == [(url_of(second), 302)]
    assert f"Exception {first.number}: The row is added." in text_of(answer)
    answer = client.post(f"{url_of(second)}handling/comments/", {"text": "Seen", "then": first.number}, follow=True)
    assert answer.redirect_chain == [(url_of(first), 302)]


@pytest.mark.parametrize("then", ["999999", "", "x", "9" * 30, "-1"])
def test_next_item_that_is_none_leads_nowhere_else(make_world: Make, staff: Staff, then: str) -> None:
    item = zero_hours(make_world())
    answer = signed_in(staff.farid).post(f"{url_of(item)}handling/comments/", {"text": "Seen", "then": then})
    assert (answer.status_code, answer.url) == (302, url_of(item))


def zero_hours_of(world: World) -> WorkItem:
    """Return the item of another entry, against a rule."""
    from exceptions_queue import intake
    from tests.routes.world import entry

    world.take_in(entry(50, hours="0.00", role="Partner"))
    intake.take_in()
    return WorkItem.objects.latest("number")
