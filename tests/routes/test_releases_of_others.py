"""What waits for something goes on when it is there, whatever a route that cannot run has waiting beside it."""

from collections.abc import Callable
from typing import Any

import pytest

from governance import versions
from governance.actor import ENGINE
from governance.models import Version
from mappings.cross_references import NewReference, upsert
from routes import releases
from routes.models import Destination, Route, Transaction, Wait
from tests.routes.world import OUTWARD, World, entry

Make = Callable[..., World]
MANY = 12  # of a route that cannot run: more than what is set apart one by one


@pytest.fixture
def world(quick_world: Make, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world, and before its entries those of a route whose mapping will be taken out of force."""
    made = quick_world()
    versions.install(kind="mapping", object_key="other-out", content=OUTWARD | {"name": "other-out"})
    lame = Route.objects.create(
        slug="lame", name="Lame", legal_entity=made.route.legal_entity, connection=made.route.connection,
        stream="time_entries", canonical_entity="time_entry", mapping="ledger-time-in",
    )  # fmt: skip
    place = Destination.objects.create(
        route=lame, name="Other", connection=made.destination.connection, stream="entries", mapping="other-out",
        key_formula='"other-" & hub.key',
    )  # fmt: skip
    Destination.objects.update(enabled=False)
    World(lame, place, made.target).take_in(*(entry(number) for number in range(1, MANY + 1)))
    made.take_in(entry(1), entry(2))
    assert set(Transaction.objects.values_list("state", flat=True)) == {"held"}
    versions.retire(Version.objects.get(object_key="other-out"), by=ENGINE, reason="a mistake")
    Destination.objects.update(enabled=True)
    return made


def mine(world: World) -> set[str]:
    found: Any = Transaction.objects.filter(destination=world.destination)
    return set(found.values_list("state", flat=True))


def test_switched_on_destination_gets_what_was_kept_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "LIMIT", MANY)
    assert releases.switched_on() == 2
    assert mine(world) == {"ready"}
    assert Transaction.objects.filter(state="held").count() == MANY


def wait_for_parents() -> None:
    Transaction.objects.update(state="parked")
    Wait.objects.update(kind="parent", on="project:P-001")


def test_arrived_parent_releases_its_children(world: World) -> None:
    wait_for_parents()
    at = world.destination.connection
    upsert([NewReference(at.pk, "project", "P-001", "X-1", at.legal_entity_id)], by=ENGINE)
    assert releases.parents_arrived("project", at.pk, ["P-001"]) == 2
    assert mine(world) == {"ready"}
    assert Transaction.objects.filter(state="parked").count() == MANY


def test_parent_that_arrived_meanwhile_releases_its_children(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for_parents()
    at = world.destination.connection
    upsert([NewReference(at.pk, "project", "P-001", "X-1", at.legal_entity_id)], by=ENGINE)
    monkeypatch.setattr(releases, "LIMIT", MANY)
    assert releases.arrived_meanwhile() == 2
    assert mine(world) == {"ready"}
