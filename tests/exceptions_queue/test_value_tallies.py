"""The tally of values says what the items say: whatever changes them, for each line it serves, and for whoever asks."""

import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.models import Connection
from exceptions_queue import value_tallies
from exceptions_queue.models import State, WorkItem, WorkItemValueTally
from exceptions_queue.query import counting
from exceptions_queue.query.words import understood
from governance.models import LegalEntity
from routes.models import Destination, Route
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_query import staff
from tests.governance.people import company
from tests.routes.world import World

__all__ = ["staff"]
NOW = datetime(2026, 10, 6, 9, tzinfo=UTC)
ABOUT: dict[str, list[Any]] = {
    "customer_id": [None, "", "C-1", "C-2", 7], "project_code": [None, "P-1", "p-1", "P 1"],
    "billing_model": [None, "fixed_fee", "time_and_material"], "worker_name": [None, "Ana Ruiz", "Jonas Weber"],
    "period": [None, "2026-09", "2026-10"],
}  # fmt: skip


def drawn(by: random.Random, systems: list[tuple[int | None, int | None]]) -> dict[str, Any]:
    about = {name: value for name, values in ABOUT.items() if (value := by.choice(values)) is not None}
    if by.random() < 0.1:
        about["project_code"] = None  # which JSON can say
    route, system = by.choice(systems)
    state = by.choice([each for each in State if each is not State.RESOLVED])
    return {"about": about, "state": state, "cause_code": by.choice(["", "late", "outage"]), "route_id": route,
            "connection_id": system}  # fmt: skip


class Changer:
    """Changes items in every way."""

    def __init__(self, seed: int, systems: list[tuple[int | None, int | None]]) -> None:
        self.by, self.systems = random.Random(seed), systems
        self.companies: list[LegalEntity] = [company("HP-DE"), company("HP-GB")]

    def one_more(self) -> None:
        moments = dict.fromkeys(("first_seen", "last_seen", "opened_at"), NOW)
        WorkItem.objects.bulk_create(
            WorkItem(
                legal_entity=self.by.choice(self.companies), fingerprint=f"{self.by.random()}", title="A", cause="b",
                category=self.by.choice(["validation", "refused"]), owner="billing", **moments,
                **drawn(self.by, self.systems),
            )
            for _ in range(self.by.choice([1, 5]))
        )  # fmt: skip

    def another(self) -> None:
        for item in WorkItem.objects.order_by("?")[:2]:
            for name, value in drawn(self.by, self.systems).items():
                setattr(item, name, value)
            item.resolved_at, item.resolved_by, item.resolution = None, None, ""
            item.save()

    def many_at_once(self) -> None:
        WorkItem.objects.filter(state=State.NEW).update(state=State.WAITING, members=F("members") + 1)

    def moved(self) -> None:
        WorkItem.objects.filter(state=State.WAITING).update(legal_entity=self.companies[1])

    def resolved(self) -> None:
        ended = {"resolved_at": NOW, "resolved_by": "person:7", "resolution": "fixed", "state": State.RESOLVED}
        WorkItem.objects.filter(pk__in=list(WorkItem.objects.values_list("pk", flat=True)[:2])).update(**ended)

    def deleted(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM exceptions_queue_workitem WHERE number % 5 = 0")

    def undone(self) -> None:
        with transaction.atomic():
            self.one_more()
            self.many_at_once()
            transaction.set_rollback(True)

    def summed_up(self) -> None:
        value_tallies.sum_up()

    def change(self) -> None:
        self.by.choice(
            [self.one_more, self.one_more, self.another, self.many_at_once, self.moved, self.resolved, self.deleted,
             self.undone, self.summed_up]
        )()  # fmt: skip


def counted() -> Counter[tuple[Any, ...]]:
    """Return what the tally has to say, worked out from the items one by one."""
    found: Counter[tuple[Any, ...]] = Counter()
    for item in WorkItem.objects.open():
        target = None if None in (item.route_id, item.connection_id) else f"{item.route_id} {item.connection_id}"
        said = [*(item.about.get(name) for name in ABOUT), item.cause_code, target]
        words = ("client", "project", "contract", "worker", "period", "cause", "target")
        for word, value in zip(words, said, strict=True):
            if value not in (None, ""):
                found[(item.legal_entity_id, item.state, word, str(value))] += 1
    return found


def told() -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for row in WorkItemValueTally.objects.all():
        found[(row.legal_entity_id, row.state, row.word, row.value)] += row.items
    return Counter({key: value for key, value in found.items() if value})


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(8))
def test_tally_says_what_the_items_say_whatever_changes_them(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_tallies, "MANY", 3)
    changer = Changer(seed, [(None, None), (3, None), (3, 8), (4, 8)])
    for _ in range(25):
        changer.change()
        assert told() == counted()
    value_tallies.sum_up()
    assert told() == counted()


@pytest.fixture
def queue(quick_world: Any, staff: Staff) -> World:
    """Return a world with 200 items, some of which stopped at the target of its route and some at its source."""
    made: World = quick_world()
    route = Route.objects.get(pk=made.route.pk)
    target = Destination.objects.filter(route=route).values_list("connection_id", flat=True)[0]
    source = Connection.objects.exclude(pk=target).values_list("pk", flat=True).first()
    changer = Changer(7, [(None, None), (route.pk, target), (route.pk, target), (route.pk, source), (None, target)])
    for _ in range(40):
        changer.one_more()
    changer.resolved()
    return made


LINES = (
    "is:open", "is:new,triaged,in-progress,pending-approval", "is:waiting,snoozed", "is:open -is:new",
    "is:open entity:HP-DE", "is:open -entity:HP-DE", "is:open client:C-1", "is:open entity:none-such",
)  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_what_is_counted_from_the_tally_is_what_is_counted_from_the_items(
    line: str, queue: World, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = understood(line, timezone.now())
    assert not found.wrong
    people = (staff.farid, staff.clara, staff.viktor, staff.stranger)

    def all_of_it() -> list[Any]:
        words = sorted(value_tallies.WORDS)
        return [counting.on_request(found, word, user, timezone.now()) for user in people for word in words]

    from_tally = all_of_it()
    monkeypatch.setattr(value_tallies, "serves", lambda found, word: False)
    assert from_tally == all_of_it()
    assert any(facet.values for facet in from_tally) or "none-such" in line


@pytest.mark.parametrize("line", ["is:open class:validation", "is:open -project:P-1", "is:billing", "is:open P-1"])
def test_what_the_tally_does_not_know_is_counted_from_the_items(line: str) -> None:
    assert not value_tallies.serves(understood(line, timezone.now()), "project")


def test_values_of_many_are_read_without_looking_at_items(queue: World, staff: Staff) -> None:
    found = understood("is:open", timezone.now())
    for word in value_tallies.WORDS:
        with CaptureQueriesContext(connection) as asked:
            counting.on_request(found, word, staff.clara, timezone.now())
        assert not [each["sql"] for each in asked if '"exceptions_queue_workitem"' in each["sql"]]


def test_sums_take_the_place_of_changes(queue: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before, rows = told(), WorkItemValueTally.objects.count()
    monkeypatch.setattr(value_tallies, "MANY", rows + 1)
    assert value_tallies.sum_up() == 0, "few changes are left as they are"
    monkeypatch.setattr(value_tallies, "MANY", 1)
    assert value_tallies.sum_up() > 0
    assert value_tallies.sum_up() == 0
    assert told() == before
    assert WorkItemValueTally.objects.count() < rows


def test_what_passed_the_triggers_by_is_counted_anew(
    queue: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(value_tallies, "MANY", 1)
    value_tallies.sum_up()
    assert "counted anew" not in caplog.text
    WorkItemValueTally.objects.filter(word="client").update(items=F("items") + 1, is_sum=False)
    assert told() != counted()
    assert value_tallies.sum_up() > 0
    assert told() == counted()
    assert "counted anew" in caplog.text
