"""Posting in the next open period: proposed by one person on the item's page, approved by another."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.urls import reverse

from exceptions_queue import verbs
from exceptions_queue.models import WorkItem, WorkItemEvent
from exceptions_queue.tasks import sweep
from governance.models import AuditEntry, RoleGrant
from governance.rights import NotAllowed, Role
from routes.models import PostingPeriod, Transaction, Transition
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.governance.people import company
from tests.routes.test_periods import close_until, closed_october, today
from tests.routes.world import World, entry

Make = Callable[..., World]


def closed(world: World, number: int = 2) -> WorkItem:
    """Return the item of entries that met a closed month; the next one is open."""
    refuses = closed_october
    world.target.behave = lambda request, count: refuses(request, 1) if count <= number else None
    close_until(world, dt.date(2026, 11, 1))
    world.take_in(*(entry(n) for n in range(1, number + 1)))
    world.deliver()
    sweep()
    return WorkItem.objects.get()


def place(item: WorkItem, name: str) -> str:
    return reverse("queue:remedy", args=[item.number, name])


def test_item_says_which_day_it_would_move_to_and_a_second_person_lets_it_go(make_world: Make, staff: Staff) -> None:
    world = make_world(posting_date="worked_on")
    item = closed(world)
    RoleGrant.objects.create(user=staff.farid, role=Role.CONTROLLER, legal_entity=company("HP-DE"))
    farid = signed_in(staff.farid)
    day = min(today(), dt.date(2026, 11, 30)).isoformat()
    page = text_of(farid.get(url_of(item)))
    assert f"Would be {day}, in the period 2026-11-01 to 2026-11-30" in page
    assert "Day now 2026-10-05" in page
    assert "Proposes 2 time entries, 1,600.00 EUR; sent once Clara Voss approves" in page

    said = text_of(farid.post(place(item, "period-moves"), {"reason": "October was late"}, follow=True))
    assert "2 time entries proposed for the next open period. A second person approves." in said
    sweep()
    assert world.states() == ["held", "held"]
    waiting = WorkItem.objects.exclude(pk=item.pk).get()
    assert waiting.title == "Needs a second person's approval: worked on was moved to another day"
    seen = text_of(signed_in(staff.clara).get(url_of(waiting)))
    assert (
        f"{day} ≠ differs from the source: 2026-10-05" in seen or f"2026-10-05 ≠ differs from the source: {day}" in seen
    )

    refused = farid.post(place(waiting, "approvals"), {"reason": "myself"}, follow=True)
    assert refused.status_code == 403
    assert world.states() == ["held", "held"]
    signed_in(staff.clara).post(place(waiting, "approvals"), {"reason": "agreed"}, follow=True)
    world.deliver()
    sweep()
    assert world.states() == ["posted", "posted"]
    assert not WorkItem.objects.open().exists()
    told = WorkItemEvent.objects.get(item=item, verb="next period proposed")
    assert (told.actor_name, told.reason) == ("Farid Amini", f"2 time entries proposed for {day}: October was late")
    assert AuditEntry.objects.filter(verb="move_period").count() == 1
    [first, _] = Transaction.objects.order_by("key")
    assert Transition.objects.filter(subject_id=first.pk, actor="Clara Voss", to_state="ready").exists()


def test_move_needs_a_reason_and_the_right(make_world: Make, staff: Staff) -> None:
    world = make_world(posting_date="worked_on")
    item = closed(world, 1)
    answer = signed_in(staff.farid).post(place(item, "period-moves"), {"reason": " "})
    assert answer.status_code == 422
    assert "A reason is missing" in text_of(answer)
    assert "You need the role" in text_of(signed_in(staff.viktor).get(url_of(item)))
    with pytest.raises(NotAllowed):
        verbs.move_to_next_period(item, by=staff.viktor, reason="late")
    with pytest.raises(NotAllowed):
        verbs.move_to_next_period(item, by=staff.stranger, reason="late")
    assert world.states() == ["held"]


def test_move_is_not_offered_where_no_open_period_is_known(make_world: Make, staff: Staff) -> None:
    world = make_world(posting_date="worked_on")
    item = closed(world, 1)
    PostingPeriod.objects.all().delete()
    assert "Post in the next open period" not in text_of(signed_in(staff.farid).get(url_of(item)))
    with pytest.raises(verbs.NotPossible, match="No open period"):
        verbs.move_to_next_period(item, by=staff.farid, reason="late")


def test_only_the_chosen_rows_are_moved(make_world: Make, staff: Staff) -> None:
    world = make_world(posting_date="worked_on")
    item = closed(world, 3)
    chosen = [item.failures().order_by("pk")[0].pk]
    assert verbs.move_to_next_period(item, by=staff.farid, reason="late", failures=chosen) == 1
    sweep()
    item.refresh_from_db()
    assert (item.members, WorkItem.objects.open().count()) == (2, 2)
