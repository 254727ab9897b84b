"""What stopped for want of a table's row goes on when the row counts, and only then."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.dispatch import Signal

from governance import versions
from governance.models import User
from governance.rights import Role
from mappings.models import Approval, LookupTable
from mappings.tables import NewRow, add_rows, approve_rows, became_available, create_table
from routes import releases
from routes.models import Failure
from tests.governance.people import person
from tests.routes.world import INWARD, OUTWARD, World, entry

Make = Callable[..., World]


@pytest.fixture
def farid(transactional_db: None) -> User:
    return person("Farid Amini", Role.FINANCE)


@pytest.fixture
def clara(transactional_db: None) -> User:
    return person("Clara Voss", Role.CONTROLLER)


@pytest.fixture
def table(transactional_db: None) -> Callable[..., LookupTable]:
    """Return a maker of the table of cost centers, which is empty."""

    def make(approval: str = Approval.AT_ONCE) -> LookupTable:
        return create_table(
            name="cost_centers", title="Cost centers", key_columns=["role"], value_columns={"center": "text"},
            approval=approval, by=person("Ingrid Solheim", Role.INTEGRATION_ADMIN),
        )  # fmt: skip

    return make


def needing(make_world: Make, content: dict, field: str) -> World:
    """Return a world in which one mapping looks up the role's cost center."""
    world = make_world()
    changed = content | {"fields": [*content["fields"], {"to": field, "formula": 'LOOKUP("cost_centers", role)'}]}
    versions.install(kind="mapping", object_key=f"{content['name']}-2", content=changed)
    if content is INWARD:
        world.route.mapping = "ledger-time-in-2"
        world.route.save()
    else:
        world.destination.mapping = "ledger-time-out-2"
        world.destination.save()
    return world


def test_missing_row_releases_every_transaction_that_lacked_it(
    make_world: Make, table: Callable[..., LookupTable], farid: User
) -> None:
    made = table()
    world = needing(make_world, OUTWARD, "center")
    world.take_in(entry(1), entry(2), entry(3, role="Partner"))
    assert world.states() == ["failed"] * 3

    add_rows(made, [NewRow(("Consultant",), {"center": "4711"})], by=farid)
    world.deliver()

    assert world.states() == ["posted", "posted", "failed"]
    assert sorted(Failure.objects.values_list("closed_how", flat=True)) == ["", "fixed", "fixed"]


def test_missing_row_releases_records_that_failed_before_a_destination_was_chosen(
    make_world: Make, table: Callable[..., LookupTable], farid: User
) -> None:
    made = table()
    world = needing(make_world, INWARD, "cost_center")
    world.take_in(entry(1), entry(2))
    assert world.states() == []

    add_rows(made, [NewRow(("Consultant",), {"center": "4711"})], by=farid)
    world.deliver()

    assert world.states() == ["posted", "posted"]


def test_row_that_waits_for_approval_holds_until_a_second_person_gives_it(
    make_world: Make, table: Callable[..., LookupTable], farid: User, clara: User
) -> None:
    made = table(Approval.ALWAYS)
    world = needing(make_world, OUTWARD, "center")
    added = add_rows(made, [NewRow(("Consultant",), {"center": "4711"})], by=farid)
    world.take_in(entry(1))
    assert world.states() == ["held"]

    approve_rows(made, [row.pk for row in added.waiting], by=clara)
    world.deliver()

    assert world.states() == ["posted"]


def test_sweep_releases_what_the_signal_did_not_and_tries_in_vain_only_once(
    make_world: Make, table: Callable[..., LookupTable], farid: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = table()
    world = needing(make_world, OUTWARD, "center")
    world.take_in(entry(1), entry(2), entry(3))
    monkeypatch.setattr(releases, "LIMIT", 2)
    add_rows(made, [NewRow(("Consultant",), {"center": "4711"})], by=farid)
    assert sorted(world.states()) == ["failed", "ready", "ready"]

    world.destination.mapping = "ledger-time-out-3"  # needs a second column, which this row does not help with
    world.destination.save()
    wanting = OUTWARD | {
        "fields": [*OUTWARD["fields"], {"to": "center", "formula": 'LOOKUP("cost_centers", project_code)'}]
    }
    versions.install(kind="mapping", object_key="ledger-time-out-3", content=wanting)

    assert (releases.rows_available(), releases.rows_available()) == (0, 0)
    assert sorted(world.states()) == ["failed", "ready", "ready"]
    assert Failure.objects.filter(closed_at=None).get().table_key == ["P-001"]


def test_row_committed_while_a_page_was_worked_out_releases_what_that_page_lacked(
    make_world: Make, table: Callable[..., LookupTable], farid: User
) -> None:
    """The row is written first and committed last: the page's time lies between, and the page has not seen it."""
    made = table()
    world = needing(make_world, OUTWARD, "center")
    world.take_in(entry(1), entry(2, role="Partner"))
    rows = [NewRow(("Consultant",), {"center": "CC-1"}), NewRow(("Partner",), {"center": "CC-2"}, dt.date(2027, 1, 1))]
    with mute(became_available):
        add_rows(made, rows, by=farid)
    recorded = made.rows.latest("recorded_from").recorded_from
    Failure.objects.update(opened_at=recorded + dt.timedelta(milliseconds=1))

    assert releases.rows_available() == 1
    assert sorted(world.states()) == ["failed", "ready"]
    assert releases.rows_available() == 0, "a row of other days is tried once"
    assert Failure.objects.filter(closed_at=None).count() == 1


@contextmanager
def mute(signal: Signal) -> Iterator[None]:
    """Let nobody hear a signal, as when a process dies right after its commit."""
    heard, signal.receivers = signal.receivers, []
    signal.sender_receivers_cache.clear()
    try:
        yield
    finally:
        signal.receivers = heard
        signal.sender_receivers_cache.clear()
