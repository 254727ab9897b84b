"""What a route's snapshot is made of, and what it costs to find out."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from routes.models import Destination
from routes.plan import NotReadyToRun, current
from tests.routes.world import World

Make = Callable[..., World]


def more_destinations(world: World, number: int, **settings: object) -> None:
    first = world.destination
    for each in range(number):
        Destination.objects.create(
            **{
                "route": world.route, "name": f"Archive {each}", "connection": first.connection,
                "stream": first.stream, "mapping": first.mapping,
            } | settings
        )  # fmt: skip


def test_a_route_of_many_destinations_asks_no_more_than_one_of_few(make_world: Make) -> None:
    world, counts = make_world(), []
    for number in (1, 20):
        Destination.objects.exclude(pk=world.destination.pk).delete()
        more_destinations(world, number)
        current(world.route)
        with CaptureQueriesContext(connection) as asked:
            snapshot = current(world.route)
        counts.append(len(asked))
        assert len(snapshot.content["destinations"]) == number + 1

    assert counts[0] == counts[1] <= 7


def test_a_destination_whose_mapping_is_gone_stops_the_route_unless_it_is_off(make_world: Make) -> None:
    world = make_world()
    more_destinations(world, 1)
    added = Destination.objects.exclude(pk=world.destination.pk)
    added.update(mapping="nobody.published_it")
    with pytest.raises(NotReadyToRun, match=r"nobody\.published_it"):
        current(world.route)
    added.update(enabled=False)

    assert [each["name"] for each in current(world.route).content["destinations"]] == [world.destination.name]
