"""An objection undoes nothing: the page of the deed says what of it stands, where that is undone, and questions it."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from canonical.failure import Category
from exceptions_queue import intake, settle, undoing, verbs
from exceptions_queue.models import Deed, EmergencyDeed, WorkItem
from governance.models import AuditEntry
from governance.rights import NotAllowed
from routes.models import Overlay
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_emergency import WHY, corrected, opened, policy, staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.world import World

__all__ = ["staff"]
Make = Callable[..., World]
OBJECT = "the time sheet says 8.00"


@pytest.fixture
def world(quick_world: Make, staff: Staff) -> World:
    """Return a world in which two entries were corrected in emergency mode, posted, and objected to."""
    made = quick_world()
    item = zero_hours(made, 2)
    policy(fields=["hours"])
    opened(staff.farid, item)
    corrected(item, staff.farid)
    made.deliver()
    intake.take_in()
    settle.settle_sent_again()
    verbs.object_to_deed(EmergencyDeed.objects.get(), by=staff.clara, note=OBJECT)
    return made


def place() -> str:
    return reverse("queue:emergency-deed", args=[EmergencyDeed.objects.get().pk])


def test_the_page_says_what_stands_and_questions_what_is_posted(world: World, staff: Staff) -> None:
    clara, deed = signed_in(staff.clara), EmergencyDeed.objects.get()
    assert world.states() == ["posted", "posted"], "the objection itself undoes nothing"
    page = text_of(clara.get(place()))
    assert "The objection itself undoes nothing" in page
    assert "2 transactions are posted" in page
    assert "Hours of TE-0000001" in page
    assert "open it again" in page
    answer = clara.post(place() + "questions/", {"reason": ""})
    assert answer.status_code == 422

    answer = clara.post(place() + "questions/", {"reason": OBJECT}, follow=True)
    item = WorkItem.objects.open().get(category=Category.QUESTIONED)
    assert answer.redirect_chain[-1][0] == f"/queue/{item.number}/"
    assert "Take back what is posted" in text_of(answer), "it is taken back from there"
    assert item.members == 2
    assert AuditEntry.objects.filter(verb="question", reason=OBJECT).count() == 2
    assert world.states() == ["posted", "posted"]
    with pytest.raises(verbs.NotPossible, match="is an exception already"):
        verbs.question_deed(deed, by=staff.clara, reason=OBJECT)


def test_corrections_are_taken_back_from_there_and_then_nothing_stands(world: World, staff: Staff) -> None:
    for each in Overlay.objects.open():
        verbs.take_back(each, by=staff.clara, reason=OBJECT)
    found = undoing.of(EmergencyDeed.objects.get())
    assert (found.posted, found.corrections, found.anything) == (2, [], True)


def test_what_was_not_delivered_is_sent_after_all_from_its_page(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world, 1)
    policy(Deed.WAIVE)
    opened(staff.farid, item)
    verbs.waive(item, by=staff.farid, reason=WHY)
    deed = EmergencyDeed.objects.get()
    page = text_of(signed_in(staff.clara).get(place()))
    assert "not delivered" in page or "Nothing of it is posted" in page
    with pytest.raises(verbs.NotPossible, match="Nothing of it is posted"):
        verbs.question_deed(deed, by=staff.clara, reason=OBJECT)


def test_rights_and_the_api(world: World, staff: Staff) -> None:
    deed = EmergencyDeed.objects.get()
    for by in (staff.viktor, staff.stranger):
        with pytest.raises(NotAllowed):
            verbs.question_deed(deed, by=by, reason=OBJECT)
    assert "Question what is posted" not in text_of(signed_in(staff.viktor).get(place()))
    address = f"/api/experience/v1/emergency-deeds/{deed.pk}/questions"
    answer = signed_in(staff.clara).post(address, {"reason": OBJECT}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["item"]["members"] == 2


def test_what_is_confirmed_says_nothing_of_it(world: World, staff: Staff) -> None:
    EmergencyDeed.objects.update(review="confirmed")
    assert "What of it stands" not in text_of(signed_in(staff.clara).get(place()))
