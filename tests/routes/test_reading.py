"""Reading asks the connection's leave: pauses, windows, throttling, breaker, slots and budget bind it like writing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from canonical.failure import Category
from connectors import breaker, gate, loop
from connectors.models import Connection, MaintenanceWindow, RateBudget
from connectors.outcome import ConnectorFailure, Page
from governance.actor import ENGINE
from governance.models import AuditEntry
from routes import ahead, inline, nudges, pages, pausing, runs, switching, tasks
from routes.models import Failure, Route, Run, StreamCursor
from tests.routes.world import World, entry

Make = Callable[..., World]
SIZE = 3  # records of a page
PAGES = 6


class Source:
    """A source of some pages that counts how often it is asked; `wrong` is what it answers instead."""

    def __init__(self) -> None:
        self.asked = 0
        self.wrong: ConnectorFailure | None = None
        self.requests = 1
        self.between: Callable[[int], None] = lambda page: None

    async def read_pages(self, spec: Any, stream: str, *, cursor: Any = None, window: Any = None) -> Any:
        first = cursor["page"] if cursor else 0
        for number in range(first, PAGES):
            self.asked += 1
            if self.wrong is not None:
                raise self.wrong
            self.between(number)
            records = [entry(number * SIZE + n) for n in range(1, SIZE + 1)]
            yield Page(records, 100, {"page": number + 1}, number == PAGES - 1, self.requests)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    made = Source()
    monkeypatch.setattr(loop, "engine", lambda: made)
    yield made
    loop.stop()


@pytest.fixture
def world(quick_world: Make, source: Source) -> World:
    return quick_world()


def time_tool() -> Connection:
    return Connection.objects.get(slug="time")


def work(route: Route) -> Run:
    """Ask for a run and work on it once."""
    run = runs.ask_for_run(route, by=ENGINE, trigger="schedule")
    runs.work(route.pk)
    run.refresh_from_db()
    return run


def wait_of(run: Run) -> timedelta:
    assert run.due_at is not None
    return run.due_at - gate.database_now()


def beside(world: World, number: int) -> Route:
    """Return one more route that reads from the same connection."""
    route = Route.objects.get(pk=world.route.pk)
    destination = world.destination.__class__.objects.get(pk=world.destination.pk)
    route.pk, route.slug = None, f"beside-{number}"
    route.save()
    destination.pk, destination.route = None, route
    destination.save()
    return route


def test_run_of_a_paused_connection_waits_and_says_why(world: World, source: Source) -> None:
    paused = time_tool()
    paused.paused, paused.paused_reason = True, "Payroll closes today."
    paused.save()
    run = work(world.route)
    assert (run.state, source.asked, run.pages) == ("waiting", 0, 0)
    assert run.message == "Time is not asked now: Payroll closes today."
    assert wait_of(run) > timedelta(seconds=30)
    paused.paused = False
    paused.save()
    assert not runs.work(world.route.pk), "the edit made it due"
    run.refresh_from_db()
    assert (run.state, run.read, run.message) == ("done", PAGES * SIZE, "")


def test_run_that_waits_when_its_route_is_switched_off_goes_on_once_it_is_switched_on(
    world: World, source: Source
) -> None:
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    switching.switch(world.route, on=False, by=ENGINE, reason="cutover")
    assert runs.due_routes() == []
    assert inline.work_off() == 0
    assert not runs.work(world.route.pk)
    run.refresh_from_db()
    assert (run.state, source.asked) == ("waiting", 0)
    with pytest.raises(runs.NothingToRead, match="is switched off and reads nothing"):
        runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    switching.switch(world.route, on=True, by=ENGINE)
    assert runs.due_routes() == [world.route.pk]
    runs.work(world.route.pk)
    run.refresh_from_db()
    assert (run.state, run.read) == ("done", PAGES * SIZE)


def test_run_ends_with_its_page_when_its_route_is_switched_off(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = runs._receive

    def switched_off_meanwhile(run: Run, *more: Any) -> bool:
        if run.cursor is None:
            Route.objects.filter(pk=world.route.pk).update(enabled=False)
        return whole(run, *more)

    monkeypatch.setattr(runs, "_receive", switched_off_meanwhile)
    run = work(world.route)
    assert (run.state, run.pages, run.cursor, run.message) == ("waiting", 1, {"page": 1}, runs.OFF)
    assert not runs.work(world.route.pk)
    Route.objects.filter(pk=world.route.pk).update(enabled=True)
    runs.work(world.route.pk)
    run.refresh_from_db()
    assert (run.state, run.pages, run.read, run.message) == ("done", PAGES, PAGES * SIZE, "")


def test_run_waits_for_the_end_of_a_maintenance_window(world: World, source: Source) -> None:
    now = gate.database_now()
    window = MaintenanceWindow.objects.create(
        connection=time_tool(), reason="Release of the vendor", starts_at=now, ends_at=now + timedelta(hours=1)
    )
    run = work(world.route)
    assert (run.state, run.message) == ("waiting", "Time is not asked now: Maintenance: Release of the vendor")
    assert run.due_at == window.ends_at
    window.delete()
    runs.work(world.route.pk)
    run.refresh_from_db()
    assert run.state == "done"


def test_run_waits_while_the_source_asks_for_patience(world: World, source: Source) -> None:
    source.wrong = ConnectorFailure(Category.THROTTLED, "Too many requests.", retry_after=90)
    work(world.route)
    other = work(beside(world, 1))
    assert source.asked == 1, "the second route leaves the source alone too"
    assert other.state == "waiting"
    assert timedelta(seconds=80) < wait_of(other) <= timedelta(seconds=90)


def test_refused_in_the_middle_a_run_is_given_back_where_it_stands(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "AT_A_TIME", 2)
    source.between = lambda page: None
    Connection.objects.filter(slug="time").update(requests_allowed=4, period_seconds=100)
    run = work(world.route)
    assert (run.state, run.pages, source.asked) == ("waiting", 4, 4)
    assert run.cursor == {"page": 4}
    assert "budget of requests is used up" in run.message
    assert timedelta(seconds=20) < wait_of(run) <= timedelta(seconds=25)
    world.later(60)
    runs.work(world.route.pk)
    run.refresh_from_db()
    assert (run.state, run.pages, run.read, source.asked) == ("done", 6, PAGES * SIZE, PAGES)


def test_reading_takes_a_slot_and_gives_it_back(world: World, source: Source) -> None:
    Connection.objects.filter(slug="time").update(concurrency=1)
    worker = uuid4()
    held = gate.admit(time_tool().pk, 1, worker)
    run = work(world.route)
    assert (run.state, source.asked) == ("waiting", 0)
    assert "use all of its slots" in run.message
    gate.release(held, worker)
    world.later(2)
    runs.work(world.route.pk)
    run.refresh_from_db()
    assert run.state == "done"
    assert gate.admit(time_tool().pk, 1, worker).allowed == 1


def test_reading_pays_for_its_requests_and_for_no_more(world: World, source: Source) -> None:
    Connection.objects.filter(slug="time").update(requests_allowed=100, period_seconds=1e9)
    work(world.route)
    assert round(RateBudget.objects.get().left) == 100 - PAGES
    source.requests = 1 + SIZE  # each record is fetched by itself
    work(beside(world, 1))
    assert round(RateBudget.objects.get().left) == 100 - PAGES - PAGES * (1 + SIZE)


def test_leave_costs_no_question_per_page(world: World, source: Source) -> None:
    gate.release(gate.admit(world.route.connection_id, 1, (owner := uuid4())), owner)  # the first use makes the slots
    with CaptureQueriesContext(database) as asked:
        work(world.route)
    slots = [q for q in asked.captured_queries if "UPDATE connectors_concurrencyslot" in q["sql"]]
    assert len(slots) == 2, "one taken, one given back, for all pages"


def test_only_the_page_may_be_forgotten_by_a_server_that_falls(world: World, source: Source) -> None:
    def unhurried(asked: CaptureQueriesContext) -> int:
        return sum("synchronous_commit" in q["sql"] for q in asked.captured_queries)

    with CaptureQueriesContext(database) as asked:
        work(world.route)
    pages = sum("INSERT INTO routes_streamcursor" in q["sql"] for q in asked.captured_queries)
    assert unhurried(asked) == pages > 0
    with CaptureQueriesContext(database) as asked:
        world.deliver()
    assert world.states()[0] == "posted"
    assert unhurried(asked) == 0, "whoever sends waits until the disk has the page, too"


def test_worker_tells_the_others_once_it_has_read(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []
    monkeypatch.setattr(nudges, "delivery", lambda *_: told.append(ahead.reading()))
    monkeypatch.setattr(ahead, "each", lambda pages, work: ((page, work(page)) for page in pages))
    monkeypatch.setitem(ahead._switch, "on", True)
    work(world.route)
    assert told.count(True) > 0, "each page tells"
    assert told[-1] is False, "and the end of the reading"


WRONG = ConnectorFailure(Category.CREDENTIALS, "The token is not accepted.")


def test_wrong_credentials_are_tried_by_one_probe_whatever_the_number_of_routes(world: World, source: Source) -> None:
    source.wrong = WRONG
    routes = [world.route, *(beside(world, n) for n in range(3))]
    waits = []
    for _ in range(4):
        for route in routes * 2:
            work(route)
        assert source.asked == len(waits) + 1, "one of all routes tries"
        probe = Connection.objects.values_list("breaker_probe_at", flat=True).get(slug="time")
        waits.append((probe - gate.database_now()).total_seconds())
        world.later(waits[-1] + 1)
    assert waits[0] < waits[1] < waits[2]
    assert Failure.objects.filter(closed_at=None, category="credentials").count() == 1
    run = Run.objects.filter(state="waiting").first()
    assert run is not None
    assert run.message == "Time is not asked now: The token is not accepted."


def test_new_credentials_are_tried_at_once_and_close_breaker_and_failure(world: World, source: Source) -> None:
    source.wrong = WRONG
    run, other = work(world.route), work(beside(world, 1))
    mended, source.wrong = time_tool(), None
    mended.secrets = {"token": "the right one"}
    mended.save()
    for each in (run, other):
        runs.work(each.route_id)
        each.refresh_from_db()
        assert (each.state, each.read) == ("done", PAGES * SIZE)
    mended.refresh_from_db()
    assert (mended.breaker_state, mended.breaker_trips, mended.breaker_message) == ("closed", 0, "")
    told = Failure.objects.filter(category=Category.CREDENTIALS)
    assert list(told.values_list("closed_how", flat=True)) == ["auto:retry_succeeded"]


def test_a_probe_that_decides_nothing_hands_its_turn_on(world: World, source: Source) -> None:
    breaker.trip(time_tool().pk, Category.OUTAGE, "down")
    breaker.probe_now(time_tool().pk)
    source.wrong = ConnectorFailure(Category.SHAPE, "A web page came instead of records.")
    assert work(world.route).state == "stopped"
    assert time_tool().breaker_state == "open"
    world.later(breaker.FIRST_PAUSE + 1)
    source.wrong = None
    assert work(world.route).state == "done"
    assert time_tool().breaker_state == "closed"


def test_breaker_closed_by_another_wakes_the_runs_that_wait(world: World, source: Source) -> None:
    breaker.trip(time_tool().pk, Category.CREDENTIALS, "refused")
    run = work(world.route)
    assert wait_of(run) > timedelta(minutes=4)
    pausing.recovered(time_tool())
    runs.work(world.route.pk)
    run.refresh_from_db()
    assert run.state == "done"


def test_periods_are_not_read_while_the_ledger_takes_nothing(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    from routes import periods

    monkeypatch.setattr(periods, "_stream_of", lambda connector: "periods")
    monkeypatch.setattr(periods, "_mapping", lambda name: world.plan)
    monkeypatch.setattr(periods, "compile_mapping", lambda content: None)
    breaker.trip(world.destination.connection_id, Category.CREDENTIALS, "refused")
    tasks.read_periods(world.destination.connection_id)
    assert source.asked == 0
    breaker.probe_now(world.destination.connection_id)
    source.wrong = WRONG
    tasks.read_periods(world.destination.connection_id)
    tasks.read_periods(world.destination.connection_id)
    assert source.asked == 1
    assert Connection.objects.get(pk=world.destination.connection_id).breaker_trips == 2


def test_run_from_the_start_reads_all_again_and_takes_nothing_in_twice(world: World, source: Source) -> None:
    ask_and_work(world)
    assert StreamCursor.objects.get().cursor == {"page": PAGES}

    done = ask_and_work(world, from_start=True)

    assert (done.read, done.unchanged, done.new) == (PAGES * SIZE, PAGES * SIZE, 0)
    assert AuditEntry.objects.get(verb="read_from_start").actor_name


def test_run_from_the_start_waits_for_the_end_of_an_open_one(world: World) -> None:
    runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    with pytest.raises(runs.UnderWay, match="Ask again once it has ended"):
        runs.ask_for_run(world.route, by=ENGINE, trigger="person", from_start=True)


def ask_and_work(world: World, **more: Any) -> Run:
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="person", **more)
    runs.work(world.route.pk)
    run.refresh_from_db()
    return run
