"""The list while somebody looks at it: what is new, gone or changed, of what they may see, with few queries."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import verbs
from exceptions_queue.models import WorkItem
from governance.models import LegalEntity
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in
from tests.exceptions_queue.test_query import items, staff
from tests.governance.people import company

__all__ = ["items", "staff"]


def one(name: str, where: LegalEntity, **more: Any) -> WorkItem:
    now = timezone.now()
    given = {"category": "refused", "owner": "finance", "title": name, "cause": "x", "first_seen": now,
             "last_seen": now, "opened_at": now, "members": 1, "amount": Decimal(10**6)}  # fmt: skip
    return WorkItem.objects.create(legal_entity=where, fingerprint=name, **(given | more))


def asked(browser: Any, page: str) -> tuple[tuple[str, ...], list[str], str]:
    shown = ",".join(re.findall(r'data-stamp="([^"]+)"', page))
    text = browser.get("/queue/news/", {"q": "is:open", "shown": shown}).content.decode()
    numbers = tuple(re.search(rf'data-{name}="(\d+)"', text)[1] for name in ("new", "gone", "changed"))
    return numbers, re.findall(r'<tr id="item-(\d+)"', text), text


def test_new_gone_and_changed_lines_are_told_apart(items: dict[str, WorkItem], staff: Staff) -> None:
    browser = signed_in(staff.farid)
    page = browser.get("/queue/?q=is:open").content.decode()
    numbers, rows, text = asked(browser, page)
    assert (numbers, rows) == (("0", "0", "0"), [])
    assert 'id="facets"' in text
    verbs.take(items["a"], by=staff.clara)
    verbs.tag(items["b"], by=staff.clara, names=["later"])
    WorkItem.objects.filter(pk=items["d"].pk).update(
        state="resolved", resolution="waived", resolved_by="person:1", resolved_at=timezone.now()
    )
    one("new", company("HP-DE"))
    one("foreign", company("HP-GB"))
    numbers, rows, text = asked(browser, page)
    assert numbers == ("1", "1", "2")
    assert {int(each) for each in rows} == {items["a"].number, items["b"].number}
    assert "Clara Voss" in text
    assert "foreign" not in text
    assert numbers == asked(signed_in(staff.viktor), page)[0]
    assert asked(browser, browser.get("/queue/?q=is:open").content.decode())[0] == ("0", "0", "0")


def test_time_that_passes_changes_no_line(items: dict[str, WorkItem], staff: Staff, monkeypatch: Any) -> None:
    browser = signed_in(staff.farid)
    page = browser.get("/queue/?q=is:open").content.decode()
    later = timezone.now() + timedelta(minutes=61)
    monkeypatch.setattr("exceptions_queue.templatetags.shown.timezone.now", lambda: later)
    assert asked(browser, page)[:2] == (("0", "0", "0"), [])


def test_line_that_others_pushed_to_the_next_page_is_not_gone(
    items: dict[str, WorkItem], staff: Staff, monkeypatch: Any
) -> None:
    monkeypatch.setattr("exceptions_queue.pages.items.SIZE", 2)
    browser = signed_in(staff.farid)
    page = browser.get("/queue/?q=is:open").content.decode()
    one("new", company("HP-DE"), amount=None, first_seen=timezone.now() - timedelta(days=99))
    assert asked(browser, page)[0] == ("1", "0", "0")


def test_news_asks_as_many_queries_for_few_and_many(items: dict[str, WorkItem], staff: Staff) -> None:
    browser, counts = signed_in(staff.farid), []
    page = browser.get("/queue/?q=is:open").content.decode()
    for number in (1, 30):
        for each in range(number):
            verbs.tag(one(f"{number}-{each}", company("HP-DE")), by=staff.clara, names=["x"])
        with CaptureQueriesContext(connection) as queries:
            asked(browser, page)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 17


def test_what_cannot_be_read_of_a_page_is_passed_over(items: dict[str, WorkItem], staff: Staff) -> None:
    browser = signed_in(staff.farid)
    for shown in ("", "x:y", "1:zzzzzzzz", "9" * 30 + ":00000000", "1:00000000," * 400):
        assert browser.get("/queue/news/", {"q": "is:open", "shown": shown}).status_code == 200
    assert browser.get("/queue/news/", {"q": "clas:x"}).status_code == 204
