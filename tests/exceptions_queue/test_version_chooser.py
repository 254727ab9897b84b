"""The version chooser: what differs in words, what becomes of the work with each, and what does not fit."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from canonical.failure import Category
from exceptions_queue import intake, verbs, version_chooser
from exceptions_queue.codes import code_of
from exceptions_queue.models import WorkItem
from exceptions_queue.pages import trials
from exceptions_queue.put_right_since import PUT_RIGHT_SINCE
from exceptions_queue.version_chooser import Offer
from governance import versions
from mappings import tables
from mappings.models import LookupTable
from routes.worked_out import Start
from tests.exceptions_queue import bulk
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import with_rates, zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_resubmitting import LAX, settled
from tests.exceptions_queue.test_trying import everything, opened, publish, refuse
from tests.exceptions_queue.test_versions_chosen import SECOND, memo, three_versions
from tests.routes.world import INWARD, OUTWARD, World, entry, refused

Make = Callable[..., World]


def offered(item: WorkItem, by: Any, **more: Any) -> dict[str, Offer]:
    return {each.value: each for each in version_chooser.offers(item, opened(), by=by, **more)}


def shown(client: Client, item: WorkItem, by: Any, **asked: Any) -> str:
    client.force_login(by)
    answer = client.get(reverse("queue:configurations", args=[item.number]), asked)
    assert answer.status_code == 200, answer.content
    return re.sub(r"\s+", " ", answer.content.decode())


def test_each_says_whose_it_is_what_differs_and_what_becomes_of_it(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff, 2)
    versions.draft(
        kind="mapping", object_key="ledger-time-out", content=SECOND | {"rules": []}, by=quick_staff.ingrid, note="lax"
    )
    before = everything()

    found = offered(item, quick_staff.ingrid)

    assert list(found) == ["now", "then", "ledger-time-out@2", "ledger-time-out@1", "ledger-time-out@4"]
    assert found["now"].different == ['Memo: new, worked out as ‘"third " & role’']
    assert found["ledger-time-out@2"].different == ['Memo: new, worked out as ‘"second " & role’']
    assert (found["then"].different, found["ledger-time-out@1"].different) == ([], [])
    assert "Rule ‘hours-positive’: removed" in found["ledger-time-out@4"].different
    assert (found["now"].who, found["now"].draft, found["now"].may_send) == ("Ingrid Solheim", False, True)
    assert (found["ledger-time-out@2"].who, found["ledger-time-out@2"].when is not None) == ("Ingrid Solheim", True)
    assert (found["ledger-time-out@4"].note, found["ledger-time-out@4"].may_send) == ("lax", False)
    assert found["now"].mappings == "ledger-time-in version 1, ledger-time-out version 3"
    assert {each.goes for each in found.values()} == {2}
    assert [d.now for d in found["ledger-time-out@2"].trials[0].differences] == ["second Consultant"]
    assert everything() == before


def test_as_then_says_what_was_put_right_since(quick_world: Make, quick_staff: Staff, client: Client) -> None:
    world = quick_world()
    item = zero_hours(world, 2)
    publish(LAX, quick_staff)

    found = offered(item, quick_staff.farid)
    page = shown(client, item, quick_staff.farid)

    left_out = "what was put right since does not count here."
    told = f"2 time entries would stop again with this, and go on as it is now: {left_out}"
    assert (found["now"].goes, found["now"].warning) == (2, "")
    assert (found["then"].goes, found["then"].warning) == (0, told)
    assert [gap.members for gap in found["then"].gaps] == [2]
    assert "Hours must be more than nothing" in found["then"].gaps[0].words
    assert page.count(told) == 4  # as it was then and its version, each in the table and with its gaps
    assert "Rule ‘hours-positive’: removed" in page


def test_a_plan_says_what_was_put_right_since(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world(), 2)
    publish(LAX, quick_staff)

    then = bulk.planned(quick_staff.farid, "resubmissions", bulk.AGAIN | {"configuration": "then"}, item)
    now = bulk.planned(quick_staff.farid, "resubmissions", bulk.AGAIN, item)

    assert {(m.outcome, m.why.endswith(PUT_RIGHT_SINCE)) for m in then.members.all()} == {("invalid", True)}
    assert {(m.outcome, m.why) for m in now.members.all()} == {("will", "")}


def test_a_dry_run_says_what_was_put_right_since(quick_world: Make, quick_staff: Staff, client: Client) -> None:
    item = zero_hours(quick_world(), 2)
    publish(LAX, quick_staff)
    client.force_login(quick_staff.farid)  # type: ignore[arg-type]
    address = reverse("queue:trials", args=[item.number])

    then, now = (client.get(address, {"configuration": each}).content.decode() for each in ("then", "now"))

    assert "2 time entries would go on as it is now" in " ".join(then.split())
    assert "would go on as it is now" not in now


def test_one_cause_with_many_values_is_one_gap(quick_world: Make, quick_staff: Staff) -> None:
    world = with_rates(quick_world())
    world.take_in(entry(1), entry(2, role="Architect"), entry(3, role="Architect"))
    intake.take_in()
    item = WorkItem.objects.order_by("pk")[0]

    [gap] = offered(item, quick_staff.farid)["now"].gaps

    assert gap.members == 3
    assert "no row for 'Consultant / EUR'" in gap.words
    assert gap.words.endswith("The same with other values: 2.")


def test_what_was_never_made_has_no_then(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    strict = {"name": "none", "check": "hours < 1", "severity": "error", "field": "hours", "message": "Too many."}
    publish(INWARD | {"rules": [strict]}, quick_staff)
    world.take_in(entry(1))
    intake.take_in()

    found = offered(WorkItem.objects.get(), quick_staff.clara)

    assert list(found) == ["now", "ledger-time-in@1"]
    assert (found["now"].goes, found["ledger-time-in@1"].goes) == (0, 1)


def test_bytes_that_go_once_more_say_that_a_fix_is_not_used(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff)

    found = offered(item, quick_staff.farid, start=Start.FAILED_STAGE)

    assert "what was changed since is not used. Begin from the start to use it." in found["now"].warning
    assert found["ledger-time-out@2"].trials[0].payload["memo"] == "second Consultant"  # type: ignore[index]


def test_rows_of_tables_are_told_to_who_may_read_them(quick_world: Make, quick_staff: Staff) -> None:
    world = with_rates(quick_world())
    world.target.behave = lambda request, n: refused(Category.REFUSED, "Unknown task")
    world.take_in(entry(1, role="Partner"))
    world.deliver()
    intake.take_in()
    table = LookupTable.objects.get(name="bill_rates")
    added = tables.add_rows(table, [tables.NewRow(("Partner", "EUR"), {"rate": "310.00"})], by=quick_staff.ingrid)
    tables.approve_rows(table, [row.pk for row in added.waiting], by=quick_staff.clara) if added.waiting else None
    item = WorkItem.objects.get()

    assert offered(item, quick_staff.ingrid)["then"].rows == []
    assert offered(item, quick_staff.ingrid)["now"].rows == ["Bill rates, Partner / EUR: rate 300 → rate 310.00"]


def test_a_correction_that_a_version_does_not_read_is_a_gap_and_is_kept(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    publish(SECOND, quick_staff)  # reads the role
    refuse(world)
    publish(OUTWARD, quick_staff)  # does not
    item = WorkItem.objects.get()
    world.target.behave = lambda request, n: refused(Category.REFUSED, "Unknown task")
    verbs.correct_field(item, by=quick_staff.farid, field="role", value="Architect", reason="as booked")
    world.deliver()
    intake.take_in()
    world.target.behave = lambda request, n: None
    item = WorkItem.objects.filter(members__gt=0).get()

    found = offered(item, quick_staff.clara)

    [gap] = found["now"].gaps
    assert "The correction of the role of 1 time entry has no part in it" in gap.words
    assert found["ledger-time-out@2"].gaps == []
    verbs.resubmit(item, by=quick_staff.clara, configuration="ledger-time-out@2")
    settled(world)
    assert (world.states(), memo(world)) == (["posted"], "second Architect")


def test_a_configuration_that_cannot_be_used_is_a_gap_of_all(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    world.destination.mapping = "nothing-of-the-kind"
    world.destination.save()

    found = offered(WorkItem.objects.get(), quick_staff.clara)

    assert "has no published version" in found["now"].gaps[0].words
    assert (found["then"].goes, found["then"].gaps) == (1, [])


def test_who_may_not_send_with_it_sees_why(quick_world: Make, quick_staff: Staff, client: Client) -> None:
    item = three_versions(quick_world(), quick_staff)

    page = shown(client, item, quick_staff.farid)

    assert "You may try this. A controller or an integration admin sends with it." in page
    assert re.search(r'value="ledger-time-out@2"[^>]* disabled', page)
    assert "Draft" not in page
    assert not re.search(r'name="configuration"[^>]* disabled', shown(client, item, quick_staff.clara))


def test_what_is_chosen_on_the_page_is_sent(quick_world: Make, quick_staff: Staff, client: Client) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff, 2)
    page = shown(client, item, quick_staff.clara)
    assert "Send through 2 time entries, 1,600.00 EUR" in page

    client.post(
        reverse("queue:remedy", args=[item.number, "resubmissions"]),
        {"configuration": "ledger-time-out@2", "start": "source", "reason": "the third is wrong"},
    )
    settled(world)

    assert (world.states(), memo(world)) == (["posted", "posted"], "second Consultant")


@pytest.mark.parametrize("start", ["source", "failed_stage"])
def test_queries_do_not_grow_with_members(quick_world: Make, quick_staff: Staff, start: str) -> None:
    world = quick_world()
    item = three_versions(world, quick_staff, 1)
    counted = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            offered(item, quick_staff.clara, start=Start(start))
        counted.append(len(found))
        world.target.behave = lambda request, n: refused(Category.REFUSED, "Unknown task")
        world.take_in(*(entry(each) for each in range(20, 32)))
        world.deliver()
        intake.take_in()
    assert counted[1] <= counted[0] + 3  # as then, what came with another page is tried apart (ADR 40)
    assert counted[0] <= 81


def test_more_than_are_tried_are_told_and_sent_all_the_same(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "MOST", 2)
    monkeypatch.setattr(version_chooser, "MOST", 2)
    world = make_world()
    world.target.behave = lambda request, at: refused(Category.REFUSED)
    world.take_in(*(entry(each) for each in (1, 2, 3, 4)))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    ticked = [code_of(each.pk) for each in item.failures().order_by("pk")[:3]]
    browser = signed_in(staff.farid)
    for page, told in (
        ("queue:trials", "2 time entries of 3 that are ticked, the oldest ones,"),
        ("queue:configurations", "was tried with 2 time entries of 3, the oldest ones."),
    ):
        answer = browser.get(reverse(page, args=[item.number]), {"failures": ticked})
        assert told in text_of(answer)
        assert "Send through 3 time entries, 2,400.00 EUR" in text_of(answer)
        sent = answer.content.decode().partition('method="post"')[2]
        assert [code for code in ticked if f'name="failures" value="{code}"' in sent] == ticked, page
