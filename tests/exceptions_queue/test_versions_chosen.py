"""Sending again with a version of a mapping: it takes the place of the one in force, and a draft never does."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError
from django.db import transaction as db_transaction

from canonical.failure import Category
from exceptions_queue import story, verbs
from exceptions_queue.models import BulkState, Outcome, Release, Result, WorkItem
from exceptions_queue.trying import tries
from governance import versions
from governance.models import AuditEntry, Version
from governance.rights import NotAllowed
from routes import decisions
from routes.arrivals import decode
from routes.models import ConfigurationChoice, Snapshot, Transition
from tests.exceptions_queue import bulk
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_resubmitting import LAX, settled
from tests.exceptions_queue.test_trying import RENAMED, opened, publish, refuse
from tests.routes.world import OUTWARD, World, refused

Make = Callable[..., World]
SECOND = OUTWARD | {"fields": [*OUTWARD["fields"], {"to": "memo", "formula": '"second " & role'}]}
THIRD = OUTWARD | {"fields": [*OUTWARD["fields"], {"to": "memo", "formula": '"third " & role'}]}


def three_versions(world: World, staff: Staff, number: int = 1) -> WorkItem:
    """Return the item of what was made with the first version and refused, while two others were published."""
    refuse(world, number)
    publish(SECOND, staff)
    publish(THIRD, staff)
    return WorkItem.objects.get()


def second() -> Version:
    return Version.objects.get(kind="mapping", object_key="ledger-time-out", number=2)


def memo(world: World) -> Any:
    return decode(world.target.requests[-1].body).get("memo")


@pytest.mark.parametrize(
    ("configuration", "sent"),
    [("now", "third Consultant"), ("then", None), ("ledger-time-out@2", "second Consultant"),
     ("ledger-time-out@1", None), ("ledger-time-out@3", "third Consultant")],
)  # fmt: skip
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_sent_is_made_with_the_chosen_version(
    quick_world: Make, quick_staff: Staff, configuration: str, sent: str | None, whole: bool
) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff)
    chosen = None if whole else [failure.pk for failure in opened()]

    verbs.resubmit(item, by=quick_staff.clara, failures=chosen, configuration=configuration, reason="as agreed")
    done = settled(world)

    assert (world.states(), memo(world), done.resolution) == (["posted"], sent, "fixed")
    assert {entry.after["configuration"] for entry in AuditEntry.objects.filter(verb="resubmit") if entry.after} == {
        configuration
    }


@pytest.mark.parametrize("start", ["source", "failed_stage"])
def test_a_chosen_version_is_used_from_the_failed_stage_too(quick_world: Make, quick_staff: Staff, start: Any) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff)
    [trial] = tries(
        opened(), by=quick_staff.clara, start=start, configuration=Version.objects.get(number=2, state="retired")
    )

    verbs.resubmit(item, by=quick_staff.clara, configuration="ledger-time-out@2", start=start)
    settled(world)

    assert trial.payload is not None
    assert (memo(world), trial.payload["memo"]) == ("second Consultant", "second Consultant")
    assert "with version 2 of “ledger-time-out”" in trial.configuration


def test_history_says_the_version_and_the_snapshot_is_kept(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff)

    verbs.resubmit(item, by=quick_staff.clara, configuration="ledger-time-out@2", reason="the third is wrong")
    settled(world)

    [transaction] = world.transactions()
    [step] = Transition.objects.filter(subject_id=transaction.pk, reason__startswith="with version")
    assert (step.reason, step.actor_kind) == ("with version 2 of “ledger-time-out”: the third is wrong", "person")
    content = Snapshot.objects.get(pk=transaction.snapshot_id).content
    assert content["destinations"][0]["translate"]["version"] == 2
    item.refresh_from_db()
    assert any("with version 2 of “ledger-time-out”: the third is wrong" in event.reason for event in item.events.all())


def test_what_each_try_was_made_with_is_kept_with_who_chose_it(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff)
    world.target.behave = lambda request, n: refused(Category.REFUSED, "Unknown task")
    for configuration in ("ledger-time-out@2", "then", "now"):
        verbs.resubmit(item, by=quick_staff.clara, configuration=configuration)
        settled(world)
    [transaction] = world.transactions()

    told = story.tell(transaction, quick_staff.clara)  # type: ignore[arg-type]

    made_in = "ledger-time-in version 1, ledger-time-out version"
    assert [each.configuration for each in told.tries] == [
        f"{made_in} 1",
        f"{made_in} 2, with version 2 of “ledger-time-out”, by Clara Voss",
        f"{made_in} 2, as it was then, by Clara Voss",
        f"{made_in} 3, as it was in force, by Clara Voss",
    ]
    assert [(c.who, c.before[-1], c.after[-1]) for c in told.choices] == [
        ("Clara Voss", "1", "2"), ("Clara Voss", "2", "2"), ("Clara Voss", "2", "3"),
    ]  # fmt: skip
    with pytest.raises(DatabaseError, match="kept as it was written"), db_transaction.atomic():
        ConfigurationChoice.objects.update(choice="now")
    assert not ConfigurationChoice.objects.visible_to(quick_staff.stranger).exists()


def test_nothing_is_written_where_nothing_was_chosen_and_nothing_differs(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    verbs.resubmit(WorkItem.objects.get(), by=quick_staff.farid)
    settled(world)
    assert (world.states(), ConfigurationChoice.objects.count()) == (["posted"], 0)


def test_a_draft_is_never_sent_with(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    drafted = versions.draft(kind="mapping", object_key="ledger-time-out", content=RENAMED, by=quick_staff.ingrid)
    item, requests = WorkItem.objects.get(), len(world.target.requests)

    with pytest.raises(verbs.NotPossible, match="is a draft, and a draft is only tried"):
        verbs.resubmit(item, by=quick_staff.ingrid, configuration="ledger-time-out@2")
    with pytest.raises(ValueError, match="was never published"):
        decisions.resubmit(
            [t.pk for t in world.transactions()], by=quick_staff.ingrid, reason="x", configuration=drafted
        )
    for strange in ("ledger-time-out@9", "another@1", "@", "ledger-time-out@²", "x@99999999999"):
        with pytest.raises(verbs.NotPossible, match="There is no version"):
            verbs.resubmit(item, by=quick_staff.ingrid, configuration=strange)

    settled(world)
    assert (len(world.target.requests), world.states()) == (requests, ["failed"])
    assert not Release.objects.exists()


def test_what_is_out_of_force_takes_a_right_of_its_own(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff)
    ids = [t.pk for t in world.transactions()]

    with pytest.raises(NotAllowed, match="out of force"):
        verbs.resubmit(item, by=quick_staff.farid, configuration="ledger-time-out@2")
    with pytest.raises(NotAllowed, match="out of force"):
        decisions.resubmit(ids, by=quick_staff.farid, reason="x", configuration=second())
    with pytest.raises(NotAllowed, match="out of force"):
        bulk.planned(quick_staff.farid, "resubmissions", bulk.AGAIN | {"configuration": "ledger-time-out@2"}, item)

    assert tries(opened(), by=quick_staff.farid, configuration=second())[0].payload  # to look is no right of its own
    verbs.resubmit(item, by=quick_staff.farid, configuration="then")
    settled(world)
    assert world.states() == ["posted"]


def test_a_mapping_that_has_no_part_is_refused(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    publish(OUTWARD | {"name": "another"}, quick_staff)

    with pytest.raises(verbs.NotPossible, match="has no part in this"):
        verbs.resubmit(WorkItem.objects.get(), by=quick_staff.clara, configuration="another@1")
    assert decisions.resubmit(
        [t.pk for t in world.transactions()], by=quick_staff.clara, reason="x",
        configuration=Version.objects.get(object_key="another"),
    ) == []  # fmt: skip
    assert world.states() == ["failed"]


def test_an_earlier_version_carries_a_correction_along(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    publish(LAX, quick_staff)
    publish(OUTWARD, quick_staff)
    item = zero_hours(world)

    verbs.resubmit(item, by=quick_staff.clara, configuration="ledger-time-out@2", start="failed_stage")
    settled(world)

    assert world.states() == ["posted"]


def test_records_without_a_destination_go_with_the_version(quick_world: Make, quick_staff: Staff) -> None:
    from tests.routes.world import INWARD

    world = quick_world()
    strict = {"name": "no-consultants", "check": 'role <> "Consultant"', "severity": "error", "field": "role",
              "message": "No consultants."}  # fmt: skip
    first = Version.objects.get(kind="mapping", object_key="ledger-time-in")
    publish(INWARD | {"rules": [*INWARD.get("rules", ()), strict]}, quick_staff)
    from exceptions_queue import intake
    from tests.routes.world import entry

    world.take_in(entry(1))
    intake.take_in()
    item = WorkItem.objects.get()
    assert not world.transactions()

    done = verbs.resubmit(
        item, by=quick_staff.clara, failures=[f.pk for f in opened()], configuration=f"ledger-time-in@{first.number}"
    )
    settled(world)

    assert (done, world.states()) == (1, ["posted"])


def test_a_plan_has_the_version_in_its_identity_and_refuses_another_configuration(
    quick_world: Make, quick_staff: Staff
) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff, 2)
    with_second = bulk.AGAIN | {"configuration": "ledger-time-out@2"}
    one, other = (bulk.planned(quick_staff.clara, "resubmissions", data, item) for data in (with_second, bulk.AGAIN))
    assert one.plan_hash != other.plan_hash
    assert one.snapshots != other.snapshots
    assert "with version 2 of “ledger-time-out”" in one.title
    assert [m.outcome for m in one.members.all()] == [Outcome.WILL, Outcome.WILL]

    publish(SECOND | {"name": "ledger-time-in"}, quick_staff) if False else publish(
        THIRD | {"meaning": "x"}, quick_staff
    )
    still = bulk.started(one, quick_staff.clara)  # the version that was chosen is what it was
    bulk.work(still)
    world.deliver()
    bulk.later(still)

    assert memo(world) == "second Consultant"
    assert [m.result for m in one.members.all()] == [Result.DONE, Result.DONE]
    world.destination.batch_size = 7
    world.destination.save()
    with pytest.raises(verbs.NotPossible):
        bulk.started(other, quick_staff.clara)
    assert bulk.fresh(other).state == BulkState.PLANNED
