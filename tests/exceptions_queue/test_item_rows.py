"""Lines of the list are drawn in the program: each column, and whatever somebody has typed is text and no markup."""

import datetime as dt
from decimal import Decimal
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from exceptions_queue import columns
from exceptions_queue.due_words import Due
from exceptions_queue.models import Resolution, State, WorkItem, WorkItemAmount
from exceptions_queue.pages.items import Row
from exceptions_queue.templatetags.item_rows import CELLS, item_row
from governance.models import LegalEntity, User

NOW = timezone.now()
ODD = "<b onclick='x'>\"&amp; {{ 1 }}"


class Tags(HTMLParser):
    """Reads the elements and the text of a part of a page."""

    def __init__(self, html: str) -> None:
        """Read it."""
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "input":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def row(**changes: Any) -> Row:
    """Return a line in which everything that somebody can have typed is odd."""
    item = WorkItem(
        number=7, legal_entity=LegalEntity(code=ODD), owner=ODD, assignee=ODD, entity="time_entry", members=2, seen=2,
        first_seen=NOW, last_seen=NOW, waiting_on=ODD, worth_currency="EUR", worth_lacks=ODD, reopened=3,
        wakes_at=NOW, due_at=NOW, due_key="x", due_of=ODD, category="validation",
        about={"customer_id": ODD, "project_code": ODD, "period": ODD},
    )  # fmt: skip
    for name, value in changes.items():
        setattr(item, name, value)
    due = Due(NOW, ODD, ODD, ODD, is_past=True)
    named: Any = SimpleNamespace(name=ODD)
    return Row(item, ODD, ODD, ODD, ODD, ODD, (WorkItemAmount(amount=Decimal(5), currency=ODD),), (ODD,), named, due)


def test_every_column_that_can_be_chosen_is_drawn() -> None:
    assert set(CELLS) == set(columns.COLUMNS)


@pytest.mark.parametrize("state", State)
def test_whatever_was_typed_is_text(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Row, "system", ODD)
    resolution = Resolution.FIXED if state == State.RESOLVED else ""
    line = row(state=state, resolution=resolution)
    read = Tags(item_row(line, columns.drawn(columns.COLUMNS), choosable=True, swapped=True))
    assert not read.open
    assert {tag for tag, _ in read.elements} == {"tr", "td", "input", "a", "div", "span", "time"}
    assert all("onclick" not in given for _, given in read.elements)
    assert read.text.count(ODD) >= 14
    [tr] = [given for tag, given in read.elements if tag == "tr"]
    assert (tr["id"], tr["data-was"], tr["hx-swap-oob"]) == ("item-7", ODD, "true")
    labels = [given["data-label"] for tag, given in read.elements if tag == "td" and "data-label" in given]
    assert labels == list(columns.COLUMNS.values())


@pytest.mark.parametrize("shown", [False, True])
def test_what_has_a_column_of_its_own_is_not_told_twice(shown: bool) -> None:
    line = row(state=State.NEW, hours=Decimal(8))
    names = (*columns.USUAL, *(("hours", "again") if shown else ()))
    told = Tags(item_row(line, columns.drawn(names))).text
    assert told.count("8 h") == 1
    assert ("came back 3×" in told) is not shown


def test_line_without_anything_to_say_says_what_is_not_known() -> None:
    item = WorkItem(number=1, legal_entity=LegalEntity(code="HP-DE"), owner="controller", entity="time_entry",
                    first_seen=NOW - dt.timedelta(days=3), members=1, state=State.NEW)  # fmt: skip
    line = Row(item, "Title", "", "Kind", "", "", (), (), User())
    read = Tags(item_row(line, columns.drawn((*columns.USUAL, "worth", "client"))))
    assert [given for tag, given in read.elements if tag == "input"] == []
    assert " ".join(read.text.split()) == "Title Kind · HP-DE unknown 1 time entry 3 days new controller unknown"
