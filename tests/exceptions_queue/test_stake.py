"""The line that says it all: what is at stake in a list, until when, and which few causes explain most of it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import intake, recount, stake
from exceptions_queue.models import WorkItem
from hub.pages.gallery import _stakes
from tests.api.signing import get, token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_intake import write_down
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_query import items, staff
from tests.exceptions_queue.test_worth import stopped
from tests.governance.people import company
from tests.routes.world import World

__all__ = ["items", "staff"]
Make = Callable[..., World]


def said(line: str, user: Any) -> tuple[int, Decimal, int]:
    found = stake.stake_of(line, user)
    return (found.causes, found.amount, found.unknown) if found else (0, Decimal(0), 0)


def test_list_says_what_is_at_stake_in_it(items: dict[str, WorkItem], staff: Staff) -> None:
    assert said("is:open", staff.farid) == (4, 25_500, 1), "the unknown one adds nothing and is named"
    assert said("is:open", staff.clara) == (5, 35_499, 1), "who sees more companies is told of more"
    assert said("", staff.farid) == said("is:open", staff.farid), "nothing is at stake in what is resolved"
    assert said("class:validation", staff.farid) == (2, 500, 1)
    assert said("is:resolved", staff.farid) == (0, 0, 0)
    assert said("is:open", staff.stranger) == (1, 9999, 0)
    assert said("is:open blocks:nothing-such", staff.farid) == (0, 0, 0)


def test_few_causes_explain_most_of_it(items: dict[str, WorkItem], staff: Staff) -> None:
    found = stake.stake_of("is:open", staff.farid)
    assert found
    assert [(each.number, each.percent) for each in found.explained] == [
        (items["b"].number, 78), (items["d"].number, 19),
    ]  # fmt: skip
    assert found.percent == 98
    assert found.explained_line == f"is:open number:{items['b'].number},{items['d'].number}"
    assert said(found.explained_line, staff.farid) == (2, 25_000, 0), "each link narrows to what it says"
    assert said(found.explained[0].line, staff.farid) == (1, 20_000, 0)
    assert said(found.unknown_line, staff.farid) == (1, 0, 1)


def test_earliest_deadline_is_told_with_how_much_of_it(items: dict[str, WorkItem], staff: Staff) -> None:
    soon = timezone.now() + timedelta(hours=9)
    key = f"run:{company('HP-DE').pk}:7"
    due = {"due_at": soon, "due_key": key, "due_of": "Invoices: its next run"}
    WorkItem.objects.filter(pk__in=[items["a"].pk, items["b"].pk]).update(**due)
    WorkItem.objects.filter(pk=items["d"].pk).update(due_at=soon + timedelta(1), due_key="nothing-yet", due_of="Later")
    found = stake.stake_of("is:open", staff.farid)
    assert found
    assert found.first
    assert (found.first.of, found.first.causes, found.first.amount) == ("Invoices: its next run", 2, 20_500)
    assert found.first.line == f"is:open blocks:{key}"
    narrowed = stake.stake_of("is:open class:refused", staff.farid)
    assert narrowed
    assert narrowed.first
    assert narrowed.first.of == "Later"


def test_hidden_words_stay_hidden(items: dict[str, WorkItem], staff: Staff) -> None:
    told = {each.number: each.title for each in stake.stake_of("is:open", staff.viktor).explained}
    assert "95.00" not in told[items["b"].number]
    assert "Ana Ruiz" not in told[items["d"].number]
    assert "95.00" not in text_of(signed_in(staff.viktor).get("/queue/?q=is:open"))


def test_record_in_several_causes_counts_once_however_the_list_is_narrowed(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    shared = [uuid4() for _ in range(3)]
    for cause in ("T-1", "T-2", "T-3"):
        write_down([stopped(world, each, cause) for each in shared])
        write_down([stopped(world, uuid4(), cause, 7)])
        intake.take_in()
    while recount.sweep():
        pass
    numbers = {item.table_key[0]: item.number for item in WorkItem.objects.all()}
    assert said("is:open", staff.clara) == (3, 321, 0)
    for cause, number in numbers.items():
        assert said(f"number:{number}", staff.clara) == (1, 307, 0), f"{cause} alone holds all of them"
    assert said(f"number:{numbers['T-1']},{numbers['T-3']}", staff.clara) == (2, 314, 0)
    assert said(f"number:{numbers['T-2']},{numbers['T-3']}", staff.clara) == (2, 314, 0)


def test_too_many_shared_records_are_said_to_be_more(
    quick_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_record_in_several_causes_counts_once_however_the_list_is_narrowed(quick_world, staff)
    monkeypatch.setattr(stake, "MOST_SHARED", 3)
    lists = [stake.stake_of(f"number:{item.number}", staff.clara) for item in WorkItem.objects.all()]
    assert sorted((each.at_least, each.amount) for each in lists if each) == [(False, 307), (True, 7), (True, 7)]


def test_page_and_api_say_it(items: dict[str, WorkItem], staff: Staff) -> None:
    page = text_of(signed_in(staff.farid).get("/queue/?q=is:open"))
    assert "25,500 EUR at stake in 4 causes, and 1 of them of unknown worth" in page
    assert "2 causes hold 98 % of the 25,500 EUR" in page
    assert "25,500 EUR at stake" in text_of(signed_in(staff.farid).get("/"))
    assert "at stake in" not in text_of(signed_in(staff.olga).get("/")), "who has no money to see to is not told"
    answer = get("/api/experience/v1/work-item-counts?query=is:open", token_of(staff.farid, "experience:read"))
    told = answer.json()["at_stake"]
    assert (told["amount"], told["unknown"], told["percent"], told["explained_by"][0]["number"]) == (
        "25500.0000", 1, 98, items["b"].number,
    )  # fmt: skip
    by_class = next(each for each in answer.json()["counts"] if each["word"] == "class")
    assert {each["value"]: each["worth"] for each in by_class["values"]} == {
        "validation": "500.0000", "unmapped-value": "20000.0000", "refused": "5000.0000",
    }  # fmt: skip


def test_line_asks_as_many_queries_for_few_and_many(items: dict[str, WorkItem], staff: Staff) -> None:
    counts = []
    for many in (0, 60):
        now = timezone.now()
        WorkItem.objects.bulk_create(
            WorkItem(legal_entity=company("HP-DE"), fingerprint=f"many {n}", category="refused", owner="finance",
                     title=f"No. {n}", cause="x", first_seen=now, last_seen=now, opened_at=now, members=1,
                     worth=Decimal(n), worth_currency="EUR", rank=0, due_at=now, due_key="k", due_of="K")
            for n in range(many)
        )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            assert stake.stake_of("is:open", staff.farid)
        counts.append(len(queries))
    assert counts[0] <= 10
    assert counts[1] - counts[0] <= 2, "the calendar of the deadline's company, where there is a deadline"


def test_deadline_of_causes_without_a_known_worth_tells_no_amount_of_nothing() -> None:
    told = next(each for each in _stakes() if each.first)
    assert told.first
    without = replace(told, first=replace(told.first, amount=Decimal(0)))
    html = render_to_string("components/stake.html", {"stake": without})
    words = " ".join(re.sub("<[^>]+>", "", html).split())
    assert "9 causes block Billing run of Fri 4 Dec" in words
    assert "0.00" not in words
