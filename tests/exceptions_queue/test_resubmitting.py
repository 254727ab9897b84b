"""Sending again: what other queues get wrong (traps 1, 3 to 7 and 9 of the specification), and what is refused."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from canonical.failure import Category
from exceptions_queue import intake, releasing, settle, verbs
from exceptions_queue.codes import code_of
from exceptions_queue.models import WorkItem
from governance.models import AuditEntry
from governance.rights import NotAllowed
from routes import bodies, decisions
from routes.arrivals import decode, exact
from routes.models import Failure, Record
from routes.worked_out import Begins, Start, begins
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_trying import RENAMED, opened, publish, refuse
from tests.routes.world import OUTWARD, World, entry, refused

Make = Callable[..., World]
LAX = OUTWARD | {"rules": []}


def settled(world: World) -> WorkItem:
    while releasing.work(seconds=5):
        pass
    world.deliver()
    intake.take_in()
    settle.settle_sent_again()
    return WorkItem.objects.order_by("pk")[0]


@pytest.mark.parametrize(("start", "fixed"), [("source", True), ("failed_stage", False)])
@pytest.mark.parametrize("whole", [True, False])
def test_retry_after_a_fix_runs_the_fix_or_the_very_same_bytes(
    quick_world: Make, quick_staff: Staff, start: Any, fixed: bool, whole: bool
) -> None:
    world = quick_world()
    refuse(world)
    before = world.target.requests[-1]
    publish(RENAMED, quick_staff)
    chosen = None if whole else [failure.pk for failure in opened()]

    verbs.resubmit(WorkItem.objects.get(), by=quick_staff.farid, failures=chosen, start=start)
    done = settled(world)

    assert (b"memo" in world.target.requests[-1].body) is fixed
    assert fixed or world.target.requests[-1].body == before.body
    assert world.target.requests[-1].idempotency_key != before.idempotency_key  # a refused number is final
    assert (world.states(), done.state, done.resolution) == (["posted"], "resolved", "fixed")


def sources() -> list[str]:
    """Return what came of each version, in order."""
    ids = list(Record.objects.order_by("version").values_list("source_payload_id", flat=True))
    found = bodies.read(ids)
    return [str(found[id_]) for id_ in ids]


@pytest.mark.parametrize("start", ["source", "failed_stage"])
def test_retry_carries_what_came_also_of_the_newest_version(quick_world: Make, quick_staff: Staff, start: Any) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.target.behave = lambda request, n: refused(Category.REFUSED, "Unknown task") if n in (2, 3) else None
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    intake.take_in()
    came = sources()

    for _ in range(2):  # refused once more, then taken
        verbs.resubmit(WorkItem.objects.open().get(), by=quick_staff.farid, start=start)
        settled(world)

    first, newest, again, taken = world.target.requests
    assert b'"hours":8.00' in first.body
    assert {newest.body, again.body, taken.body} == {newest.body}, "each try carries the whole of the newest version"
    assert b'"hours":6.00' in newest.body
    assert world.target.net_hours(newest.key) == 6
    assert sources() == came, "what came is never changed"
    assert world.states()[-1] == "posted"


def test_one_failing_member_is_retried_alone_and_once(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world, 3)
    world.target.behave = lambda request, n: refused(Category.REFUSED, "Unknown task")
    asked, one = len(world.target.requests), opened()[1]

    verbs.resubmit(WorkItem.objects.get(), by=quick_staff.farid, failures=[one.pk], start="failed_stage")
    settled(world)
    settled(world)

    assert [r.key for r in world.target.requests[asked:]] == ["TE-0000002"]
    assert world.states() == ["failed"] * 3
    assert WorkItem.objects.get().members == 3


@pytest.mark.parametrize("start", ["source", "failed_stage"])
def test_what_a_rule_stops_begins_again_from_the_start(quick_world: Make, quick_staff: Staff, start: Any) -> None:
    world = quick_world()
    item = zero_hours(world)
    publish(LAX, quick_staff)

    verbs.resubmit(item, by=quick_staff.farid, start=start)
    done = settled(world)

    assert (world.states(), done.resolution) == (["posted"], "fixed")
    [transaction] = world.transactions()
    assert world.history(transaction.pk)[-5:] == ["normalised", "validated", "ready", "delivering", "posted"]


def test_original_and_retry_are_one_transaction_with_one_end(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    [before] = world.transactions()

    verbs.resubmit(WorkItem.objects.get(), by=quick_staff.farid)
    done = settled(world)

    [after] = world.transactions()
    assert (after.pk, after.state, after.record_id) == (before.pk, "posted", before.record_id)
    assert not opened()
    assert [how for (how,) in Failure.objects.values_list("closed_how")] == ["fixed"]
    assert (done.state, done.members) == ("resolved", 0)


def test_what_was_waived_can_be_sent_after_all(quick_world: Make, quick_staff: Staff, client: Client) -> None:
    world = quick_world()
    refuse(world)
    item = WorkItem.objects.get()
    verbs.waive(item, by=quick_staff.farid, reason="written off")
    done = settled(world)
    [waived] = world.transactions()
    assert (done.state, done.resolution, waived.state) == ("resolved", "waived", "waived")
    client.force_login(quick_staff.farid)
    page = client.get(reverse("queue:transaction", args=[code_of(waived.pk)])).content.decode()
    assert "Send it after all: 800.00 EUR" in " ".join(page.split())

    client.post(reverse("queue:sent-again", args=[code_of(waived.pk)]), {"reason": "the client pays after all"})
    world.deliver()

    assert world.states() == ["posted"]
    assert [request.key for request in world.target.commits] == ["TE-0000001"]
    assert AuditEntry.objects.filter(verb="resubmit", reason="the client pays after all").exists()


def test_what_was_waived_stays_so_once_a_newer_version_has_come(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    verbs.waive(WorkItem.objects.get(), by=quick_staff.farid, reason="written off")
    [waived] = world.transactions()
    world.take_in(entry(1, version=2, hours="4.00"))
    world.deliver()

    assert decisions.resubmit([waived.pk], by=quick_staff.farid, reason="again") == []
    assert world.states() == ["waived", "posted"]


def test_a_field_that_the_model_no_longer_has_stops_nothing_older(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world)
    record = Record.objects.get()
    assert record.canonical_payload_id is not None
    stored = bodies.Bodies()
    old = decode(str(bodies.read([record.canonical_payload_id])[record.canonical_payload_id]))
    was = stored.add("canonical", exact(old | {"cost_center_of_2019": "4711"}))
    stored.write()
    Record.objects.update(canonical_payload_id=was)

    done = verbs.correct_field(item, by=quick_staff.farid, field="hours", value="2.00", reason="typing error")
    settled(world)

    assert (done.went_on, world.states()) == (1, ["posted"])


def test_what_is_posted_is_refused_with_the_targets_number(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world, 2)
    one = opened()[0]
    item = WorkItem.objects.get()
    verbs.resubmit(item, by=quick_staff.farid, failures=[one.pk])
    world.deliver()
    asked = len(world.target.requests)

    with pytest.raises(verbs.NotPossible, match=r"TE-0000001 is posted in Ledger already as LR-1\. Nothing was sent"):
        verbs.resubmit(item, by=quick_staff.clara, failures=[each.pk for each in (one, *opened())])

    world.deliver()
    assert len(world.target.requests) == asked


def test_dry_run_stands_before_sending_and_names_count_and_amount(
    quick_world: Make, quick_staff: Staff, client: Client
) -> None:
    world = quick_world()
    refuse(world, 2)
    item, asked = WorkItem.objects.get(), len(world.target.requests)
    place = reverse("queue:trials", args=[item.number])
    client.force_login(quick_staff.farid)
    assert place in client.get(reverse("queue:item", args=[item.number])).content.decode()

    answer = client.get(place, {"failures": code_of(opened()[0].pk), "start": "failed_stage", "configuration": "then"})
    page = " ".join(answer.content.decode().split())

    assert "Nothing has been sent or changed" in page
    assert "Send through 1 time entry, 800.00 EUR" in page
    assert "Will be sent" in page
    assert "Send through 2 time entries, 1,600.00 EUR" in " ".join(client.get(place).content.decode().split())
    assert len(world.target.requests) == asked
    assert client.get(place, {"configuration": "ledger-time-out@9"}).status_code == 302
    for user, status in ((quick_staff.viktor, 403), (quick_staff.stranger, 404)):
        client.force_login(user)
        assert client.get(place).status_code == status


def test_what_is_held_is_never_let_go_as_if_it_were_approved() -> None:
    row = {"withdraws": False, "corrected": False, "stage": "deliver", "request": UUID(int=1), "state": "held"}
    to = SimpleNamespace(enabled=True)

    assert begins(row, Start.FAILED_STAGE, to) is Begins.CANONICAL  # type: ignore[arg-type]  # all that it asks
    assert begins(row | {"state": "failed"}, Start.FAILED_STAGE, to) is Begins.REQUEST  # type: ignore[arg-type]


def test_somebody_of_another_company_sends_nothing(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    with pytest.raises(NotAllowed):
        verbs.resubmit(WorkItem.objects.get(), by=quick_staff.stranger, start="failed_stage")
