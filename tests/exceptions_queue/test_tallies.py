"""The tally says what the items say: whatever changes them, for each line that it serves, and for whoever asks."""

import itertools
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import stake, tallies
from exceptions_queue.models import State, WorkItem, WorkItemTally
from exceptions_queue.query import counting
from exceptions_queue.query.words import understood
from governance.models import LegalEntity
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_query import items, staff
from tests.governance.people import company

__all__ = ["items", "staff"]
NOW = datetime(2026, 10, 6, 9, tzinfo=UTC)
SUMS = [
    None,
    *map(Decimal, ("-5", "0", "999.9999", "1000", "1000.0001", "9999", "10000", "99999.5", "100000", "250000")),
]
DUE = [(None, "", ""), *((NOW + timedelta(days=n), f"run:{n}", f"Billing run {n}") for n in (-2, 0, 3, 20))]
Change = Callable[[random.Random, list[LegalEntity]], None]


def drawn(by: random.Random) -> dict[str, Any]:
    """Return columns of an item, as anything may have set them."""
    worth = by.choice(SUMS)
    due_at, key, of = by.choice(DUE)
    state = by.choice([each for each in State if each is not State.RESOLVED])
    return {
        "state": state, "category": by.choice(["validation", "unmapped_value"]), "owner": by.choice(["billing", "it"]),
        "assignee": by.choice(["", "person:7"]), "entity": by.choice(["", "time_entry"]),
        "route_id": by.choice([None, 3]), "due_at": due_at, "due_key": key, "due_of": of, "due_bills": bool(key),
        "worth": worth, "worth_once": by.choice([worth, None if worth is None else worth / 2]),
        "worth_currency": by.choice(["", "EUR"]),
        "reopened": by.choice([0, 0, 1, 2, 5]), "members": by.choice([0, 1, 40]), "without_amount": by.choice([0, 2]),
    }  # fmt: skip


def one_more(by: random.Random, companies: list[LegalEntity]) -> None:
    WorkItem.objects.bulk_create(_new(by, companies) for _ in range(by.choice([1, 4])))


def _new(by: random.Random, companies: list[LegalEntity]) -> WorkItem:
    moments = dict.fromkeys(("first_seen", "last_seen", "opened_at"), NOW)
    return WorkItem(
        legal_entity=by.choice(companies), fingerprint=f"{by.random()}", title="A", cause="b", **moments, **drawn(by)
    )


def another(by: random.Random, companies: list[LegalEntity]) -> None:
    for item in WorkItem.objects.order_by("?")[:2]:
        for name, value in drawn(by).items():
            setattr(item, name, value)
        item.resolved_at, item.resolved_by, item.resolution = None, None, ""
        item.save()


def many_at_once(by: random.Random, companies: list[LegalEntity]) -> None:
    WorkItem.objects.filter(state=State.NEW).update(members=F("members") + 1, owner="finance")


def resolved(by: random.Random, companies: list[LegalEntity]) -> None:
    ended = {"resolved_at": NOW, "resolved_by": "person:7", "resolution": "fixed", "state": State.RESOLVED}
    WorkItem.objects.filter(pk__in=list(WorkItem.objects.values_list("pk", flat=True)[:2])).update(**ended)


def deleted(by: random.Random, companies: list[LegalEntity]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM exceptions_queue_workitem WHERE number % 5 = 0")


def undone(by: random.Random, companies: list[LegalEntity]) -> None:
    with transaction.atomic():
        one_more(by, companies)
        many_at_once(by, companies)
        transaction.set_rollback(True)


def summed_up(by: random.Random, companies: list[LegalEntity]) -> None:
    tallies.sum_up()


CHANGES: list[Change] = [one_more, one_more, another, many_at_once, resolved, deleted, undone, summed_up]


def counted() -> Counter[tuple[Any, ...]]:
    """Return what the tally has to say, worked out from the items one by one."""
    found: Counter[tuple[Any, ...]] = Counter()
    for item in WorkItem.objects.open():
        money = item.worth if item.worth_once is None else item.worth_once
        shared = item.worth is not None and item.worth_once is not None and item.worth_once < item.worth
        item.reopened = min(item.reopened, 2)
        alike = tuple(getattr(item, name) for name in tallies.COLUMNS if name != "worth")
        said = (
            1, item.members, item.worth or 0, money or 0, money is None, item.without_amount > 0 and money is not None,
            item.members if shared else 0,
        )  # fmt: skip
        for name, value in zip(tallies.SUMS, said, strict=True):
            found[(*alike, _place(item.worth), name)] += value
    return Counter({key: value for key, value in found.items() if value})


def told() -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for row in WorkItemTally.objects.all():
        alike = tuple(getattr(row, name) for name in tallies.COLUMNS if name != "worth")
        for name in tallies.SUMS:
            found[(*alike, _place(row.worth), name)] += getattr(row, name)
    return Counter({key: value for key, value in found.items() if value})


def _place(worth: Decimal | None) -> tuple[bool, ...] | None:
    return (
        None if worth is None else tuple(itertools.chain(*((worth < b, worth == b) for b in tallies.BOUNDS["amount"])))
    )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(12))
def test_tally_says_what_the_items_say_whatever_changes_them(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MANY", 3)
    by, companies = random.Random(seed), [company("HP-DE"), company("HP-GB")]
    for _ in range(25):
        by.choice(CHANGES)(by, companies)
        assert told() == counted()
    tallies.sum_up()
    assert told() == counted()


LINES = (
    "is:open", "is:open class:validation", "is:open -class:validation", "is:waiting,snoozed owner:billing",
    "is:open entity:HP-DE", "is:open amount:>=1000 amount:<100000", "is:open amount:unknown", "is:open due:past",
    "is:open due:<4d", "is:open assignee:nobody", "is:open -assignee:me", "is:billing is:open", "is:open again:>1",
    "is:open type:time_entry", "is:open route:none-such", "is:open team:mine", "is:open amount:>1000,unknown -is:new",
    "is:open source:none-such", "", "is:resolved", "is:regressed", "-is:waiting", "class:validation",
    "again:0..1 is:open", "is:open again:1",
)  # fmt: skip
BY = ("entity", "assignee", "type", "route", "source", "is", "again")


@pytest.fixture
def queue(staff: Staff) -> None:
    by, companies = random.Random(7), [company("HP-DE"), company("HP-GB")]
    WorkItem.objects.bulk_create(_new(by, companies) for _ in range(300))
    resolved(by, companies)


@pytest.mark.parametrize("line", LINES)
def test_what_is_counted_from_the_tally_is_what_is_counted_from_the_items(
    line: str, queue: None, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = understood(line, timezone.now())
    assert not found.wrong
    assert tallies.serves(found)

    def all_of_it(user: Any) -> list[Any]:
        now = timezone.now()
        on_request = [counting.on_request(found, word, user, now) for word in BY]
        return [counting.always(found, user, now), *on_request, stake.stake(found, user)]

    people = (staff.farid, staff.clara, staff.stranger)
    from_tally = [all_of_it(each) for each in people]
    monkeypatch.setattr(tallies, "serves", lambda found: False)
    assert from_tally == [all_of_it(each) for each in people]


@pytest.mark.parametrize(
    "line", ["is:open amount:>999", "is:open project:P-1", "is:open is:watched", "is:auto", "is:open again:2",
             "is:open P-1", "is:open priority:>5", "is:open blocks:x"]
)  # fmt: skip
def test_what_the_tally_does_not_know_is_counted_from_the_items(line: str) -> None:
    assert not tallies.serves(understood(line, timezone.now()))


def test_numbers_of_many_are_read_from_few_rows(queue: None, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MANY", 1)
    tallies.sum_up()
    found = understood("is:open", timezone.now())
    with CaptureQueriesContext(connection) as asked:
        counting.always(found, staff.clara, timezone.now())
    assert not [each["sql"] for each in asked if '"exceptions_queue_workitem"' in each["sql"]]


def test_sums_take_the_place_of_changes(queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 9):
        WorkItem.objects.filter(state=State.NEW).update(owner=f"team {number}")
    before, rows = told(), WorkItemTally.objects.count()
    monkeypatch.setattr(tallies, "MANY", rows + 1)
    assert tallies.sum_up() == 0, "few changes are left as they are"
    monkeypatch.setattr(tallies, "MANY", 1)
    assert tallies.sum_up() > 0
    assert tallies.sum_up() == 0
    assert told() == before
    assert WorkItemTally.objects.count() < rows


def test_what_passed_the_triggers_by_is_counted_anew(
    queue: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tallies, "MANY", 1)
    tallies.sum_up()
    assert "counted anew" not in caplog.text
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exceptions_queue_workitemtally SET members = members + 1, is_sum = false WHERE items > 0"
        )
    assert told() != counted()
    assert tallies.sum_up() > 0
    assert told() == counted()
    assert "counted anew" in caplog.text
