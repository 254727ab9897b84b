"""A late older version replaces nothing: neither a newer one that a person works on, nor that person's correction."""

from collections.abc import Callable

from governance.actor import ENGINE
from governance.models import LegalEntity
from governance.rights import Role
from routes import overlays, reprocess
from routes.models import Failure, Overlay, Record
from tests.governance.people import person
from tests.routes.world import World, entry

Make = Callable[..., World]
KEY = "TE-0000001"


def broken(number: int, **more: object) -> dict[str, object]:
    """Return an entry that fails before a destination is chosen: nobody knows its legal entity."""
    return entry(number, **({"legal_entity": "HP-FR"} | more))


def open_failures() -> int:
    return Failure.objects.filter(closed_at=None).count()


def repair_and_send_again(ids: list[object] | None = None) -> list[object]:
    """Add the legal entity and send what failed for it again; return what went on."""
    LegalEntity.objects.create(code="HP-FR", name="Halden & Partner SARL", country="FR", currency="EUR")
    failed = ids or list(Record.objects.filter(state="failed").values_list("pk", flat=True))
    return reprocess.records(failed, by=ENGINE, reason="the legal entity was added", how="fixed")


def test_late_older_version_leaves_a_newer_failed_one_with_its_person(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(broken(1, version=2, hours="7.00"))
    world.take_in(entry(1, version=1))
    world.deliver()
    assert world.states() == ["superseded"]
    assert open_failures() == 1
    assert world.take_in(broken(1, version=2, hours="7.00")).unchanged == 1

    repair_and_send_again()
    world.deliver()

    assert world.target.net_hours(KEY) == 7
    assert open_failures() == 0


def test_late_older_version_that_fails_is_nobodys_work(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, version=2, hours="7.00"))
    world.take_in(broken(1, version=1))
    world.deliver()
    assert open_failures() == 0
    assert sorted(Record.objects.values_list("state", flat=True)) == ["routed", "superseded"]
    assert world.target.net_hours(KEY) == 7


def test_late_older_version_ends_no_correction(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, version=2, hours="7.00"))
    farid = person("Farid Amini", Role.FINANCE)
    overlays.correct(record=Record.objects.get().pk, field="hours", value="6.00", reason="as agreed", by=farid)
    world.take_in(entry(1, version=1))
    assert Overlay.objects.get().ended_at is None
    world.take_in(entry(1, version=3, hours="7.00", notes="told more"))
    world.deliver()
    assert world.target.net_hours(KEY) == 6


def test_versions_that_all_count_leave_a_failed_one_with_its_person(quick_world: Make) -> None:
    world = quick_world(order="in_order")
    world.take_in(broken(1, version=1))
    world.take_in(entry(1, version=2, hours="7.00"))
    world.deliver()
    assert open_failures() == 1
    assert len(repair_and_send_again()) == 1
