"""A correction says what becomes of the same record at its other destinations."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from canonical.failure import Category
from exceptions_queue import intake, settle, verbs
from exceptions_queue.models import Resolution, State, WorkItem, WorkItemEvent
from routes import corrected_versions, decisions, storing
from routes.models import Overlay, Record, Transaction, Transition
from routes.plan import plan
from tests.exceptions_queue.conftest import Staff
from tests.routes.test_corrected_fields import priced
from tests.routes.test_corrected_versions import at_copy
from tests.routes.test_corrections_kept import second
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def stopped(world: World) -> WorkItem:
    """Let the ledger refuse an entry, and return the item about it."""
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, count: None
    intake.take_in()
    return WorkItem.objects.get()


def test_other_destination_is_corrected_and_named(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world)
    item = stopped(world)
    at_copy(world, copy)

    done = verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")

    assert done.went_on == 1
    assert done.amounts == "The amount was 800.00 EUR and is 400.00 EUR now."
    assert done.elsewhere == "Corrected there, too: 1 at Copy."
    assert done.elsewhere in WorkItemEvent.objects.get(verb="corrected").reason
    world.deliver()
    intake.take_in()
    item.refresh_from_db()
    assert item.state == State.RESOLVED


def test_exception_ends_with_what_was_corrected_and_by_whom(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world)
    item = stopped(world)
    at_copy(world, copy)
    verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")
    intake.take_in()
    item.refresh_from_db()
    assert (item.state, item.resolution) == (State.RESUBMITTED, ""), "it is on its way, and nothing is posted yet"
    with pytest.raises(verbs.NotPossible, match="1 of what it held is not"):
        verbs.close(item, by=staff.farid, reason="done", resolution=Resolution.FIXED)
    world.deliver()
    settle.settle_sent_again()
    item.refresh_from_db()
    assert (item.state, item.resolution) == (State.RESOLVED, "fixed")
    assert item.resolved_by == f"person:{staff.farid.pk}"  # type: ignore[attr-defined]
    assert WorkItemEvent.objects.filter(verb="reopened").count() == 0


def test_exception_of_which_the_source_sends_a_newer_version_ends_by_itself(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world)
    item = stopped(world)
    at_copy(world, copy)
    verbs.resubmit(item, by=staff.farid, reason="again", failures=[item.failures()[0].pk])
    world.take_in(entry(1, hours="3.00", version=2))
    world.deliver()
    intake.take_in()
    settle.settle_sent_again()
    item.refresh_from_db()
    assert item.resolution == "auto:newer_version"


def test_destination_that_wants_it_no_more_is_named(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world, condition="hours > 5")
    item = stopped(world)
    at_copy(world, copy)
    done = verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")
    assert done.elsewhere == "Taken back there: 1 at Copy."


def test_other_destination_that_stays_as_it_is_is_named(make_world: Make, staff: Staff) -> None:
    """What a stream in order has said is never said anew."""
    world = make_world(order="in_order")
    second(world)
    done = verbs.correct_field(stopped(world), by=staff.farid, field="hours", value="4", reason="slip")
    assert done.elsewhere == "As before: 1 at Copy; what is sent or on its way there follows the source only."


def test_history_of_each_transaction_names_the_person(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world)
    item = stopped(world)
    at_copy(world, copy)
    verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="as on the slip")
    replaced = Transaction.objects.get(state="superseded")
    newest = Transaction.objects.filter(version__contains="~")
    told = Transition.objects.filter(subject_id__in=[replaced.pk, *newest.values_list("pk", flat=True)])
    for id_ in {step.subject_id for step in told}:
        steps = [step for step in told if step.subject_id == id_ and step.actor == "Farid Amini"]
        assert any("hours of 1 corrected to 4: as on the slip" in step.reason for step in steps), id_
    assert newest.count() == 2


def test_what_is_waived_elsewhere_stays_waived(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world)
    item = stopped(world)
    mine = Transaction.objects.get(destination=copy)
    decisions.waive([mine.pk], by=staff.farid, reason="entered there by hand")
    for value in ("4", "5"):  # the second correction follows another refusal
        world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
        verbs.correct_field(item, by=staff.farid, field="hours", value=value, reason="slip")
        world.deliver()
        intake.take_in()
    world.target.behave = lambda request, count: None
    at_copy(world, copy)
    assert not Transaction.objects.filter(destination=copy).exclude(pk=mine.pk).exists()
    assert Record.objects.order_by("-version")[0].not_chosen == {
        str(copy.pk): "a person decided that it is not delivered there"
    }


def test_key_that_is_another_records_refuses_the_correction(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world, key_formula="project_code")
    world.take_in(entry(2, project_code="P-002"))
    item = stopped(world)
    at_copy(world, copy)
    before = list(Transaction.objects.order_by("pk").values_list("pk", "state", "amount"))

    with pytest.raises(verbs.NotPossible, match="which belongs to TE-0000002 already"):
        verbs.correct_field(item, by=staff.farid, field="project_code", value="P-002", reason="slip")

    assert list(Transaction.objects.order_by("pk").values_list("pk", "state", "amount")) == before
    assert not Overlay.objects.exists()
    verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")


@pytest.mark.parametrize(
    ("ledger", "copy", "field", "value", "amounts", "elsewhere"),
    [
        ({"condition": "hours > 5"}, {}, "hours", "4", "800.00 EUR and is 400.00 EUR now",
         "Corrected there, too: 1 at Copy. No longer goes there: 1 at Ledger."),
        ({"key_formula": 'hub.key & "/" & project_code'}, {"key_formula": 'hub.key & "/" & project_code'},
         "project_code", "P-002", "is 800.00 EUR, as before", "Corrected there, too: 1 at Copy."),
        ({"condition": "hours > 5", "group": "erp"}, {"condition": "hours <= 5", "group": "erp"}, "hours", "4",
         "800.00 EUR and is 400.00 EUR now", "Corrected there, too: 1 at Copy. No longer goes there: 1 at Ledger."),
        ({}, {"approval_formula": "hours < 5"}, "hours", "4", "is 400.00 EUR now",
         "Held there for a second person: 1 at Copy."),
        ({}, {}, "task_code", "T-BUILD", "is 800.00 EUR, as before",
         "Stays there as it is, for nothing that is sent changes: 1 at Copy."),
    ],
    ids=["wanted elsewhere only", "another key", "group switches", "held", "same bytes"],
)  # fmt: skip
def test_page_says_what_becomes_of_it_where(
    make_world: Make, staff: Staff, ledger: dict[str, Any], copy: dict[str, Any], field: str, value: str, amounts: str,
    elsewhere: str,
) -> None:  # fmt: skip
    world = priced(make_world(**ledger))
    other = second(world, **{"condition": 'approval_status = "approved"', "group": "", "key_formula": ""} | copy)
    item = stopped(world)
    at_copy(world, other)
    done = verbs.correct_field(item, by=staff.clara, field=field, value=value, reason="slip")
    assert amounts in done.amounts
    assert done.elsewhere == elsewhere


def test_what_never_stood_there_is_not_taken_back(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    second(world, condition="hours > 5")
    done = verbs.correct_field(stopped(world), by=staff.farid, field="hours", value="4", reason="slip")
    assert done.elsewhere == "No longer goes there: 1 at Copy."


def test_switched_off_destination_keeps_it(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    copy = second(world)
    item = stopped(world)
    at_copy(world, copy)
    type(copy).objects.filter(pk=copy.pk).update(enabled=False)
    plan.cache_clear()
    done = verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")
    assert done.elsewhere == "Kept there until it is switched on: 1 at Copy."


def test_correction_and_resubmission_at_once_end_both(make_world: Make, staff: Staff, monkeypatch: Any) -> None:
    """Both hold the heads first; whoever comes second finds the work done."""
    world = priced(make_world())
    second(world)
    item = stopped(world)
    told: list[object] = []
    begun = threading.Event()

    def resubmit() -> None:
        begun.wait(10)
        try:
            told.append(verbs.resubmit(item, by=staff.clara, reason="once more"))
        except verbs.NotPossible as error:
            told.append(error)
        finally:
            connection.close()

    stores = storing.store
    monkeypatch.setattr(
        corrected_versions.storing, "store",
        lambda *args, **more: (begun.set(), time.sleep(0.5), stores(*args, **more))[-1],
    )  # fmt: skip
    beside = threading.Thread(target=resubmit)
    beside.start()
    done = verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")
    beside.join(20)
    assert done.went_on == 1
    assert len(told) == 1
    assert Transaction.objects.filter(destination=world.destination, state="ready").count() == 1


def test_waiver_that_comes_first_counts(make_world: Make, staff: Staff, monkeypatch: Any) -> None:
    """Waived between the page and the commit: nothing is sent, and whoever corrects is told."""
    world = priced(make_world())
    copy = second(world)
    item = stopped(world)
    at_copy(world, copy)
    mine = Transaction.objects.get(destination=world.destination)
    holds = corrected_versions.new_heads.hold_streams

    def waive_first(made: Any) -> None:
        beside = threading.Thread(target=waive)
        beside.start()
        beside.join(20)
        holds(made)

    def waive() -> None:
        decisions.waive([mine.pk], by=staff.clara, reason="not ours")
        connection.close()

    monkeypatch.setattr(corrected_versions.new_heads, "hold_streams", waive_first)
    done = verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="slip")
    world.deliver()
    mine.refresh_from_db()
    assert (done.went_on, mine.state) == (0, "waived")
    assert world.target.live("TE-0000001") is True, "it stands at Copy only"
    assert not Transaction.objects.filter(destination=world.destination).exclude(pk=mine.pk).exists()
