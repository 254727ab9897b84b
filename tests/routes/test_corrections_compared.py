"""A correction is compared with every later version of its source, and what became of it at each is kept in words."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from exceptions_queue import corrections, intake, trying, verbs
from exceptions_queue.models import WorkItem
from governance.actor import ENGINE
from governance.models import User
from governance.rights import NotAllowed, Role
from mappings import tables
from mappings.models import LookupTable
from routes import overlay_endings, overlays
from routes.models import Failure, Happened, Overlay, OverlayEvent, Record
from tests.governance.people import person
from tests.routes.test_corrected_fields import correct, farid, priced, sent
from tests.routes.world import World, entry

__all__ = ["farid"]
Make = Callable[..., World]


def told() -> list[str]:
    """Return what happened to the one correction, the oldest first."""
    return list(OverlayEvent.objects.order_by("pk").values_list("what", flat=True))


def comes(world: World, version: int, hours: str, **more: Any) -> None:
    world.take_in(entry(1, hours=hours, version=version, project_code=f"P-00{version}", **more))
    intake.take_in()
    world.deliver()


def corrected(make_world: Make, farid: User) -> World:
    """Return a world in which the hours of an entry were corrected from 0 to 4, and posted so."""
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    correct(world, farid, hours="4.00")
    return world


def test_correction_survives_three_versions_and_ends_when_the_source_agrees(make_world: Make, farid: User) -> None:
    world = corrected(make_world, farid)

    for version in (2, 3, 4):
        comes(world, version, "0.00")
        assert sent(world.target)["hours"] == 4, version
        assert (sent(world.target)["amount"], sent(world.target)["project"]) == (400, f"P-00{version}")
        assert Overlay.objects.get().is_open
        assert not Failure.objects.filter(closed_at=None).exists()
    comes(world, 5, "4.0")
    comes(world, 6, "9.00")

    row = Overlay.objects.get()
    assert (row.ended_how, row.returned_at) == ("source_agrees", None)
    assert told() == ["made", "kept", "kept", "kept", "agreed"]
    assert sent(world.target)["hours"] == 9, "what has ended is laid over nothing any more"
    assert OverlayEvent.objects.filter(what="kept").values_list("said", flat=True)[0] is not None


def test_contradicted_correction_stays_with_a_person_whatever_comes_next(make_world: Make, farid: User) -> None:
    """A newer version must not answer the question by itself: what nobody decided would be posted unseen."""
    world = corrected(make_world, farid)
    posted = len(world.target.commits)

    comes(world, 2, "6.00")
    first = WorkItem.objects.open().get()
    comes(world, 3, "6.00")
    comes(world, 4, "7.00")

    assert len(world.target.commits) == posted, "nothing is sent before somebody has decided"
    assert WorkItem.objects.open().get().number == first.number
    assert told() == ["made", "returned", "returned", "returned"]
    row = Overlay.objects.get()
    assert row.is_open
    assert row.returned_at is not None
    assert "hours was corrected to 4" in Failure.objects.get(closed_at=None).message
    assert "now the source says 7.00" in Failure.objects.get(closed_at=None).message


def test_source_that_goes_back_to_its_word_lets_the_correction_count_again(make_world: Make, farid: User) -> None:
    world = corrected(make_world, farid)
    comes(world, 2, "6.00")

    comes(world, 3, "0.00")

    assert told() == ["made", "returned", "resumed"]
    assert Overlay.objects.get().returned_at is None
    assert sent(world.target)["project"] == "P-003"
    assert sent(world.target)["hours"] == 4
    assert not Failure.objects.filter(closed_at=None).exists()


def test_source_that_comes_round_after_all_ends_it(make_world: Make, farid: User) -> None:
    world = corrected(make_world, farid)
    comes(world, 2, "6.00")
    comes(world, 3, "4.00")
    assert told() == ["made", "returned", "agreed"]
    assert not Failure.objects.filter(closed_at=None).exists()


def test_sending_it_again_takes_what_the_source_says(make_world: Make, farid: User) -> None:
    world = corrected(make_world, farid)
    comes(world, 2, "6.00")
    item = WorkItem.objects.open().get()
    [tried] = trying.tries(item.failures(), by=farid)
    assert tried.payload is not None
    assert tried.payload["hours"] == 6

    verbs.resubmit(item, by=farid, reason="the consultant is right", failures=[item.failures()[0].pk])
    world.deliver()

    assert sent(world.target)["hours"] == 6
    assert Overlay.objects.get().ended_how == "source_taken"
    last = OverlayEvent.objects.order_by("pk").last()
    assert last is not None
    assert (last.what, last.actor_name, last.reason) == ("taken", "Farid Amini", "the consultant is right")


def test_sending_all_of_it_again_takes_what_the_source_says(make_world: Make, farid: User) -> None:
    from exceptions_queue import releasing

    world = corrected(make_world, farid)
    comes(world, 2, "6.00")
    verbs.resubmit(WorkItem.objects.open().get(), by=farid)
    releasing.work(seconds=5)
    world.deliver()
    assert sent(world.target)["hours"] == 6
    assert told()[-1] == "taken"


def test_correcting_it_anew_is_compared_with_the_new_word_of_the_source(make_world: Make, farid: User) -> None:
    world = corrected(make_world, farid)
    comes(world, 2, "6.00")
    item = WorkItem.objects.open().get()

    verbs.correct_field(item, by=farid, field="hours", value="4", reason="asked once more")
    world.deliver()
    comes(world, 3, "6.00")

    assert sent(world.target)["hours"] == 4
    old, new = Overlay.objects.order_by("pk")
    assert old.ended_how == "replaced"
    assert new.is_open
    assert Decimal(str(new.source_value)) == 6


def test_other_cause_that_is_removed_answers_no_question(make_world: Make, farid: User) -> None:
    """A version without a rate stops first for the rate: adding the row does not decide about the hours."""
    world = corrected(make_world, farid)
    comes(world, 2, "6.00", role="Advisor")
    assert Failure.objects.get(closed_at=None).category == "unmapped_value"
    posted = len(world.target.commits)
    table = LookupTable.objects.get(name="bill_rates")
    tables.add_rows(table, [tables.NewRow(("Advisor", "EUR"), {"rate": Decimal(70)})], by=ENGINE)

    correct(world, farid)

    assert len(world.target.commits) == posted
    assert Failure.objects.get(closed_at=None).category == "conflict"
    assert Overlay.objects.get().returned_at is not None


def test_changed_row_of_a_table_is_told_as_such(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    correct(world, farid, hours="4.00", amount="350.00")
    tables.add_rows(
        LookupTable.objects.get(name="bill_rates"), [tables.NewRow(("Consultant", "EUR"), {"rate": Decimal(120)})],
        by=ENGINE,
    )  # fmt: skip
    comes(world, 2, "0.00")
    row = Overlay.objects.select_related("route", "legal_entity", "made_by").get(field="amount")
    lines = corrections.history(corrections.shown([row], farid)[0])
    assert [line.what for line in lines] == ["kept", "made"]


def test_correction_is_taken_back(make_world: Make, farid: User) -> None:
    world = corrected(make_world, farid)

    overlay_endings.withdraw(Overlay.objects.get().pk, by=farid, reason="the slip was wrong")
    comes(world, 2, "5.00")

    assert sent(world.target)["hours"] == 5
    assert Overlay.objects.get().ended_how == "withdrawn"
    with pytest.raises(overlay_endings.Gone, match="ended meanwhile: taken back"):
        overlay_endings.withdraw(Overlay.objects.get().pk, by=farid, reason="again")


def test_taking_back_asks_the_right_and_a_reason(make_world: Make, farid: User) -> None:
    corrected(make_world, farid)
    number = Overlay.objects.get().pk
    with pytest.raises(NotAllowed):
        overlay_endings.withdraw(number, by=person("Viktor Lang", Role.VIEWER), reason="no")
    with pytest.raises(ValueError, match="needs a reason"):
        overlay_endings.withdraw(number, by=farid, reason=" ")
    assert Overlay.objects.get().is_open


def test_comparing_costs_the_same_for_many(make_world: Make, farid: User, django_assert_max_num_queries: Any) -> None:
    world = priced(make_world())
    world.take_in(*(entry(number, hours="0.00") for number in range(1, 31)))
    for record in Record.objects.all():
        overlays.correct(record=record.pk, field="hours", value="4", reason="slip", by=farid)
    seen = Overlay.objects.count()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for version, few in ((2, range(1, 3)), (3, range(1, 31))):
        with CaptureQueriesContext(connection) as found:
            world.take_in(*(entry(number, hours="0.00", version=version) for number in few))
        counts.append(sum("overlay" in each["sql"] for each in found))
    assert counts[0] == counts[1]
    assert OverlayEvent.objects.filter(what=Happened.KEPT).count() == 2 + seen
