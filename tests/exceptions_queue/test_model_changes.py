"""A model that has changed since: the working copy is carried over, what does not fit is told, and nothing is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exceptions_queue import intake, verbs, version_chooser
from exceptions_queue.models import WorkItem
from exceptions_queue.trying import Outcome, tries
from routes import bodies
from routes.arrivals import decode, exact
from routes.models import Overlay, Record
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_resubmitting import LAX, settled
from tests.exceptions_queue.test_trying import opened, publish
from tests.routes.world import World, entry

Make = Callable[..., World]


def corrected(world: World, staff: Staff, **stored: Any) -> WorkItem:
    """Return the item of a record with a correction that was kept by an earlier model."""
    item = zero_hours(world)
    [failure] = opened()
    verbs.correct_field(item, by=staff.farid, field="role", value="Architect", reason="as booked")  # stops again
    intake.take_in()
    assert opened() != [failure]
    Overlay.objects.update(**stored)
    return WorkItem.objects.filter(members__gt=0).get()


def test_a_correction_that_does_not_fit_any_more_is_a_gap_with_its_remedy(
    quick_world: Make, quick_staff: Staff, client: Client
) -> None:
    world = quick_world()
    item = corrected(world, quick_staff, field="hours", value="a morning")
    publish(LAX, quick_staff)

    [trial] = tries(opened(), by=quick_staff.farid)
    [gap] = version_chooser.offers(item, opened(), by=quick_staff.farid)[0].gaps
    verbs.resubmit(item, by=quick_staff.farid)
    settled(world)

    told = "The correction of the hours to a morning does not fit any more: decimal numbers are accepted there."
    assert (trial.outcome, told in trial.words) == (Outcome.STILL_INVALID, True)
    assert "Correct it anew, or take the correction back." in gap.words
    assert world.states() == ["failed"]
    assert Overlay.objects.get().is_open
    client.force_login(quick_staff.farid)  # type: ignore[arg-type]
    for page in ("queue:corrections", "queue:items"):
        assert client.get(reverse(page)).status_code == 200
    assert b"a morning" in client.get(reverse("queue:correction", args=[Overlay.objects.get().pk])).content

    left = WorkItem.objects.filter(members__gt=0).get()
    verbs.correct_field(left, by=quick_staff.farid, field="hours", value="4.00", reason="asked anew")
    settled(world)
    assert (world.states(), str(decode(world.target.commits[-1].body)["hours"])) == (["posted"], "4.00")


def test_a_correction_that_does_not_fit_stops_a_newer_version_too(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    corrected(world, quick_staff, field="hours", value="a morning")

    world.take_in(entry(1, version=2, hours="3.00"))
    intake.take_in()

    assert "posted" not in world.states()
    assert any("does not fit any more" in each.message for each in opened())
    assert Overlay.objects.get().is_open


def test_a_correction_of_a_field_that_is_gone_stops_nothing_and_is_told(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = corrected(world, quick_staff, field="cost_center_of_2019", value="4711")
    publish(LAX, quick_staff)

    now = version_chooser.offers(item, opened(), by=quick_staff.farid)[0]
    verbs.resubmit(item, by=quick_staff.farid)
    settled(world)

    assert now.goes == 1
    assert "The correction of the cost center of 2019 of 1 time entry has no part in it" in now.gaps[0].words
    assert world.states() == ["posted"]
    assert Overlay.objects.get().is_open


@pytest.mark.parametrize(("start", "goes"), [("source", True), ("failed_stage", False)])
def test_a_form_of_then_that_cannot_be_read_is_made_anew_from_the_source(
    quick_world: Make, quick_staff: Staff, start: Any, goes: bool
) -> None:
    world = quick_world()
    zero_hours(world)
    record = Record.objects.get()
    assert record.canonical_payload_id is not None
    stored = bodies.Bodies()
    old = decode(str(bodies.read([record.canonical_payload_id])[record.canonical_payload_id]))
    was = stored.add("canonical", exact(old | {"hours": "a morning"}))
    stored.write()
    Record.objects.update(canonical_payload_id=was)
    publish(LAX, quick_staff)

    [trial] = tries(opened(), by=quick_staff.farid, start=start)
    verbs.resubmit(WorkItem.objects.get(), by=quick_staff.farid, start=start)
    settled(world)

    assert (trial.outcome is Outcome.WILL_SEND) is goes
    assert goes or "Send it from the start, with what the source sent." in trial.words
    assert world.states() == (["posted"] if goes else ["failed"])
