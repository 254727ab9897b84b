"""A decision reaches what its page showed, and nothing that came or changed while the person read."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from canonical.failure import Category
from exceptions_queue import intake, seen, verbs
from exceptions_queue.api.remedies import SKINS
from exceptions_queue.models import State, WorkItem
from mappings import tables
from mappings.models import Approval, LookupTable
from routes.models import Failure, Overlay, Record, Reversal, SendingBack
from tests.api.signing import get, post, token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import with_rates, zero_hours
from tests.exceptions_queue.test_pages import signed_in, url_of
from tests.routes.test_sending_back import Source, source
from tests.routes.world import World, entry, refused

__all__ = ["source"]
Make = Callable[..., World]
HIDDEN = re.compile(r'<input type="hidden" name="(seen|rows)" value="([^"]+)">')


@pytest.fixture
def held(make_world: Make, staff: Staff) -> World:
    """Return a world with two entries that wait for a second person."""
    world = make_world(approval_formula="hours > 10")
    world.take_in(entry(1, hours="12.00"), entry(2, hours="13.00"))
    intake.take_in()
    return world


def page_of(item: WorkItem, user: Any, remedy: str) -> dict[str, str]:
    """Return what a remedy's form carries unseen, as the page of an item shows it now."""
    text = signed_in(user).get(url_of(item)).content.decode()
    form = text.partition(f'id="{remedy}"')[2].partition("</form>")[0]
    return dict(HIDDEN.findall(form))


def press(item: WorkItem, user: Any, remedy: str, form: dict[str, str]) -> str:
    answer = signed_in(user).post(f"{url_of(item)}{remedy}/", form, follow=True)
    return str(answer.content.decode())


def test_what_came_after_the_look_is_not_approved(held: World, staff: Staff) -> None:
    item = WorkItem.objects.get()
    form = page_of(item, staff.clara, "approvals")
    held.take_in(entry(3, hours="99.00"))
    intake.take_in()
    assert "2 approved. 1 came or changed since you looked" in press(item, staff.clara, "approvals", form)
    assert held.states() == ["ready", "ready", "held"]


def test_what_was_corrected_after_the_look_is_not_approved(held: World, staff: Staff) -> None:
    item = WorkItem.objects.get()
    form = page_of(item, staff.clara, "approvals")
    changed = Failure.objects.order_by("pk").first()
    assert changed is not None
    verbs.correct_field(
        item, by=staff.farid, field="hours", value="20.00", reason="a night shift", failures=[changed.pk]
    )
    intake.take_in()
    assert "1 approved. 1 came or changed since you looked" in press(item, staff.clara, "approvals", form)
    assert sorted(held.states()) == ["held", "ready"]


def test_what_came_after_the_look_is_not_waived(held: World, staff: Staff) -> None:
    item = WorkItem.objects.get()
    form = page_of(item, staff.farid, "waivers") | {"reason": "agreed with the customer"}
    held.take_in(entry(3, hours="14.00"))
    intake.take_in()
    assert "1 came or changed since you looked" in press(item, staff.farid, "waivers", form)
    assert held.states() == ["waived", "waived", "held"]


def test_what_came_after_the_look_is_not_corrected(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world)
    form = page_of(item, staff.farid, "corrections")
    world.take_in(entry(2, hours="0.00"), entry(3, hours="0.00"))
    intake.take_in()
    form |= {"field": "hours", "value": "7.50", "reason": "asked the consultant"}
    assert "1 went on" in (said := press(item, staff.farid, "corrections", form))
    assert "2 came or changed since you looked, and stay" in said
    assert list(Overlay.objects.values_list("key", flat=True)) == [Record.objects.order_by("pk")[0].key]
    assert world.states() == ["ready", "failed", "failed"]


def test_what_came_after_the_look_is_not_sent_again(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1), entry(2))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    form = page_of(item, staff.farid, "resubmissions")
    world.take_in(entry(3))
    world.deliver()
    intake.take_in()
    said = press(item, staff.farid, "resubmissions", form)
    assert "2 went on. 1 came or changed since you looked, and stay" in said
    assert sorted(world.states()) == ["failed", "ready", "ready"]
    item.refresh_from_db()
    assert item.state == State.IN_PROGRESS
    world.deliver()
    intake.take_in()
    assert item.failures().count() == 3
    shown = seen.seen_of(item)
    assert shown is not None
    with pytest.raises(verbs.NotPossible, match="has changed since you looked"):
        verbs.resubmit(item, by=staff.farid, seen=seen.Seen(shown.newest, 2))
    assert "3 went on." in press(item, staff.farid, "resubmissions", page_of(item, staff.farid, "resubmissions"))
    item.refresh_from_db()
    assert item.state == State.RESUBMITTED


def test_what_was_questioned_after_the_look_is_not_taken_back(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1), entry(2))
    world.deliver()
    first, second = world.transactions()
    item = verbs.question(first, by=staff.farid, reason="twice")
    form = page_of(item, staff.farid, "reversals") | {"sends": "nothing", "reason": "twice"}
    verbs.question(second, by=staff.farid, reason="twice")
    said = press(item, staff.farid, "reversals", form)
    assert "1 came or changed since you looked" in said
    assert list(Reversal.objects.values_list("reverses_id", flat=True)) == [first.pk]


def test_what_came_after_the_look_does_not_go_back_to_its_source(
    make_world: Make, staff: Staff, source: Source
) -> None:
    world = make_world()
    item = zero_hours(world)
    form = page_of(item, staff.farid, "source-returns") | {"reason": "which is right?"}
    world.take_in(entry(2, hours="0.00"))
    intake.take_in()
    assert "1 time entry sent back. 1 came or changed" in press(item, staff.farid, "source-returns", form)
    assert SendingBack.objects.count() == 1


def test_more_than_was_counted_is_refused(held: World, staff: Staff) -> None:
    item = WorkItem.objects.get()
    shown = seen.seen_of(item)
    assert shown is not None
    with pytest.raises(verbs.NotPossible, match="has changed since you looked"):
        verbs.approve(item, by=staff.clara, seen=seen.Seen(shown.newest, shown.count - 1))
    assert held.states() == ["held", "held"]


@pytest.mark.parametrize("odd", ["x", "x.1", "AAAAAAAAAAAAAAAAAAAAAA.-1", "AAAAAAAAAAAAAAAAAAAAAA.²"])
def test_odd_text_in_its_place_is_refused_in_words(held: World, staff: Staff, odd: str) -> None:
    item = WorkItem.objects.get()
    answer = signed_in(staff.clara).post(f"{url_of(item)}approvals/", {"seen": odd})
    assert answer.status_code == 422
    assert held.states() == ["held", "held"]


@pytest.mark.parametrize("remedy", ["row-approvals", "row-refusals"])
def test_row_that_nobody_saw_is_not_decided(make_world: Make, staff: Staff, remedy: str) -> None:
    world = with_rates(make_world(), approval=Approval.ALWAYS)
    table = LookupTable.objects.get()
    tables.add_rows(table, [tables.NewRow(("Consultant", "EUR"), {"rate": "145.00"})], by=staff.ingrid)
    world.take_in(entry(1))
    intake.take_in()
    item = WorkItem.objects.get()
    form = page_of(item, staff.clara, remedy) | {"reason": "as agreed"}
    tables.add_rows(table, [tables.NewRow(("Consultant", "EUR"), {"rate": "14500.00"})], by=staff.ingrid)
    assert "Other rows are proposed by now" in press(item, staff.clara, remedy, form)
    assert table.rows.filter(recorded_to=None, approved_at=None, values={"rate": "14500.00"}).exists()


def test_program_says_what_it_has_read_and_does_no_more_than_that(held: World, staff: Staff) -> None:
    item = WorkItem.objects.get()
    token = token_of(staff.farid, "experience:read", "experience:write")
    door = f"/api/experience/v1/work-items/{item.number}"
    read = get(door, token).json()["seen"]
    held.take_in(entry(3, hours="14.00"))
    intake.take_in()

    wrong = post(f"{door}/waivers", token, {"reason": "not billed", "seen": "all of it"})
    assert wrong.status_code == 422
    assert "That is no item's `seen`" in wrong.content.decode()
    done = post(f"{door}/waivers", token, {"reason": "not billed", "seen": read})

    assert done.status_code == 200, done.content
    assert "will not be delivered. 1 came or changed since you looked, and stay" in done.json()["said"]
    assert held.states() == ["waived", "waived", "held"]
    again = post(f"{door}/waivers", token, {"reason": "not billed", "seen": read})
    assert (again.status_code, "has changed since you looked" in again.content.decode()) == (409, True)
    assert post(f"{door}/waivers", token, {"reason": "not billed"}).status_code == 200, "all that is there now"
    assert held.states() == ["waived", "waived", "waived"]
    assert get(door, token).json()["seen"] == ""


def test_all_remedies_that_reach_all_of_an_item_take_what_was_seen() -> None:
    able = {skin.name: "seen" in skin.body().fields for skin in SKINS}
    takes = {skin.name for skin in SKINS if "Seen" in str(inspect.signature(skin.verb).parameters.get("seen", ""))}
    assert {name for name, does in able.items() if does} == takes
    assert len(takes) == 9
