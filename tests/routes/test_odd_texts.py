"""Characters that a database does not keep, in records that fail: they stop nobody."""

from collections.abc import Callable

from django.db import connection

from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from routes import bodies, periods
from routes.models import Failure, Record
from tests.routes.world import World, entry

Make = Callable[..., World]


def test_nul_in_a_failing_record_stops_nobody(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00", notes="a\x00b"), entry(2, hours="0.00"), entry(3, changed_at="never"))
    intake.take_in()
    assert not Failure.objects.filter(taken=False).exists()
    assert sorted(WorkItem.objects.values_list("members", flat=True)) == [1, 2]
    for record in Record.objects.all():
        kept = [id_ for id_ in (record.source_payload_id, record.canonical_payload_id) if id_]
        assert not any(b"\\u0000" in body.content for body in bodies.read(kept).values())


def test_body_with_a_nul_that_an_earlier_release_kept_stops_nobody(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00", notes="a-b"), entry(2, hours="0.00"))
    with connection.cursor() as cursor:
        cursor.execute(
            r"UPDATE routes_payload SET bodies = convert_to(replace(convert_from(bodies, 'UTF8'), 'a-b', 'a\u0000b'),"
            r" 'UTF8'), ends = (SELECT array_agg(e + 5 ORDER BY e) FROM unnest(ends) AS e) WHERE stage = 'canonical'"
        )
        assert cursor.rowcount == 1
        cursor.execute(
            "SELECT body FROM routes_record r, routes_body(r.canonical_payload_id) WHERE r.key = 'TE-0000001'"
        )
        assert r"\u0000" in cursor.fetchone()[0]
    intake.take_in()
    assert not Failure.objects.filter(taken=False).exists()
    assert periods.offers([t.pk for t in world.transactions()]) == {}
