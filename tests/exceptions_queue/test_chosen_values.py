"""A chosen value beside the list has the number that the list has with it alone, told apart otherwise or not."""

import pytest
from django.utils import timezone

from exceptions_queue import verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.query import counting
from exceptions_queue.query.compiled import narrowed
from exceptions_queue.query.facets import facet_of
from exceptions_queue.query.line import with_values
from exceptions_queue.query.words import understood
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_query import items, staff  # noqa: F401 - fixtures

LINES = (
    ("amount", "is:open amount:>100"), ("amount", "amount:>100,unknown,<1000"), ("amount", "amount:<1000.00 P-1"),
    ("due", "is:open due:<90d"), ("due", "due:>=1d,none"), ("team", "is:open team:mine"),
    ("team", "team:mine,billing amount:>100"), ("age", "is:open age:>2d"), ("age", "age:>2d,<1d"),
    ("again", "is:open again:>=1"), ("again", "is:open again:3,0"), ("project", "is:open project:P-1,P-2"),
    ("project", "project:P-2"), ("tag", "is:open tag:other"), ("currency", "is:open currency:CHF,EUR"),
    ("entity", "entity:HP-GB"), ("rule", "is:open rule:no-such"), ("has", "is:open has:tag,correction"),
)  # fmt: skip


@pytest.mark.parametrize(("word", "line"), LINES)
def test_chosen_value_has_the_number_of_the_list_with_it(
    word: str,
    line: str,
    items: dict[str, WorkItem],  # noqa: F811
    staff: Staff,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verbs.tag(items["a"], by=staff.farid, names=["acme", "other"])
    verbs.tag(items["f"], by=staff.clara, names=["acme"])
    monkeypatch.setattr(counting, "VALUES", 1)
    found = understood(line, timezone.now())
    assert not found.wrong
    for user in (staff.farid, staff.clara, staff.viktor, staff.stranger):
        facet = counting.on_request(found, word, user, timezone.now())
        chosen = {each.value: each.number for each in facet.values if each.chosen}
        assert chosen == {
            value.text: narrowed(understood(with_values(found.line, word, [value.text]), timezone.now()), user).count()
            for term in found.line.of(word)
            for value in term.values
        }


@pytest.mark.parametrize("first", [">=1000", "<100000"])
def test_what_is_chosen_stands_in_the_order_of_the_line_whatever_is_counted_first(first: str) -> None:
    found = understood("amount:>=1000 amount:<100000", timezone.now())
    numbers = dict.fromkeys((first, ">=1000", "<100000", "10000..100000"), 3)
    told = [each.value for each in facet_of(found, "amount", numbers).values]
    assert told == ["10000..100000", ">=1000", "<100000"]
