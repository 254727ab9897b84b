"""Closed periods: what is offered instead, whose consent it needs, and that unrelated work goes on."""

import datetime as dt
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest
from django.db import connection

from canonical.failure import Category
from connectors.models import Connection
from connectors.outcome import WriteOutcome, WriteRequest
from governance.models import User
from governance.rights import NotAllowed, Role
from routes import decisions, overlays, periods, reprocess
from routes.models import Failure, PostingPeriod, Transaction
from tests.governance.people import company, person
from tests.routes.billing import Billing
from tests.routes.world import World, entry, refused

Make = Callable[..., World]
MONTHS = 40  # more than what lies between the entries' month and today


@pytest.fixture
def farid(transactional_db: None) -> User:
    return person("Farid Amini", Role.FINANCE)


@pytest.fixture
def clara(transactional_db: None) -> User:
    return person("Clara Voss", Role.CONTROLLER)


def today() -> dt.date:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()::date")
        return cursor.fetchone()[0]


def close_until(world: World, first_open: dt.date, ledger: Connection | None = None) -> None:
    """Let the target's ledger have months from 2026-09 on, open from the given one on."""
    PostingPeriod.objects.all().delete()
    starts = [dt.date(2026 + (8 + n) // 12, (8 + n) % 12 + 1, 1) for n in range(MONTHS + 1)]
    PostingPeriod.objects.bulk_create(
        PostingPeriod(
            connection=ledger or world.destination.connection, legal_entity=company("HP-DE"), starts_on=one,
            ends_on=following - dt.timedelta(days=1), closed=one < first_open, read_at=dt.datetime.now(dt.UTC),
        )
        for one, following in pairwise(starts)
    )  # fmt: skip


def closed_october(request: WriteRequest, number: int) -> WriteOutcome | None:
    """Refuse what the target gets for the first time: it finds the period closed."""
    return refused(Category.CLOSED_PERIOD, "The period 2026-10 is closed.") if number == 1 else None


def test_closed_period_without_known_periods_is_told_as_the_target_said_it(make_world: Make) -> None:
    world = make_world(posting_date="worked_on")
    world.target.behave = closed_october
    world.take_in(entry(1))
    world.deliver()

    told = Failure.objects.get()
    assert (world.states(), told.message, told.accepted) == (["held"], "The period 2026-10 is closed.", "")
    assert told.field == "worked_on"


def test_current_period_is_offered_with_today_and_a_past_one_with_its_last_day(make_world: Make) -> None:
    world = make_world(posting_date="worked_on")
    world.target.behave = closed_october
    close_until(world, today().replace(day=1))
    world.take_in(entry(1, worked_on="2026-09-15"))
    world.deliver()
    [id_] = Transaction.objects.values_list("pk", flat=True)

    assert Failure.objects.get().accepted == today().isoformat()
    if today() >= dt.date(2026, 11, 1):
        close_until(world, dt.date(2026, 10, 1))
        assert periods.offers([id_])[id_].day == dt.date(2026, 10, 31)


def test_moving_the_posting_date_needs_a_second_person(make_world: Make, farid: User, clara: User) -> None:
    world = make_world(posting_date="worked_on")
    world.target.behave = closed_october
    close_until(world, dt.date(2026, 11, 1))
    world.take_in(entry(1))
    world.deliver()
    [id_] = Transaction.objects.values_list("pk", flat=True)

    assert periods.move_to_next([id_], by=farid, reason="late")[id_].was == dt.date(2026, 10, 5)
    world.deliver()
    assert world.states() == ["held"]
    assert Failure.objects.get(closed_at=None).category == "approval_missing"
    with pytest.raises(NotAllowed):
        decisions.approve([id_], by=farid, reason="myself")
    decisions.approve([id_], by=clara, reason="agreed")
    world.deliver()
    assert world.states() == ["posted"]
    assert not Failure.objects.filter(closed_at=None).exists()


def test_correction_of_another_field_needs_no_second_person(make_world: Make, farid: User) -> None:
    world = make_world(posting_date="worked_on")
    world.take_in(entry(1, hours="0.00"))
    [row] = world.transactions()
    overlays.correct(record=row.record_id, field="hours", value="7.50", reason="typing error", by=farid)
    reprocess.transactions([row.pk], by=farid, reason="corrected", how="fixed")
    world.deliver()
    assert world.states() == ["posted"]


@pytest.mark.parametrize("correction", ["update", "reverse", "delta"])
def test_correction_into_a_closed_period_waits_and_the_others_go_on(
    make_world: Make, farid: User, clara: User, correction: str
) -> None:
    world = make_world(correction=correction, posting_date="worked_on")
    world.take_in(entry(1), entry(2, worked_on="2026-11-02"))
    world.deliver()
    close_until(world, dt.date(2026, 11, 1))
    world.take_in(entry(1, hours="6.00", version=2), entry(2, hours="5.00", version=2, worked_on="2026-11-02"))
    world.deliver()

    assert sorted(world.states()) == sorted(
        ["posted", "held", "reversed" if correction == "reverse" else "posted", "posted"]
    )
    assert (world.target.net_hours("TE-0000001"), world.target.net_hours("TE-0000002")) == (8, 5)
    held = Transaction.objects.get(state="held")
    periods.move_to_next([held.pk], by=farid, reason="the customer complained")
    decisions.approve([held.pk], by=clara, reason="agreed")
    world.deliver()
    assert world.target.net_hours("TE-0000001") == 6
    assert "held" not in world.states()


def test_newer_version_supersedes_a_correction_that_waits_for_its_period(make_world: Make) -> None:
    world = make_world(posting_date="worked_on")
    world.take_in(entry(1))
    world.deliver()
    close_until(world, dt.date(2026, 11, 1))
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    world.take_in(entry(1, hours="8.00", version=3))  # what stands there already
    world.deliver()
    assert world.states() == ["posted", "superseded", "posted"]
    assert not Failure.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize(("left", "credited"), [("6.00", -1000), ("", -1600)])
def test_difference_of_an_invoice_goes_into_the_next_open_period(
    billing: Callable[..., Billing], farid: User, clara: User, left: str, credited: int
) -> None:
    """The invoice in the closed period stays as it is; what was too much is credited in the open one, by two people."""
    made = billing(correction="delta", posting_date="issued_on")
    made.take_in(entry(1), entry(2))
    made.bill()
    close_until(made.time, dt.date(2026, 11, 1), made.route.destinations.get().connection)
    made.vanish("TE-0000002")
    if left:
        made.take_in(entry(1, hours=left, version=2))
    else:
        made.vanish("TE-0000001")
    made.bill()

    held = Transaction.objects.get(destination__route=made.route, state="held")
    assert "The next open period is 2026-11-01" in made.told()[0].message
    assert len(made.books.commits) == 1, "nothing is sent before somebody approves"
    [offer] = periods.move_to_next([held.pk], by=farid, reason="the customer complained").values()
    with pytest.raises(NotAllowed):
        decisions.approve([held.pk], by=farid, reason="myself")
    made.send()
    assert len(made.books.commits) == 1
    assert decisions.approve([held.pk], by=clara, reason="agreed") == [held.pk]
    made.send()

    assert msgspec.json.decode(made.books.commits[-1].body)["date"] == offer.day.isoformat()
    assert [sum(lines.values()) for lines in made.invoices().values()] == [1600, credited]
    assert made.told() == []


def test_what_the_target_misses_may_be_on_its_way_and_then_a_person_is_asked(make_world: Make) -> None:
    world = make_world()
    missing = refused(Category.MISSING_REFERENCE, "There is no person W-001.")
    world.target.behave = lambda request, number: missing if request.key == "TE-0000002" or number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(2))
    for _ in range(6):
        world.later(70)
        world.deliver()
    assert world.states() == ["posted", "failed"]
    assert Failure.objects.get(closed_at=None).category == "missing_reference"
