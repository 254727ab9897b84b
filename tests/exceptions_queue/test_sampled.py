"""Tries, versions of mappings and groups: words of the line, and numbers beside the list once they are opened."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from canonical.failure import Category
from exceptions_queue import intake, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.query import counting, sampled
from exceptions_queue.query.compiled import narrowed
from exceptions_queue.query.words import understood
from governance.models import User
from routes.models import Failure
from tests.api.signing import get, token_of
from tests.exceptions_queue.conftest import Staff
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


@pytest.fixture
def queue(quick_world: Make, quick_staff: Staff) -> tuple[WorkItem, WorkItem]:
    """Return an item of what was refused twice, and one of what never left."""
    world = quick_world()
    world.target.behave = lambda request, at: refused(Category.REFUSED)
    world.take_in(entry(1), entry(2))
    world.deliver()
    intake.take_in()
    sent = WorkItem.objects.get()
    stopped = list(sent.failures().values_list("pk", flat=True))
    verbs.resubmit(sent, by=quick_staff.farid, reason="again", failures=stopped)
    intake.take_in()
    world.deliver()
    intake.take_in()
    world.take_in(entry(3, hours="0.00"))
    intake.take_in()
    return sent, WorkItem.objects.exclude(pk=sent.pk).get()


def found(line: str, user: Any) -> list[int]:
    read = understood(line, timezone.now())
    assert not read.wrong, read.wrong
    return sorted(narrowed(read, user).values_list("pk", flat=True))


def numbers(word: str, user: Any, line: str = "is:open") -> dict[str, str]:
    assert isinstance(user, User)
    facet = counting.on_request(understood(line, timezone.now()), word, user, timezone.now())
    return {each.value: each.shown for each in facet.values}


def test_how_often_it_was_sent_is_asked_and_counted(queue: tuple[WorkItem, WorkItem], quick_staff: Staff) -> None:
    sent, never = queue
    assert numbers("tries", quick_staff.farid) == {"0": "1", "2..5": "1"}
    assert numbers("tries", quick_staff.farid, "is:open tries:>1") == {"0": "1", "2..5": "1", ">1": "1"}
    assert numbers("tries", quick_staff.stranger) == {}
    assert found("tries:>1", quick_staff.farid) == found("is:open tries:2", quick_staff.farid) == [sent.pk]
    assert found("is:open tries:0", quick_staff.farid) == found("is:open -tries:>=1", quick_staff.farid) == [never.pk]
    assert found("is:open tries:<3", quick_staff.farid) == sorted([sent.pk, never.pk])
    assert found("tries:>1", quick_staff.stranger) == []


def test_what_it_was_made_with_is_asked_and_counted(queue: tuple[WorkItem, WorkItem], quick_staff: Staff) -> None:
    sent, _ = queue
    told = numbers("version", quick_staff.farid)
    assert told == {"ledger-time-in@1": "2", "ledger-time-out@1": "2"}
    for version, number in told.items():
        assert len(found(f"is:open version:{version}", quick_staff.farid)) == int(number)
        mapping = version.partition("@")[0]
        assert found(f"is:open version:{mapping}", quick_staff.farid)
        assert found(f"is:open version:{mapping}@99", quick_staff.farid) == []
    assert sent.pk in found(f"is:open version:{next(iter(told))}", quick_staff.farid)
    assert numbers("version", quick_staff.stranger) == {}


def test_of_many_the_most_urgent_are_looked_at_and_that_is_said(
    queue: tuple[WorkItem, WorkItem], quick_staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "MOST", 1)
    first = WorkItem.objects.open().by_money()[0]
    band = "2..5" if first.pk == queue[0].pk else "0"
    assert numbers("tries", quick_staff.farid) == {band: "at least 1"}
    assert all(each.startswith("at least") for each in numbers("version", quick_staff.farid).values())


def test_groups_are_asked_and_counted(queue: tuple[WorkItem, WorkItem], quick_world: Make, quick_staff: Staff) -> None:
    sent, never = queue
    one = Failure.objects.filter(fingerprint=sent.fingerprint, closed_at=None).order_by("pk")[0]
    made = verbs.split(sent, by=quick_staff.farid, failures=[one.pk], reason="another contract")
    assert numbers("group", quick_staff.farid) == {"one": "2", "split": "1"}
    assert found("group:split", quick_staff.farid) == [made.pk]
    assert found("group:one is:open", quick_staff.farid) == sorted([sent.pk, never.pk])
    assert found("group:several,rule", quick_staff.farid) == []
    assert numbers("group", quick_staff.stranger) == {}


def test_programs_count_by_them(queue: tuple[WorkItem, WorkItem], quick_staff: Staff) -> None:
    token = token_of(quick_staff.farid, "experience:read")
    answer = get("/api/experience/v1/work-item-counts?query=is:open&of=tries&of=version&of=group", token)
    assert answer.status_code == 200, answer.content
    assert [each["word"] for each in answer.json()["counts"]] == ["tries", "version", "group"]
