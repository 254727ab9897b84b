"""What the target misses: waited for when its answer names the parent, a person's when it does not."""

from collections.abc import Callable

import pytest
from msgspec import structs

from canonical.failure import Category
from exceptions_queue import intake
from exceptions_queue.models import State, WorkItem
from governance.actor import ENGINE
from governance.rights import Role
from mappings.cross_references import NewReference, upsert
from routes import decisions, releases, retry
from routes.models import Failure, Wait
from tests.governance.people import person
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


@pytest.fixture
def world(make_world: Make, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose target misses the project, and is asked once only."""
    monkeypatch.setitem(retry.POLICIES, Category.MISSING_REFERENCE, retry.Policy(attempts=1, first=1, cap=1))
    made = make_world()
    lacks(made, "P-001")
    return made


def lacks(world: World, key: str) -> None:
    words = f"The record instance for external ID '{key}' does not exist."
    answer = structs.replace(refused(Category.MISSING_REFERENCE, words), parent_key=key)
    world.target.behave = lambda request, number: answer


def project_arrives(world: World, key: str = "P-001") -> None:
    place = world.destination.connection
    upsert([NewReference(place.pk, "project", key, f"X-{key}", place.legal_entity_id, "")], by=ENGINE)


def test_named_parent_parks_its_children_until_it_arrives(world: World) -> None:
    world.take_in(entry(1), entry(2))
    world.deliver()
    assert world.states() == ["parked", "parked"]
    assert set(Wait.objects.values_list("kind", "on", "connection_id")) == {
        ("parent", "project:P-001", world.destination.connection_id)
    }
    [first, second] = Failure.objects.all()
    assert first.fingerprint == second.fingerprint
    assert (first.field, first.table, first.table_key) == ("project_code", "project", ["P-001"])
    intake.take_in()
    item = WorkItem.objects.get()
    assert (item.state, item.waiting_on) == (State.WAITING, "project P-001")

    world.target.behave = lambda request, number: None
    project_arrives(world, "P-002")
    assert world.states() == ["parked", "parked"]
    project_arrives(world)
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert not Wait.objects.exists()
    assert set(Failure.objects.values_list("closed_how", flat=True)) == {"auto:parent_arrived"}


def test_parked_child_is_released_by_a_person_too(world: World) -> None:
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, number: None
    ids = [t.pk for t in world.transactions()]
    assert decisions.resubmit(ids, by=person("Farid Amini", Role.FINANCE), reason="it is there") == ids
    world.deliver()
    assert world.states() == ["posted"]


def test_parent_that_is_known_to_be_there_is_not_waited_for_without_end(world: World) -> None:
    project_arrives(world)
    world.take_in(entry(1))
    world.deliver()
    assert world.states() == ["failed"]
    assert releases.arrived_meanwhile() == 0
    assert "see to it in Ledger, then resubmit" in Failure.objects.get().message


@pytest.mark.parametrize("key", ["", "99", "SVC-AIE"])
def test_parent_that_nobody_can_name_is_a_persons(world: World, key: str) -> None:
    lacks(world, key)
    world.take_in(entry(1))
    world.deliver()
    assert world.states() == ["failed"]
    assert not Wait.objects.exists()
    intake.take_in()
    item = WorkItem.objects.get()
    assert item.state == State.NEW
    assert item.title == "Ledger lacks a record that this needs"
