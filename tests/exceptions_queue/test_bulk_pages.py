"""The pages of bulk runs: from a ticked list to what became of each, without the terminal; and whom they show what."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from exceptions_queue import intake
from exceptions_queue.bulk import planning, selecting, steering
from exceptions_queue.bulk.choices import by_name
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.codes import code_of
from exceptions_queue.models import BulkMember, BulkRun, BulkState, WorkItem, WorkItemTag
from governance.models import AuditEntry, RoleGrant
from governance.rights import NotAllowed
from governance.roles import Role
from tests.exceptions_queue.bulk import AGAIN, WHY, later, planned, results, started, work
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_bulk_runs import refused_ones, transactional_db  # noqa: F401 - a fixture
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company
from tests.routes.world import World, entry

Make = Callable[..., World]


def two_items(world: World) -> list[WorkItem]:
    world.take_in(entry(1, hours="0.00"), entry(2, hours="0.00"), entry(3, currency=None), entry(4, currency=None))
    intake.take_in()
    return list(WorkItem.objects.order_by("number"))


def test_finance_plans_starts_and_sees_what_became_of_it(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = refused_ones(world, 3)
    browser = signed_in(staff.farid)
    shown = text_of(browser.get("/queue/"))
    assert "Do something with those ticked" in shown
    shown = text_of(browser.get(f"/bulk-runs/new/?items={item.number}"))
    assert "2,400.00 EUR" in shown
    assert "Send again as it is" in shown
    assert "Approve" not in shown, "his role does not let him"
    sent = {"items": [item.number], "choice": "resubmissions", **AGAIN}
    answer = browser.post("/bulk-runs/new/", sent, follow=True)
    shown = text_of(answer)
    assert "Send again: 3, 2,400.00 EUR" in shown, "the button names how many and how much"
    assert "Will be sent" in shown
    assert "A few of them, as they would be sent" in shown
    run = BulkRun.objects.get()
    assert not world.target.commits
    browser.post(f"/bulk-runs/{run.number}/starts/", {"seen": run.plan_hash})
    world.deliver()
    later(run)
    shown = text_of(browser.get(f"/bulk-runs/{run.number}/"))
    assert "posted: 3" in shown
    assert "Done" in shown
    assert "Farid Amini" in text_of(browser.get("/bulk-runs/?who=farid&state=done"))
    assert "No bulk run fits" in text_of(browser.get("/bulk-runs/?day=2020-01-01"))
    assert "Correct it above" in text_of(browser.get("/bulk-runs/?day=never"))
    assert {"plan", "start", "end"} <= set(AuditEntry.objects.values_list("verb", flat=True))


def test_all_that_fit_means_further_pages_too_and_only_what_one_may(
    quick_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world()
    one, two = two_items(world)
    browser = signed_in(staff.farid)
    sent = {"all": "1", "show": "work", "entity": "HP-DE", "choice": "tags", "add": "Month end"}
    browser.post("/bulk-runs/new/", sent)
    run = BulkRun.objects.get()
    assert (run.chosen, run.planned) == (2, 2)
    assert run.selected["asked"]["legal_entity"] == "HP-DE"
    started(run, staff.farid)
    assert work(run).state == BulkState.DONE
    assert set(WorkItemTag.objects.values_list("item", "name")) == {(one.pk, "month-end"), (two.pk, "month-end")}
    # Tags that others gave stay.
    browser.post("/bulk-runs/new/", {"all": "1", "tag": "month-end", "choice": "tags", "add": "late", "show": "work"})
    work(started(BulkRun.objects.latest("number"), staff.farid))
    assert WorkItemTag.objects.count() == 4


def test_ids_are_pasted_or_uploaded_and_what_is_not_found_is_named(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    two_items(world)
    browser = signed_in(staff.farid)
    listed = SimpleUploadedFile("ids.csv", b"TE-0000001;8\nTE-0000003;8\nTE-9999999;1\n")
    shown = text_of(browser.post("/bulk-runs/new/", {"upload": listed}))
    assert "TE-9999999" in shown
    assert "3 ids that were pasted or uploaded" in shown
    sent = {"names": 'TE-0000001\nTE-0000003\nTE-9999999\nT\\E-"{9}"-é\nTE-0000001', "choice": "waivers", **WHY}
    browser.post("/bulk-runs/new/", sent)
    run = BulkRun.objects.get()
    assert sorted(BulkMember.objects.filter(run=run).values_list("key", flat=True)) == ["TE-0000001", "TE-0000003"]
    assert "TE-9999999" in run.left_out
    assert 'T\\E-"{9}"-é' in run.left_out
    assert browser.post("/bulk-runs/new/", {"upload": SimpleUploadedFile("x", b"\xff\xfe\x00")}).status_code == 422


def test_ticked_members_alone_are_meant(quick_world: Make, staff: Staff) -> None:
    item = zero_hours(quick_world(), 3)
    ticked = item.failures().order_by("pk")[1]
    sent = {"items": item.number, "failures": code_of(ticked.pk), "choice": "waivers", **WHY}
    signed_in(staff.farid).post("/bulk-runs/new/", sent)
    assert BulkRun.objects.get().members.get().failure_id == ticked.pk


def test_other_companies_are_never_in_a_plan_nor_seen_in_it(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = refused_ones(world, 2)
    waivers = by_name("waivers")
    assert waivers is not None
    for number in (item.number, 987_654):  # what one does not see is as what is not there
        with pytest.raises(Http404, match="There is no such exception"):
            planning.plan(Selection(items=(number,)), by=staff.stranger, choice=waivers, data=WHY)
        sent = {"items": number, "choice": "waivers", **WHY}
        assert signed_in(staff.stranger).post("/bulk-runs/new/", sent).status_code == 404
    assert BulkRun.objects.count() == 0
    some = planning.plan(Selection(items=(item.number, 987_654)), by=staff.farid, choice=waivers, data=WHY)
    assert "Under 1 of the ids nothing is open that you may act on: 987654." in some.left_out
    BulkRun.objects.all().delete()
    names = Selection(names=("TE-0000001",))
    with pytest.raises(steering.NotPossible, match="Under 1 of the ids nothing is open that you may act on"):
        planning.plan(names, by=staff.stranger, choice=waivers, data=WHY)
    everything = {"state": [str(state) for state in selecting.TABS["work"]]}
    with pytest.raises(NotAllowed, match="waive for HP-DE"):
        planning.plan(Selection(asked=everything), by=staff.viktor, choice=waivers, data=WHY)
    run = planned(staff.farid, "resubmissions", AGAIN, item)
    assert signed_in(staff.stranger).get(f"/bulk-runs/{run.number}/").status_code == 404
    assert "Send again" not in text_of(signed_in(staff.stranger).get("/bulk-runs/"))
    assert signed_in(staff.stranger).get(f"/bulk-runs/new/?items={item.number}").status_code == 404
    assert signed_in(staff.viktor).post(f"/bulk-runs/{run.number}/starts/", {"seen": run.plan_hash}).status_code == 403

    # Of a run over two companies, each sees their own part, and its numbers add up without the other.
    abroad = company("HP-GB")
    BulkMember.objects.filter(pk=BulkMember.objects.filter(run=run).latest("position").pk).update(legal_entity=abroad)
    run.legal_entities.add(abroad)
    shown = text_of(signed_in(staff.stranger).get(f"/bulk-runs/{run.number}/"))
    assert "companies that you do not see" in shown
    assert "TE-0000001" not in shown
    assert "800.00 EUR" in shown
    assert "1,600.00 EUR" not in shown


def test_second_person_finds_and_approves_it(quick_world: Make, staff: Staff, settings: Any) -> None:
    settings.BULK_MEMBERS_ALONE = 1
    run = planned(staff.farid, "resubmissions", AGAIN, refused_ones(quick_world(), 2))
    farid, clara = signed_in(staff.farid), signed_in(staff.clara)
    shown = text_of(farid.get(f"/bulk-runs/{run.number}/"))
    assert "A second person has to approve this" in shown
    assert "Approve this plan" not in shown
    assert f"Bulk run {run.number}" in text_of(clara.get("/"))
    assert "Approve this plan: 2, 1,600.00 EUR" in text_of(clara.get(f"/bulk-runs/{run.number}/"))
    clara.post(f"/bulk-runs/{run.number}/approvals/", {"seen": run.plan_hash})
    farid.post(f"/bulk-runs/{run.number}/starts/", {"seen": run.plan_hash})
    assert BulkRun.objects.get().state == BulkState.RUNNING


def test_what_failed_again_names_its_run(quick_world: Make, staff: Staff) -> None:
    from canonical.failure import Category
    from tests.routes.world import refused

    world = quick_world()
    item = refused_ones(world, 2)
    run = work(started(planned(staff.farid, "resubmissions", AGAIN, item), staff.farid))
    world.target.behave = lambda request, count: refused(Category.REFUSED, "The period is not set up.")
    world.deliver()
    assert results(later(run)) == {"failed": 2}
    intake.take_in()
    shown = text_of(signed_in(staff.farid).get(f"/queue/{item.number}/"))
    assert f"2 of these failed again in bulk run {run.number}" in " ".join(shown.split())


def test_page_asks_no_more_for_many_members(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    browser = signed_in(staff.farid)

    def asked(members: int) -> int:
        run = planned(staff.farid, "waivers", WHY, zero_hours(world, members))
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(f"/bulk-runs/{run.number}/").status_code == 200
        return len(captured)

    asked(2)
    assert asked(2) == asked(12) <= 30


def test_typed_values_come_back_with_what_is_wrong(quick_world: Make, staff: Staff) -> None:
    item = zero_hours(quick_world())
    answer = signed_in(staff.farid).post("/bulk-runs/new/", {"items": item.number, "choice": "waivers", "reason": " "})
    assert answer.status_code == 422
    assert "A reason is missing" in text_of(answer)
    sent = {"items": item.number, "choice": "corrections", "field": "hours", "value": "many", **WHY}
    answer = signed_in(staff.farid).post("/bulk-runs/new/", sent)
    assert answer.status_code == 422
    assert not BulkRun.objects.exists()
    RoleGrant.objects.filter(user=staff.farid).update(role=Role.VIEWER)
    assert signed_in(staff.farid).post("/bulk-runs/new/", sent | {"value": "7.5"}).status_code == 403
