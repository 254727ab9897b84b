"""A route reads another source from its start, and keeps the source of what it has taken in."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import ProtectedError

from connectors import loop
from connectors.models import Connection
from connectors.outcome import Page
from governance.actor import ENGINE
from routes import preview, runs
from routes.models import Route, Run, StreamCursor
from tests.routes.world import World, entry

Make = Callable[..., World]


class Source:
    """A source that shows two empty pages each time, and says where reading begins."""

    def __init__(self) -> None:
        self.begun: list[Any] = []

    async def read_pages(self, spec: Any, stream: str, *, cursor: Any = None, window: Any = None) -> Any:
        self.begun.append(cursor)
        first = cursor["page"] if cursor else 0
        for page in (first, first + 1):
            yield Page([], 100, {"page": page + 1}, page > first, 1)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    made = Source()
    monkeypatch.setattr(loop, "engine", lambda: made)
    yield made
    loop.stop()


@pytest.fixture
def world(quick_world: Make, source: Source) -> World:
    return quick_world()


def run(world: World) -> Run:
    """Let the route read until it is done."""
    asked = runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    while runs.work(world.route.pk):
        pass
    asked.refresh_from_db()
    assert asked.state == "done", asked.message
    return asked


def another(world: World) -> Connection:
    """Return a connection to another account of the same system."""
    made = world.route.connection
    assert made is not None
    made.pk, made.slug, made.name, made._state.adding = None, "time-b", "Time B", True
    made.secrets = {}
    made.save()
    return made


def other_connection(world: World) -> None:
    """Let a route that has taken in nothing read another connection."""
    route = Route.objects.get(pk=world.route.pk)
    route.connection = another(world)
    route.save()


def other_account(world: World) -> None:
    """Let the connection be to another account."""
    account = Connection.objects.get(pk=world.route.connection_id)
    account.answers = {**account.answers, "account": "another"}
    account.save()


@pytest.mark.parametrize("change", [other_connection, other_account])
def test_route_reads_another_source_from_its_start(
    world: World, source: Source, change: Callable[[World], None]
) -> None:
    run(world)
    run(world)
    assert source.begun == [None, {"page": 2}], "the same source is gone on with"

    change(world)
    world.route.refresh_from_db()

    assert preview.prepared(world.route, by=ENGINE).cursor is None
    run(world)
    run(world)
    assert source.begun[2:] == [None, {"page": 2}]


def test_run_under_way_begins_anew_at_another_account(world: World, source: Source) -> None:
    asked = runs.ask_for_run(world.route, by=ENGINE, trigger="person")
    assert runs.work(world.route.pk, seconds=0), "it has read one page"
    other_account(world)

    while runs.work(world.route.pk):
        pass

    assert source.begun == [None, None]
    asked.refresh_from_db()
    assert asked.state == "done"


def test_cursor_of_before_sources_were_kept_is_gone_on_from(world: World, source: Source) -> None:
    run(world)
    StreamCursor.objects.update(source="")

    run(world)

    assert source.begun == [None, {"page": 2}]
    assert len(StreamCursor.objects.get().source) == 64


def test_new_secret_begins_nothing_anew(world: World, source: Source) -> None:
    run(world)
    account = Connection.objects.get(pk=world.route.connection_id)
    account.secrets = {"token": "renewed"}
    account.save()

    run(world)

    assert source.begun == [None, {"page": 2}]


def by_save(route: Route, field: str, value: object) -> None:
    setattr(route, field, value)
    route.save()


def by_update(route: Route, field: str, value: object) -> None:
    Route.objects.filter(pk=route.pk).update(**{field: value})


@pytest.mark.parametrize("way", [by_save, by_update])
@pytest.mark.parametrize("field", ["connection", "stream", "upstream"])
def test_route_that_has_taken_in_records_keeps_its_source(
    world: World, field: str, way: Callable[[Route, str, object], None]
) -> None:
    world.take_in(entry(1))
    route = Route.objects.get(pk=world.route.pk)
    before = Route.objects.values().get(pk=route.pk)
    value = {"connection": another(world), "stream": "workers", "upstream": world.destination}[field]

    with pytest.raises(ProtectedError, match="has taken in records of its present source"):
        way(route, field, value)

    assert Route.objects.values().get(pk=route.pk) == before


def test_everything_else_of_a_route_with_records_is_changed(world: World) -> None:
    world.take_in(entry(1))
    route = Route.objects.get(pk=world.route.pk)
    route.name = "Hours"
    route.save()
    Route.objects.filter(pk=route.pk).update(
        connection=route.connection_id, stream=route.stream, upstream=None, compare_days=7
    )

    route.refresh_from_db()
    assert (route.name, route.compare_days) == ("Hours", 7)
