"""How a cause ended the last times: by whom, how, and whether it held."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import intake, settle, solved_before, verbs
from exceptions_queue.models import WorkItem
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.world import World, entry

Make = Callable[..., World]


def solved(world: World, staff: Staff, number: int, value: str = "4") -> WorkItem:
    """Return an item of an entry without hours that was corrected, posted and closed."""
    world.take_in(entry(number, hours="0.00"))
    intake.take_in()
    item = WorkItem.objects.get()
    verbs.correct_field(item, by=staff.farid, field="hours", value=value, reason=f"slip {number}")  # type: ignore[arg-type]
    world.deliver()
    intake.take_in()
    settle.settle_sent_again()
    item.refresh_from_db()
    assert not item.is_open
    return item


def test_same_cause_that_held_is_told_with_who_and_how(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    solved(world, quick_staff, 1)
    world.take_in(entry(2, hours="0.00"))
    intake.take_in()
    item = WorkItem.objects.get()
    found = solved_before.before(item, quick_staff.farid)  # type: ignore[arg-type]
    assert found.same_cause
    [last] = found.solved
    assert last.who == "Farid Amini"
    assert last.held, "another entry with the same mistake is not one that failed again"
    assert [what for what, _, _ in last.did] == ["corrected"]
    assert "slip 1" in last.did[0][2]
    shown = text_of(signed_in(quick_staff.farid).get(f"/queue/{item.number}/earlier/"))
    assert "It held." in shown
    assert "Farid Amini" in shown


def test_what_is_done_beside_the_cause_is_not_how_it_was_solved(quick_world: Make, quick_staff: Staff) -> None:
    world, farid, clara = quick_world(), quick_staff.farid, quick_staff.clara
    world.take_in(entry(1, hours="0.00"), entry(2, hours="0.00"))
    intake.take_in()
    item = WorkItem.objects.get()
    verbs.correct_field(item, by=farid, field="hours", value="4", reason="slip")  # type: ignore[arg-type]
    later = timezone.now() + timedelta(days=2)
    verbs.assign(item, by=farid, to=clara)  # type: ignore[arg-type]
    verbs.snooze(item, by=clara, until=later, reason="on Monday")  # type: ignore[arg-type]
    verbs.resume(item, by=clara)  # type: ignore[arg-type]
    verbs.wait_on(item, by=clara, whom="the project manager", until=later)  # type: ignore[arg-type]
    verbs.resume(item, by=clara)  # type: ignore[arg-type]
    verbs.classify(item, by=clara, finding="typed twice")  # type: ignore[arg-type]
    verbs.hand_back(item, by=clara, reason="it is done")  # type: ignore[arg-type]
    verbs.leave_to_rules(item, by=clara)  # type: ignore[arg-type]
    world.deliver()
    intake.take_in()
    settle.settle_sent_again()
    world.take_in(entry(3, hours="0.00"))
    intake.take_in()
    [last] = solved_before.before(WorkItem.objects.get(), farid).solved  # type: ignore[arg-type]
    assert [what for what, _, _ in last.did] == ["corrected"]


def test_one_that_failed_again_did_not_hold(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = solved(world, quick_staff, 1)
    from routes import overlay_endings
    from routes.models import Overlay

    overlay_endings.withdraw(Overlay.objects.get().pk, by=quick_staff.farid, reason="no")  # type: ignore[arg-type]
    world.take_in(entry(1, hours="0.00", version=2))
    intake.take_in()
    [last] = solved_before.before(item, quick_staff.farid).solved  # type: ignore[arg-type]
    assert not last.held
    assert "It did not hold" in last.held_words


def test_last_three_times_are_told_the_newest_first(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    for number in range(1, 6):
        item = solved(world, quick_staff, number)
    found = solved_before.before(item, quick_staff.farid).solved  # type: ignore[arg-type]
    assert [each.did[0][2].split(": ")[1].partition(".")[0] for each in found] == ["slip 5", "slip 4", "slip 3"]


def test_nothing_alike_says_so_and_strangers_see_nothing(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    browser = signed_in(quick_staff.farid)
    with CaptureQueriesContext(connection) as found:
        shown = text_of(browser.get(f"/queue/{item.number}/earlier/"))
    assert "Nothing like it has ended yet." in shown
    assert len(found) <= 8
    assert signed_in(quick_staff.stranger).get(f"/queue/{item.number}/earlier/").status_code == 404
