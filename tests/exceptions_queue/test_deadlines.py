"""Money that is stuck goes under the deadline that it blocks, once, and leads to its items."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import deadlines, intake, stuck
from exceptions_queue.models import State, WorkItem, WorkItemAmount, WorkItemDay
from governance.actor import ENGINE
from routes import schedules
from routes.models import Failure, PostingPeriod, Route
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import with_rates
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_record_list import staff_of
from tests.governance.people import company
from tests.routes.world import World, entry

Make = Callable[..., World]


def today() -> dt.date:
    return timezone.now().date()


def ago(days: int) -> str:
    return (today() - dt.timedelta(days=days)).isoformat()


@pytest.fixture
def firm(quick_world: Make) -> World:
    """Return a world that posts by day, without a rate for consultants: each entry of theirs is 800 of its currency."""
    return with_rates(quick_world(posting_date="worked_on"))


@pytest.fixture
def staff(db: None) -> Staff:
    return staff_of()


def period(world: World, first: int, last: int, *, closed: bool = False, of: str = "HP-DE") -> PostingPeriod:
    """Make a period of the ledger from so many days ago to so many days ago."""
    return PostingPeriod.objects.create(
        connection=world.destination.connection, legal_entity=company(of), closed=closed,
        starts_on=ago(first), ends_on=ago(last), read_at=timezone.now(),
    )  # fmt: skip


def stop(world: World, *days_ago: int, first: int = 1, **more: Any) -> None:
    world.take_in(*(entry(n, worked_on=ago(d), **more) for n, d in enumerate(days_ago, first)))
    intake.take_in()


def told(by: Any) -> list[tuple[str, int, dict[str, Decimal]]]:
    return [(line.overdue.split(":")[0], line.members, line.sums) for line in deadlines.deadlines(by)]


def test_money_goes_under_the_period_in_which_its_day_lies(firm: World, staff: Staff) -> None:
    period(firm, 95, 66, closed=True)
    period(firm, 65, 36)
    period(firm, 35, -9)
    stop(firm, 70, 40, 41, 2, 200)

    assert told(staff.farid) == [
        ("closed", 1, {"EUR": Decimal(800)}),
        ("has ended, and still takes postings", 2, {"EUR": Decimal(1600)}),
        ("", 1, {"EUR": Decimal(800)}),
        ("", 1, {"EUR": Decimal(800)}),  # no period holds its day
    ]
    last = deadlines.deadlines(staff.farid)[-1]
    assert (last.key, last.title) == ("nothing", "No deadline that the hub knows of")


def test_lines_add_up_to_all_that_is_open(firm: World, staff: Staff) -> None:
    period(firm, 35, -9)
    stop(firm, 2, 3, 50)
    stop(firm, 2, 60, first=4, role="Analyst", currency="USD")

    lines = deadlines.deadlines(staff.clara)
    for currency in ("EUR", "USD"):
        open_ = sum(WorkItemAmount.objects.filter(currency=currency).values_list("amount", flat=True))
        assert sum(line.sums.get(currency, 0) for line in lines) == open_ > 0
    assert sum(line.members for line in lines) == sum(WorkItem.objects.values_list("members", flat=True)) == 5
    assert lines[0].sums == {"EUR": Decimal(1600), "USD": Decimal(800)}, "money of two currencies is never added"


def test_companies_share_the_line_of_a_period_until_one_of_them_closes_it(firm: World, staff: Staff) -> None:
    """One ledger, one month, one line: its money stands by currency, and the line names the companies."""
    stop(firm, 2)
    stop(firm, 2, first=2, legal_entity="HP-US", currency="USD")
    german = period(firm, 35, -9)
    american = period(firm, 35, -9, of="HP-US")
    [line] = deadlines.deadlines(staff.clara)
    assert (line.of, line.sums) == ("HP-DE, HP-US", {"EUR": Decimal(800), "USD": Decimal(800)})
    PostingPeriod.objects.filter(pk=american.pk).update(closed=True)
    assert [(each.of, bool(each.overdue)) for each in deadlines.deadlines(staff.clara)] == [
        ("HP-US", True), (german.legal_entity.code, False),
    ]  # fmt: skip


def test_next_run_counts_when_it_comes_before_the_periods_end(firm: World, staff: Staff) -> None:
    period(firm, 35, -60)
    schedules.set_schedule(firm.route, by=ENGINE, crontab="0 6 * * *")
    stop(firm, 2)
    [line] = deadlines.deadlines(staff.farid)
    theirs = f"run:{firm.route.legal_entity_id}:{firm.route.pk}"
    assert (line.key, line.title) == (theirs, "a route of another company: its next run")
    assert deadlines.deadlines(staff.clara)[0].title == "Time to ledger: its next run"
    kept = deadlines.line_of("run:time-to-ledger", staff.farid)  # as a line of an earlier release names it
    assert kept
    assert kept.key == theirs
    assert line.at is not None
    assert line.at > timezone.now()


def test_run_that_comes_all_the_time_is_no_deadline(firm: World, staff: Staff) -> None:
    schedules.set_schedule(firm.route, by=ENGINE, every=dt.timedelta(minutes=5))
    stop(firm, 2)
    assert [line.key for line in deadlines.deadlines(staff.farid)] == ["nothing"]


def test_run_that_takes_up_what_is_posted_is_the_deadline(firm: World, staff: Staff) -> None:
    """What is stuck comes too late for the invoices' run, whenever time itself is read."""
    invoices = Route.objects.create(
        slug="invoices", name="Invoices on Friday", legal_entity=company("HP-DE"), upstream=firm.destination,
        canonical_entity="time_entry", mapping="ledger-time-in", group_by="project_code",
    )  # fmt: skip
    schedules.set_schedule(firm.route, by=ENGINE, every=dt.timedelta(minutes=5))
    schedules.set_schedule(invoices, by=ENGINE, crontab="0 18 * * 5", timezone="Europe/Berlin")
    stop(firm, 2)
    [line] = deadlines.deadlines(staff.farid)
    assert line.title == "Invoices on Friday: its next run"
    assert line.at is not None
    assert line.at.isoweekday() == 5


def test_few_causes_are_said_to_explain_most(firm: World, staff: Staff) -> None:
    stop(firm, *[2] * 8)
    stop(firm, 2, first=9, role="Analyst")
    stop(firm, 2, first=10, role="Intern")
    [line] = deadlines.deadlines(staff.farid)
    assert line.causes == 3
    assert line.explained == (2, 90, "EUR")
    words = text_of(signed_in(staff.farid).get("/"))
    assert "3 causes 2 causes explain 90 % of the EUR" in words


def test_an_item_counts_in_each_line_with_what_stands_there(firm: World, staff: Staff) -> None:
    """One cause over two months holds a part of the money of each, and is found under both."""
    period(firm, 95, 66)
    period(firm, 35, -9)
    stop(firm, 70, 71, 2)
    lines = deadlines.deadlines(staff.farid)
    assert [(line.causes, line.members, line.sums) for line in lines] == [
        (1, 2, {"EUR": Decimal(1600)}), (1, 1, {"EUR": Decimal(800)}),
    ]  # fmt: skip
    [item] = WorkItem.objects.all()
    for line in lines:
        assert WorkItem.objects.filter(deadlines.blocking(line.key)).get() == item
    assert not WorkItem.objects.filter(deadlines.blocking("nothing")).exists()


def test_what_has_no_day_is_found_under_its_line(firm: World, staff: Staff) -> None:
    stop(firm, 2)
    WorkItemDay.objects.update(day=None)
    [line] = deadlines.deadlines(staff.farid)
    assert (line.key, line.members) == ("nothing", 1)
    assert WorkItem.objects.filter(deadlines.blocking("nothing")).count() == 1


def test_rows_that_are_read_are_sums(firm: World, staff: Staff) -> None:
    """Of forty causes one row comes for each day, and not one for each cause."""
    for role in range(40):
        stop(firm, 2, 3, first=100 + 2 * role, role=f"Role {role}")
    assert WorkItemDay.objects.count() == 80
    places = stuck.places(None)
    assert len(places) == 2
    assert len(stuck.sums([(0, place) for place in places], 3)) == 2  # the whole, and its one currency


def test_each_line_leads_to_its_items(firm: World, staff: Staff) -> None:
    period(firm, 95, 66, closed=True)
    period(firm, 35, -9)
    stop(firm, 70)
    stop(firm, 2, first=2, role="Analyst")
    client = signed_in(staff.farid)
    closed, current = deadlines.deadlines(staff.farid)
    for line, role, other in ((closed, "Consultant", "Analyst"), (current, "Analyst", "Consultant")):
        page = client.get("/").content.decode()
        address = f"/queue/?show=open&amp;blocks={line.key.replace(':', '%3A')}"
        assert address in page
        words = text_of(client.get(address.replace("&amp;", "&")))
        assert (f"{role} / EUR" in words, f"{other} / EUR" in words) == (True, False)
        assert f"Only what blocks this deadline: {line.title}." in words
    assert "Nothing fits what you chose" in text_of(client.get("/queue/?show=open&blocks=period:x:y:z"))


def test_what_waits_counts_and_what_is_resolved_does_not(firm: World, staff: Staff) -> None:
    stop(firm, 2, 3)
    WorkItem.objects.update(state=State.WAITING)
    assert told(staff.farid) == [("", 2, {"EUR": Decimal(1600)})]
    Failure.objects.update(closed_at=timezone.now(), closed_how="fixed", taken=False)
    intake.take_in()
    assert told(staff.farid) == []
    assert not WorkItemDay.objects.exists()
    assert "Nothing is stuck." in text_of(signed_in(staff.farid).get("/"))


def test_nobody_sees_what_is_stuck_in_other_companies(firm: World, staff: Staff) -> None:
    stop(firm, 2)
    assert deadlines.deadlines(staff.stranger) == []
    [line] = deadlines.deadlines(staff.farid)
    items = signed_in(staff.stranger).get(f"/queue/?show=open&blocks={line.key}")
    assert items.context["rows"] == []


def test_as_many_queries_for_few_and_many(firm: World, staff: Staff) -> None:
    period(firm, 95, 66, closed=True)
    schedules.set_schedule(firm.route, by=ENGINE, crontab="0 6 * * *")
    counts = []
    for first, number in ((1, 1), (2, 30)):
        for role in range(number):
            stop(firm, 2, 70, first=100 * first + 2 * role, role=f"Role {first} {role}")
        with CaptureQueriesContext(connection) as queries:
            deadlines.deadlines(staff.farid)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10
