"""What a held comparison takes back once somebody agrees: what it missed when it was held, and nothing else."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from exceptions_queue import intake, kinds, settle, verbs
from exceptions_queue.facts import facts_of
from exceptions_queue.models import WorkItem
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import NotAllowed
from routes import comparing, receive, runs
from routes.models import Failure, Route, Run, SourceHead, Transaction
from tests.exceptions_queue.conftest import Staff, quick_staff
from tests.routes.world import World, entry

Make = Callable[..., World]
__all__ = ["quick_staff"]
ALL = range(1, 21)


def begin(world: World) -> Run:
    """Return a comparing run of October that a worker has begun."""
    now = timezone.now()
    return Run.objects.create(
        route=world.route, legal_entity=world.route.legal_entity, trigger="schedule", requested_by="engine",
        created_at=now, due_at=now, state="running", lease_owner=uuid4(), compares=True,
        window_from=dt.date(2026, 10, 1), window_to=dt.date(2026, 10, 31),
    )  # fmt: skip


def read(world: World, run: Run, *shown: dict[str, Any]) -> None:
    """Let a comparing run read one page."""
    totals = receive.take_in(world.plan, shown, run=run.pk)
    comparing.mark_seen(world.plan, totals.seen, run=run.pk)
    runs._page_done(run, run.lease_owner, totals, cursor=None, last=False)


def finish(world: World, run: Run) -> Run:
    """Let a comparing run find what is missing."""
    comparing.finish(run, world.plan, owner=run.lease_owner)
    run.refresh_from_db()
    return run


def held(world: World, *, gone: int = 10) -> Run:
    """Return a comparison that is held: of twenty posted entries the source shows all but the first ten."""
    world.take_in(*(entry(n) for n in ALL))
    world.deliver()
    run = begin(world)
    read(world, run, *(entry(n) for n in ALL if n > gone))
    finish(world, run)
    assert run.state == "held"
    return run


def hours(world: World, *numbers: int) -> list[int]:
    """Return what stands at the target of entries, once all is delivered."""
    world.deliver()
    return [int(world.target.net_hours(f"TE-{n:07d}")) for n in numbers]


def test_what_came_after_a_comparison_was_held_stays_when_it_is_approved(quick_world: Make) -> None:
    world = quick_world()
    run = held(world)
    world.take_in(entry(200), entry(201), entry(15, version=2, hours="6.00"))
    assert comparing.approve(run, world.plan, by=ENGINE, reason="the client asked for it") == 10
    assert hours(world, 1, 10, 11, 15, 200, 201) == [0, 0, 8, 6, 8, 8]


@pytest.mark.parametrize("again", [{}, {"version": 2}, {"changed_at": None}], ids=["as it was", "newer", "unreadable"])
def test_what_the_source_shows_again_stays_when_it_is_approved(quick_world: Make, again: dict[str, Any]) -> None:
    world = quick_world()
    run = held(world)
    world.take_in(entry(1, **again), entry(2, **again))
    assert comparing.approve(run, world.plan, by=ENGINE, reason="the client asked for it") == 8
    assert hours(world, 1, 2, 3, 10) == [8, 8, 0, 0]


def test_what_came_while_a_comparison_was_reading_is_not_missing(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(*(entry(n) for n in ALL))
    world.deliver()
    run = begin(world)
    read(world, run, *(entry(n) for n in ALL if n != 3))
    world.take_in(entry(200), entry(3, version=2))  # pushed, once its page was read
    assert (finish(world, run).state, run.withdrawn) == ("done", 0)
    assert hours(world, 3, 200) == [8, 8]


def test_posted_entry_that_is_shown_in_a_form_that_cannot_be_read_is_not_taken_back(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(*(entry(n) for n in ALL))
    world.deliver()
    run = begin(world)
    read(world, run, *(entry(n, **({"changed_at": "soon"} if n < 3 else {})) for n in ALL))
    assert (finish(world, run).state, run.withdrawn) == ("done", 0)
    assert hours(world, 1, 2) == [8, 8]


def test_nothing_is_withdrawn_by_itself_while_a_record_without_a_key_may_be_it(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(*(entry(n) for n in ALL))
    world.deliver()
    for _ in range(2):  # its bytes are known the second time
        run = begin(world)
        read(world, run, *(entry(n, **({"key": None} if n == 1 else {})) for n in ALL))
        assert finish(world, run).state == "held"
        assert "1 of 20" in run.message
        assert "of 1 that it shows, not even the key" in run.message
        assert hours(world, 1) == [8]
        comparing.refuse(run, by=ENGINE, reason="its key is put right")
    run = begin(world)
    read(world, run, *(entry(n) for n in ALL if n > 1))
    assert (finish(world, run).state, run.withdrawn) == ("done", 1)
    assert hours(world, 1) == [0]


def test_later_comparison_that_passes_leaves_a_held_one_to_its_person(quick_world: Make) -> None:
    world = quick_world()
    first = held(world)
    second = begin(world)
    read(world, second, *(entry(n) for n in ALL))
    assert finish(world, second).state == "done"
    assert Failure.objects.get(closed_at=None).run_id == first.pk
    assert comparing.approve(first, world.plan, by=ENGINE, reason="the client asked for it") == 0
    assert hours(world, 1) == [8]


def test_person_says_no_to_a_held_comparison(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    run = held(world)
    intake.take_in()
    item = WorkItem.objects.get()
    offered = [kind.name for kind in kinds.KINDS if kind.makes_sense(facts_of(item, quick_staff.clara))]
    assert offered == ["approvals", "run-refusals"]
    with pytest.raises(NotAllowed):
        verbs.refuse_run(item, by=quick_staff.farid, reason="a lost right")
    with pytest.raises(verbs.NotPossible, match="reason"):
        verbs.refuse_run(item, by=quick_staff.clara, reason=" ")

    verbs.refuse_run(item, by=quick_staff.clara, reason="a lost right")

    run.refresh_from_db()
    assert (run.state, run.withdrawn, run.message) == ("done", 0, comparing.KEPT)
    assert not Failure.objects.filter(closed_at=None).exists()
    assert not SourceHead.objects.exclude(missed_by=None).exists()
    assert AuditEntry.objects.filter(verb="refuse", reason="a lost right").exists()
    assert set(Transaction.objects.values_list("state", flat=True)) == {"posted"}
    intake.take_in()
    settle.settle_sent_again()
    item.refresh_from_db()
    assert (item.state, item.resolution) == ("resolved", "no_action")
    for late in (
        lambda: comparing.refuse(run, by=ENGINE, reason="again"),
        lambda: comparing.approve(run, world.plan, by=ENGINE, reason="after all"),
    ):
        with pytest.raises(ValueError, match="waits for no approval"):
            late()


def test_comparison_that_was_held_before_marks_were_kept_is_marked_by_the_migration(quick_world: Make) -> None:
    from importlib import import_module

    from django.apps import apps
    from django.db import connection

    world = quick_world()
    run = held(world)
    SourceHead.objects.update(missed_by=None)
    world.take_in(entry(200))
    with connection.schema_editor() as editor:
        import_module("routes.migrations.0029_missed_by_a_comparison").mark(apps, editor)
    assert comparing.approve(run, world.plan, by=ENGINE, reason="the client asked for it") == 10
    assert hours(world, 1, 200) == [0, 8]


def test_comparison_of_a_route_that_is_switched_off_is_refused_and_not_approved(
    quick_world: Make, quick_staff: Staff
) -> None:
    world = quick_world()
    run = held(world)
    intake.take_in()
    item = WorkItem.objects.get()
    Route.objects.update(enabled=False)
    with pytest.raises(verbs.NotPossible, match="switched off"):
        verbs.approve(item, by=quick_staff.clara, reason="they are gone")
    run.refresh_from_db()
    assert (run.state, SourceHead.objects.filter(withdrawn=True).count()) == ("held", 0)
    verbs.refuse_run(item, by=quick_staff.clara, reason="the route is to rest")
    run.refresh_from_db()
    assert (run.state, run.withdrawn) == ("done", 0)
