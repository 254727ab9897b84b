"""Costly words of a line are looked for once for a page, and everything on it is what it would be without that."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import stake, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.items import ordered
from exceptions_queue.query import counting, once
from exceptions_queue.query.words import Understood, understood
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in
from tests.exceptions_queue.test_query import items, staff  # noqa: F401 - fixtures

COSTLY = (
    "is:open P-1", "is:open Secret", 'is:open "is not known"', "is:open item", "is:open -item", "is:open nothing",
    "is:open tag:acme", "is:open -tag:acme class:validation", "is:open project:P-1 amount:<1000", "is:open has:tag",
    "is:open age:>=3d", "is:open age:>=3d -class:refused", "is:open currency:CHF owner:billing", "is:open waiting:p-1",
    "is:open is:watched", "is:open amount:>1000 -tag:acme", 'is:open worker:"Ana Ruiz"', "is:waiting,new target:x",
    "is:open priority:>5", "is:open due:past tag:acme,other", "is:open again:>1 item holds:>2",
)  # fmt: skip


@pytest.fixture
def queue(items: dict[str, WorkItem], staff: Staff) -> None:  # noqa: F811
    verbs.tag(items["a"], by=staff.farid, names=["acme", "other"])
    verbs.tag(items["f"], by=staff.clara, names=["acme"])
    verbs.watch(items["b"], by=staff.farid)


@pytest.mark.parametrize("line", COSTLY)
@pytest.mark.parametrize("most", [once.MOST, 1, 0])
def test_page_says_the_same_as_when_each_of_its_questions_looks_anew(
    line: str, most: int, queue: None, staff: Staff, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr(once, "MOST", most)
    found = understood(line, timezone.now())
    assert not found.wrong

    def told(of: Understood, user: Any) -> tuple[Any, ...]:
        now = timezone.now()
        return list(ordered(of, user)), counting.always(of, user, now), stake.stake(of, user)

    for user in (staff.farid, staff.clara, staff.viktor, staff.stranger):
        assert told(once.looked_for(found, user), user) == told(found, user)


@pytest.mark.parametrize(
    "line", ["is:open", "is:open class:validation amount:>1000", "is:resolved P-1", "P-1", "tag:x", "is:open tag:acme"]
)
def test_line_without_costly_words_or_of_resolved_items_stays(line: str, queue: None, staff: Staff) -> None:  # noqa: F811
    found = understood(line, timezone.now())
    assert once.looked_for(found, staff.farid) is found


def test_page_looks_for_a_text_once(queue: None, staff: Staff) -> None:  # noqa: F811
    client = signed_in(staff.farid)
    for address in ("/queue/", "/queue/news/"):
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address, {"q": "is:open nowhere class:validation"})
        assert answer.status_code == 200
        assert sum('"title"' in each["sql"].partition("WHERE")[2] for each in asked) == 1


def test_api_counts_a_choice_without_what_is_chosen_of_its_word(queue: None, staff: Staff) -> None:  # noqa: F811
    address = "/api/experience/v1/work-item-counts"
    told = signed_in(staff.clara).get(address, {"query": "is:open tag:other", "of": ["tag", "class"]}).json()["counts"]
    assert {each["value"]: each["items"] for each in told[0]["values"]} == {"acme": 2, "other": 1}
    assert {each["value"]: each["items"] for each in told[1]["values"]} == {"validation": 1}
