"""What never left: it waits for the system, or a person sees to it; its bytes never go in the place of later ones."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from canonical.failure import Category
from connectors.models import Connection
from connectors.outcome import Result, WriteOutcome, WriteRequest
from governance.actor import ENGINE
from governance.rights import Role
from routes import decisions, linking, overlays, reversals
from routes.models import Effect, Failure, KeyHead, Record
from tests.governance.people import company, person
from tests.routes.world import World, entry

Make = Callable[..., World]
CLASSES = ["ledger_idempotent", "ledger_look_up", "ledger_blind"]
WAITS = [Category.OUTAGE, Category.CREDENTIALS, Category.THROTTLED, Category.TRANSIENT]
FOR_PEOPLE = [
    Category.CONFIGURATION, Category.NO_RIGHT, Category.DUPLICATE, Category.SHAPE, Category.VALIDATION,
    Category.CONFLICT, Category.REFUSED, Category.CLOSED_PERIOD, Category.INTERNAL,
]  # fmt: skip


def unsent(category: Category, message: str = "nothing left", **more: Any) -> WriteOutcome:
    return WriteOutcome(Result.NOT_SENT, category=category, message=message, **more)


def hours(request: WriteRequest) -> str:
    return str(msgspec.json.decode(request.body)["hours"])


def stopped(make: Make, connector: str) -> World:
    """Return a world whose only entry, of 8 hours, stopped before a byte of it left."""
    world = make(connector)
    world.target.behave = lambda request, number: unsent(Category.CONFIGURATION) if number == 1 else None
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    assert world.states() == ["failed"]
    return world


def stands() -> tuple[bool, str]:
    """Return whether the books say that the last effect's bytes stand at the target, and the state of that effect."""
    head, effect = KeyHead.objects.get(), Effect.objects.order_by("-number")[0]
    return head.live_payload_id == effect.payload_id, effect.state


@pytest.mark.parametrize("connector", CLASSES)
def test_what_goes_after_a_correction_is_the_corrected_one(quick_world: Make, connector: str) -> None:
    world = stopped(quick_world, connector)
    farid = person("Farid Amini", Role.FINANCE, company("HP-DE"))
    overlays.correct(record=Record.objects.get().pk, field="hours", value="7.00", reason="slip", by=farid)
    decisions.resubmit([world.transactions()[0].pk], by=farid, reason="corrected")
    world.deliver()
    assert world.states() == ["posted"]
    assert [hours(each) for each in world.target.commits] == ["7.0"]
    assert stands() == (True, "confirmed")


@pytest.mark.parametrize("connector", CLASSES)
def test_what_was_waived_is_not_sent_in_the_place_of_the_next_version(quick_world: Make, connector: str) -> None:
    world = stopped(quick_world, connector)
    decisions.waive([world.transactions()[0].pk], by=ENGINE, reason="not billable")
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    assert world.states() == ["waived", "posted"]
    assert [hours(each) for each in world.target.commits] == ["6.0"]
    assert stands() == (True, "confirmed")


def test_what_stands_can_be_taken_back_although_its_correction_never_left(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.target.behave = lambda request, number: unsent(Category.NO_RIGHT) if number == 2 else None
    world.take_in(entry(1, hours="7.00", version=2))
    world.deliver()
    assert world.states() == ["posted", "failed"]
    reversals.ask([world.transactions()[0].pk], by=ENGINE, reason="on the wrong project", sends=False)
    world.deliver()
    assert not world.target.live("TE-0000001")


def test_what_never_left_can_be_linked_to_what_the_target_has(quick_world: Make) -> None:
    world = stopped(quick_world, "ledger_look_up")
    row = world.transactions()[0]
    linking.link(row.pk, by=ENGINE, external_id="X77", reference="", reason="found there")
    assert world.states() == ["posted"]
    assert world.target.commits == []


@pytest.mark.parametrize("category", FOR_PEOPLE)
def test_what_time_does_not_mend_goes_to_a_person_at_once(quick_world: Make, category: Category) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: unsent(category, "the system holds 2 records under this key")
    world.take_in(entry(1))
    world.deliver()
    assert world.states()[0] in ("failed", "held")
    failure = Failure.objects.get()
    assert (failure.category, "2 records under this key" in failure.message) == (category, True)
    world.later(4000)
    world.deliver()
    assert len(world.target.requests) == 1


@pytest.mark.parametrize("category", WAITS)
def test_what_time_mends_goes_by_itself(quick_world: Make, category: Category) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: unsent(category) if number == 1 else None
    world.take_in(entry(1))
    world.deliver(rounds=1)
    assert world.states() == ["ready"]
    for _ in range(2):
        world.later(400)
        world.deliver()
    assert world.states() == ["posted"]
    assert [(n, state) for _, n, _, state in world.effects()] == [(1, "confirmed")]


def test_a_question_that_is_throttled_slows_the_connection_down(quick_world: Make) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: unsent(Category.THROTTLED, retry_after=60.0)
    world.take_in(entry(1), entry(2))
    world.deliver()
    assert Connection.objects.get(pk=world.destination.connection_id).slow_until is not None
    assert len(world.target.requests) == 2, "those of one call, and nothing more"


@pytest.mark.parametrize(("told", "state"), [(None, "failed"), (True, "ready")])
def test_what_breaks_each_time_before_a_byte_leaves_ends_with_a_person(
    quick_world: Make, told: bool | None, state: str
) -> None:
    """But whose turn never came within its time has not been tried."""
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: unsent(Category.TRANSIENT, "it speaks before it is asked", retry=told)
    world.take_in(entry(1))
    for _ in range(20):
        world.deliver(rounds=1)
        world.later(400)
    assert world.states() == [state]
    assert Failure.objects.filter(category=Category.TRANSIENT).exists() == (state == "failed")
