"""What vanishes at the source is taken back, and what comes back is posted again: the source's present word counts."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from governance.actor import ENGINE
from governance.models import LegalEntity
from routes import comparing, evaluation, receive, reprocess
from routes.models import Failure, Record, Run, SourceHead, Transaction
from tests.routes.world import World, entry

Make = Callable[..., World]
KEY = "TE-0000001"


def vanish(world: World) -> int:
    """Let a comparison find that the source no longer has the key."""
    return receive.withdraw_missing(world.plan, [KEY], run=None)


@pytest.fixture(params=["number", "time of change", "time of arrival"])
def dated_world(quick_world: Make, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose source orders its versions by a number, by the time of change, or not at all."""
    world = quick_world()
    facts = world.plan.source
    if request.param != "number":
        facts = dataclasses.replace(facts, version=None)
    if request.param == "time of arrival":
        facts = dataclasses.replace(facts, changed_at=None)
    plan = dataclasses.replace(world.plan, source=facts)
    monkeypatch.setattr(type(world), "plan", property(lambda self: plan))
    return world


@pytest.mark.parametrize("newer", [{}, {"version": 9, "hours": "6.00", "changed_at": "2026-10-30T08:00:00.000000Z"}])
def test_entry_that_comes_back_is_posted_again(dated_world: World, newer: dict[str, Any]) -> None:
    world = dated_world
    world.take_in(entry(1))
    world.deliver()
    vanish(world)
    world.deliver()
    assert world.target.net_hours(KEY) == 0

    totals = world.take_in(entry(1, **newer))
    world.deliver()

    assert (totals.changed, totals.unchanged) == (1, 0)
    assert world.target.net_hours(KEY) == Decimal(newer.get("hours", "8.00"))
    assert world.take_in(entry(1, **newer)).unchanged == 1
    assert not Failure.objects.filter(closed_at=None).exists()


def test_entry_that_comes_back_before_it_was_taken_back_stays_as_it_is(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    vanish(world)
    world.take_in(entry(1))
    world.deliver()
    assert [c.operation for c in world.target.commits] == ["create"]
    assert world.states() == ["posted", "superseded", "posted"]


def test_entry_comes_and_goes_as_often_as_it_likes(quick_world: Make) -> None:
    world = quick_world()
    for _ in range(60):  # more often than a version could grow by a letter each time
        world.take_in(entry(1))
        vanish(world)
    world.take_in(entry(1))
    world.take_in(entry(1, version=2, hours="5.00"))
    world.deliver()
    assert world.target.net_hours(KEY) == 5
    assert SourceHead.objects.get().version == f"n{2:030d}"


def test_older_version_that_comes_late_after_a_return_is_superseded(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, version=3))
    vanish(world)
    world.take_in(entry(1, version=3))
    world.take_in(entry(1, version=2, hours="2.00"))
    world.deliver()
    assert world.target.net_hours(KEY) == 8
    late = Record.objects.get(hours=2)
    assert Transaction.objects.get(record_id=late.pk).state == "superseded"


def test_what_comes_back_under_an_older_number_counts(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, version=3))
    world.deliver()
    vanish(world)
    world.deliver()
    world.take_in(entry(1, version=1, hours="2.00"))
    world.deliver()
    assert world.target.net_hours(KEY) == 2


def test_versions_count_anew_after_a_deletion(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, version=7))
    world.deliver()
    for hours in ("2.00", "4.00"):  # deleted and made anew, twice: its numbers begin at 1 each time
        vanish(world)
        world.deliver()
        world.take_in(entry(1, version=1, hours=hours))
        world.deliver()
        assert world.target.net_hours(KEY) == Decimal(hours)
        world.take_in(entry(1, version=3, hours="3.00"))
        world.take_in(entry(1, version=2, hours="9.00"))  # late, and older within the new count
        world.deliver()
        assert world.target.net_hours(KEY) == 3
    assert not Failure.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize(
    ("known", "expected"),
    [("n01", "n01~00000001"), ("n01~00000001", "n01~00000002"), ("n01~00000009", "n01~00000010")],
)
def test_later_stands_between_a_version_and_the_next(known: str, expected: str) -> None:
    assert receive.later(known) == expected
    assert known < expected < "n02"


def test_record_that_failed_and_was_deleted_is_nobodys_work_and_never_posted(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, legal_entity="HP-FR"))
    failed = Record.objects.get()
    vanish(world)
    assert Failure.objects.get().closed_how == "auto:source_withdrawn"
    assert reprocess.records([failed.pk], by=ENGINE, reason="tried again", how="fixed") == []
    world.deliver()
    assert world.target.commits == []


def test_posted_entry_is_taken_back_though_its_last_version_could_not_be_read(quick_world: Make) -> None:
    world = quick_world(condition="hours > 1")
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, version=2, hours="8.00") | {"hours": "many"})
    vanish(world)
    world.deliver()
    assert world.target.net_hours(KEY) == 0
    assert not Failure.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize("meanwhile", ["replaced", "withdrawn"])
def test_sending_again_what_the_source_has_replaced_or_withdrawn_posts_nothing(
    quick_world: Make, meanwhile: str
) -> None:
    world = quick_world()
    world.take_in(entry(1, legal_entity="HP-FR"))
    failed = Record.objects.get()
    world.take_in(entry(1, version=2, status="unsubmitted"))
    if meanwhile == "withdrawn":
        vanish(world)
    # as after a crash or an echo: the newer one did not know of the older one
    Record.objects.filter(pk=failed.pk).update(state="failed")
    Failure.objects.update(closed_at=None, closed_how="")
    LegalEntity.objects.create(code="HP-FR", name="Halden & Partner SARL", country="FR", currency="EUR")

    assert reprocess.records([failed.pk], by=ENGINE, reason="the entity was added", how="fixed") == []

    world.deliver()
    assert world.target.commits == []
    failed.refresh_from_db()
    assert failed.state == "superseded"
    how = {"replaced": "auto:newer_version", "withdrawn": "auto:source_withdrawn"}
    assert Failure.objects.get().closed_how == how[meanwhile]


def test_sending_again_what_cannot_be_read_leaves_it_with_its_person(quick_world: Make) -> None:
    world = quick_world()
    keyless = entry(1)
    del keyless["key"]
    world.take_in(keyless)
    assert reprocess.records([Record.objects.get().pk], by=ENGINE, reason="tried again", how="fixed") == []
    assert Failure.objects.get().closed_at is None


@pytest.fixture
def compared(quick_world: Make) -> Callable[[World], Run]:
    """Return what finishes a comparison of October in which the source shows nothing of three posted entries."""

    def finish(world: World) -> Run:
        owner, now = uuid4(), timezone.now()
        run = Run.objects.create(
            route=world.route, legal_entity=world.route.legal_entity, trigger="schedule", requested_by="engine",
            created_at=now, due_at=now, state="running", lease_owner=owner, compares=True,
            window_from=dt.date(2026, 10, 1), window_to=dt.date(2026, 10, 31),
        )  # fmt: skip
        comparing.finish(run, world.plan, owner=owner)
        run.refresh_from_db()
        return run

    return finish


def test_record_that_spoils_a_comparison_is_left_to_people_and_the_others_are_withdrawn(
    quick_world: Make, compared: Callable[[World], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world()
    world.take_in(entry(1), entry(2), entry(3))
    world.deliver()
    whole = evaluation.evaluate

    def spoilt(plan: Any, arrivals: Any, **more: Any) -> None:
        if any(a.key == "TE-0000002" for a in arrivals):
            raise LookupError("sk-live-do-not-show")
        whole(plan, arrivals, **more)

    monkeypatch.setattr(evaluation, "evaluate", spoilt)
    for _ in range(2):  # told once, however often it is compared
        run = compared(world)
        assert run.state == "done"
        failure = Failure.objects.get(closed_at=None)
        assert (failure.category, failure.stage) == ("internal", "compare")
        assert Record.objects.get(pk=failure.record_id).key == "TE-0000002"
        assert "do-not-show" not in failure.message
        assert "next comparison" in failure.message
    world.deliver()
    assert [world.target.net_hours(f"TE-000000{n}") for n in (1, 2, 3)] == [0, 8, 0]
    assert Run.objects.order_by("created_at")[0].withdrawn == 2

    monkeypatch.setattr(evaluation, "evaluate", whole)
    compared(world)
    world.deliver()
    assert world.target.net_hours("TE-0000002") == 0
    assert not Failure.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize("correction", ["update", "reverse", "delta"])
def test_vanished_entry_is_taken_back_in_the_destinations_way(quick_world: Make, correction: str) -> None:
    world = quick_world(correction=correction)
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, version=2, legal_entity="HP-FR", hours="6.00", project_code="P-002"))
    vanish(world)
    world.deliver()
    assert world.target.net_hours(KEY) == 0
    world.take_in(entry(1, version=3, hours="5.00"))
    world.deliver()
    assert world.target.net_hours(KEY) == 5
