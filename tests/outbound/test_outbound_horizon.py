"""The tap beside transactions that are still open: nothing is missed, nothing is told twice, order holds."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection

from governance.actor import ENGINE
from routes.models import OutboundEvent, Record
from routes.outbound import happenings, history, tap
from routes.outbound.history import Span
from routes.states import State, move
from tests.routes.world import World, entry

Make = Callable[..., World]
PATIENCE = 60.0  # seconds; other tests' transactions on the same server hold the horizon up, too


def other() -> "psycopg.Connection[Any]":
    """Return a second connection to this test's database, in a transaction of its own."""
    given = connection.get_connection_params()
    named = {name: given[name] for name in ("dbname", "user", "host") if given.get(name)}
    return psycopg.connect(**named)


def tell_until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "the horizon did not get there"
        tap.tell()
        time.sleep(0.05)


def subjects() -> list[str]:
    return list(OutboundEvent.objects.order_by("number").values_list("subject", flat=True))


def test_commit_that_began_early_and_ends_late_is_told_and_once(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, hours="0.00"), entry(2, hours="0.00"))
    first, second = world.transactions()
    tell_until(lambda: len(subjects()) == 2)
    with other() as late:
        late.execute(
            "UPDATE routes_transaction SET state = 'waived' WHERE id = %s", [first.pk]
        )  # its id is the smaller one
        late.execute(
            "INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason)"
            " VALUES (%s, 'failed', 'waived', now(), 'engine', 'Throughline', 'late')",
            [first.pk],
        )
        move([second.pk], frm=State.FAILED, to=State.WAIVED, by=ENGINE, reason="early")
        for _ in range(5):
            tap.tell()
        assert len(subjects()) == 2, "what began after an open transaction waits for it"
        late.commit()
    tell_until(lambda: len(subjects()) == 4)
    for _ in range(3):
        tap.tell()
    assert sorted(subjects()[2:]) == [first.key, second.key]


def test_taps_beside_each_other_tell_everything_once(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    stop = threading.Event()

    def telling() -> None:
        try:
            while not stop.is_set():
                tap.tell(most=4)
        finally:
            connection.close()

    threads = [threading.Thread(target=telling) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(12):
            world.take_in(entry(number, hours="0.00"))
    finally:
        time.sleep(0.2)
        stop.set()
        for thread in threads:
            thread.join()
    tell_until(lambda: len(subjects()) >= 12)
    assert subjects() == [f"TE-{number:07d}" for number in range(12)]


def test_later_change_of_a_small_transaction_id_waits_for_the_earlier_one(make_world: Make, subscribe: Any) -> None:
    """T2 took its id before T1 and changed the same entry after it: told alone, the second would come first."""
    world = make_world()
    world.take_in(entry(1, hours="0.00"))
    [row] = world.transactions()
    with other() as second:
        (small,) = second.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        move([row.pk], frm=State.FAILED, to=State.HELD, by=ENGINE, reason="first", return_to=State.NORMALISED)
        second.execute("UPDATE routes_transaction SET state = 'waived', return_to = '' WHERE id = %s", [row.pk])
        second.execute(
            "INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason)"
            " VALUES (%s, 'held', 'waived', now() - interval '1 hour', 'engine', 'Throughline', 'second')",
            [row.pk],
        )
        second.commit()

    found, covered = history.changes(Span(small, small + 1))
    assert (found, covered.high) == ([], small), "its first change lies beyond the span: both are read together"
    found, _ = happenings.within(Span(small, small + 1000))
    assert [each.type.rsplit(".", 1)[1] for each in found] == ["held", "waived"]


def test_end_of_a_record_with_a_small_transaction_id_waits_until_it_is_told_that_it_stopped(
    make_world: Make, subscribe: Any
) -> None:
    world = make_world()
    with other() as second:
        (small,) = second.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        world.take_in(entry(1, bill_rate="many"))
        record = Record.objects.get()
        second.execute("UPDATE routes_record SET state = 'waived' WHERE id = %s", [record.pk])
        second.execute(
            "INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason)"
            " VALUES (%s, 'failed', 'waived', now(), 'engine', 'Throughline', 'second')",
            [record.pk],
        )
        second.commit()

    found, covered = happenings.within(Span(small, small + 1))
    assert (found, covered.high) == ([], small), "that it stopped lies beyond the span: both are read together"
    found, _ = happenings.within(Span(small, small + 1000))
    assert [each.type for each in found] == ["throughline.record.failed", "throughline.record.waived"]


def test_what_came_second_is_told_though_more_rows_lie_before_the_first_than_are_told_at_once(
    make_world: Make, subscribe: Any
) -> None:
    world = make_world()
    subscribe()
    with other() as second:
        world.take_in(entry(1, hours="0.00"))
        tell_until(lambda: len(subjects()) == 1)
        [row] = world.transactions()
        second.execute("SELECT pg_current_xact_id()")
        for number in range(2, 6):
            world.take_in(entry(number, hours="0.00"))
        move([row.pk], frm=State.FAILED, to=State.HELD, by=ENGINE, reason="first", return_to=State.NORMALISED)
        second.execute("UPDATE routes_transaction SET state = 'waived', return_to = '' WHERE id = %s", [row.pk])
        second.execute(
            "INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason)"
            " VALUES (%s, 'held', 'waived', now(), 'engine', 'Throughline', 'second')",
            [row.pk],
        )
        second.commit()
    tell_until(lambda: not tap.tell(most=2) and len(subjects()) == 7)
    types = OutboundEvent.objects.filter(subject=row.key).order_by("number").values_list("type", flat=True)
    assert [each.rsplit(".", 1)[1] for each in types] == ["failed", "held", "waived"]
