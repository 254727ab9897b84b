"""What a newer version meets: each row of the table, at each way a destination can be corrected."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from canonical.failure import Category
from routes import receive, systems
from routes.corrections import Live, Next, decide
from routes.models import Destination, Failure, Record
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]
KEY = "TE-0000001"


@pytest.mark.parametrize(
    ("live", "wanted", "correction", "expected"),
    [
        (None, b"a", "none", Next.CREATE),
        (None, None, "update", Next.NEVER_POSTED),
        (Live(b"a"), b"a", "none", Next.NOTHING),
        (Live(b"a"), b"b", "update", Next.UPDATE),
        (Live(b"a"), b"b", "reverse", Next.REVERSE),
        (Live(b"a"), b"b", "delta", Next.DELTA),
        (Live(b"a"), b"b", "none", Next.PERSON),
        (Live(b"a"), None, "update", Next.REVERSE),
        (Live(b"a"), None, "delta", Next.DELTA),
        (Live(b"a"), None, "none", Next.PERSON),
    ],
)
def test_decide_names_the_next_operation(
    live: Live | None, wanted: bytes | None, correction: str, expected: Next
) -> None:
    assert decide(live=live, wanted=wanted, correction=correction) is expected


def test_newer_version_supersedes_one_that_was_not_sent(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="8.00"))
    world.take_in(entry(1, hours="7.00", version=2))
    world.deliver()
    assert world.states() == ["superseded", "posted"]
    assert world.target.net_hours(KEY) == 7
    assert len(world.target.commits) == 1


def test_newer_version_supersedes_one_that_failed_and_closes_its_failure(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00"))
    world.take_in(entry(1, hours="7.00", version=2))
    world.deliver()
    assert world.states() == ["superseded", "posted"]
    assert Failure.objects.get().closed_how == "auto:newer_version"


def test_older_version_that_comes_late_is_superseded_on_arrival(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="7.00", version=2))
    world.deliver()
    world.take_in(entry(1, hours="8.00", version=1))
    world.deliver()
    assert sorted(world.states()) == ["posted", "superseded"]
    assert world.target.net_hours(KEY) == 7


def test_newer_version_waits_for_an_outcome_in_doubt(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: "hung up" if number == 1 else None
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.take_in(entry(1, hours="7.00", version=2))
    world.deliver()
    assert world.states() == ["unknown", "ready"]
    world.later(20)
    world.deliver()
    world.later(60)
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert [(n, op) for _, n, op, _ in world.effects()] == [(1, "create"), (2, "update")]
    assert world.target.net_hours(KEY) == 7


@pytest.mark.parametrize(
    ("correction", "operations"),
    [("update", ["create", "update"]), ("reverse", ["create", "reverse", "create"]), ("delta", ["create", "create"])],
)
def test_posted_entry_is_corrected_in_the_destinations_own_way(
    quick_world: Make, correction: str, operations: list[str]
) -> None:
    world = quick_world(correction=correction)
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.take_in(entry(1, hours="6.50", version=2))
    world.deliver()
    assert [op for _, _, op, _ in world.effects()] == operations
    assert world.target.net_hours(KEY) == Decimal("6.50")
    assert world.states()[-1] == "posted"
    assert world.states()[0] == ("reversed" if correction == "reverse" else "posted")


@pytest.mark.parametrize("correction", ["update", "reverse", "delta"])
def test_three_corrections_and_a_withdrawal_leave_nothing(quick_world: Make, correction: str) -> None:
    world = quick_world(correction=correction)
    for version, hours in enumerate(["8.00", "7.00", "9.25"], start=1):
        world.take_in(entry(1, hours=hours, version=version))
        world.deliver()
        assert world.target.net_hours(KEY) == Decimal(hours)
    world.take_in(entry(1, hours="9.25", version=4, status="unsubmitted"))
    world.deliver()
    assert world.target.net_hours(KEY) == 0
    world.take_in(entry(1, hours="5.00", version=5))
    world.deliver()
    assert world.target.net_hours(KEY) == 5


@pytest.mark.parametrize("correction", ["update", "reverse", "delta"])
def test_what_was_deleted_at_the_source_is_taken_back(quick_world: Make, correction: str) -> None:
    world = quick_world(correction=correction)
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    receive.withdraw_missing(world.plan, [KEY], run=None)
    world.deliver()
    assert world.target.net_hours(KEY) == 0
    assert world.states()[-1] == "posted"


def test_destination_that_cannot_be_corrected_asks_a_person(quick_world: Make) -> None:
    world = quick_world(correction="none")
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.take_in(entry(1, hours="6.50", version=2))
    world.deliver()
    assert world.states() == ["posted", "failed"]
    assert Failure.objects.get().category == "conflict"


def test_same_content_again_sends_nothing(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, version=2))
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert len(world.target.requests) == 1


def test_withdrawal_before_posting_sends_nothing(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.take_in(entry(1, version=2, status="unsubmitted"))
    world.deliver()
    assert world.states() == ["superseded", "filtered"]
    assert world.target.requests == []


def test_refused_correction_leaves_what_stands(quick_world: Make) -> None:
    world = quick_world(correction="update")
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.target.behave = lambda request, number: refused(Category.REFUSED, "locked by workflow")
    world.take_in(entry(1, hours="7.00", version=2))
    world.deliver()
    assert world.states() == ["posted", "failed"]
    assert world.target.net_hours(KEY) == 8
    world.target.behave = lambda request, number: None
    world.take_in(entry(1, hours="6.00", version=3))
    world.deliver()
    assert world.states() == ["posted", "superseded", "posted"]
    assert world.target.net_hours(KEY) == 6


def test_blind_doubt_keeps_newer_versions_waiting_for_the_person(quick_world: Make) -> None:
    world = quick_world("ledger_blind")
    world.target.behave = lambda request, number: unknown() if number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, hours="7.00", version=2))
    world.deliver()
    assert world.states() == ["failed", "ready"]
    assert len(world.target.requests) == 1


@pytest.mark.parametrize("first", ["8.00", "7.00"])
def test_of_two_changes_in_one_second_the_later_read_wins(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    by_time_only = systems.StreamFacts((("key",),), (), ("changed_at",))
    monkeypatch.setattr(systems, "stream_facts", lambda connector, stream: by_time_only)
    world = quick_world()
    second = "7.00" if first == "8.00" else "8.00"
    for hours in (first, second, first):  # the same time of change, each another content
        world.take_in(entry(1, hours=hours))
        world.deliver()
        assert world.target.net_hours(KEY) == Decimal(hours)


@pytest.mark.parametrize("correction", ["update", "reverse", "delta"])
def test_condition_edited_since_the_posting_takes_nothing_back(quick_world: Make, correction: str) -> None:
    world = quick_world(correction=correction)
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    Destination.objects.update(condition='AND(approval_status = "approved", hours > 100)')
    for version, hours in ((2, "7.00"), (3, "6.00")):
        world.take_in(entry(1, hours=hours, version=version))
        world.deliver()
        assert world.target.net_hours(KEY) == Decimal(hours)
    assert world.states()[-1] == "posted"


def test_approval_taken_away_under_an_edited_condition_is_taken_back(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    Destination.objects.update(condition='AND(approval_status = "approved", hours > 100)')
    world.take_in(entry(1, hours="7.00", version=2))
    world.deliver()
    world.take_in(entry(1, hours="7.00", version=3, status="unsubmitted"))
    world.deliver()
    assert world.target.net_hours(KEY) == 0
    world.take_in(entry(1, hours="7.00", version=4))  # approved again, under the condition of today
    world.deliver()
    assert world.target.net_hours(KEY) == 0
    assert Record.objects.order_by("-sequence")[0].not_chosen


def test_condition_of_the_past_costs_a_page_no_query_per_record(quick_world: Make) -> None:
    world, counts = quick_world(), []
    for first, last in ((1, 2), (10, 40)):
        Destination.objects.update(condition='approval_status = "approved"')
        world.take_in(*(entry(number) for number in range(first, last)))
        world.deliver()
        Destination.objects.update(condition="hours > 100")
        plan = world.plan
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            receive.take_in(plan, [entry(number, hours="7.00", version=2) for number in range(first, last)], run=None)
        counts.append(len(queries))
    assert counts[0] == counts[1]
