"""A plan marks because of which records a second person is asked, and a run is taken as a sheet."""

import csv
import io
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from exceptions_queue import intake, verbs
from exceptions_queue.models import ApprovalPolicy, WorkItem
from exceptions_queue.sheets.of_runs import export_run
from exceptions_queue.sheets.workbook import rows_of
from governance.models import AuditEntry
from tests.exceptions_queue.bulk import planned
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_policies_by_contract import billed_world
from tests.exceptions_queue.test_sheets_come_back import as_csv, plan, taken, transactional_db
from tests.routes.world import World, entry

Make = Callable[..., World]
__all__ = ["transactional_db"]


def test_plan_marks_the_lines_because_of_which_a_second_person_is_asked(quick_world: Make, staff: Staff) -> None:
    zero_hours(quick_world(), 3)
    ApprovalPolicy.objects.create(name="Hours, by zoe@halden.example", deeds=["corrections"], fields=["hours"])
    first, second, third = taken(staff.farid)
    rows = [first | {"Hours": "4"}, second | {"Description": "other"}, third | {"Hours": "5", "Description": "=1+1"}]
    run = plan(as_csv(rows), staff.farid)
    assert [bool(each.second_person) for each in run.members.order_by("position")] == [True, False, True]
    browser = signed_in(staff.farid)
    page = text_of(browser.get(f"/bulk-runs/{run.pk}/"))
    assert page.count("A second person is asked because of it: policy “Hours") == 2
    assert "Because of which a second person is asked They are among the others, and told with each. 2" in page
    blind = text_of(signed_in(staff.viktor).get(f"/bulk-runs/{run.pk}/"))
    assert "asked because of it: policy “Hours" in blind
    assert "zoe@" not in blind, "a viewer reads no addresses"
    narrowed = text_of(browser.get(f"/bulk-runs/{run.pk}/?of=second-person"))
    assert "other" not in narrowed.split("What becomes of each")[1]
    place = f"/api/experience/v1/bulk-runs/{run.pk}"
    told = browser.get(f"{place}/members").json()["items"]
    assert [bool(each["second_person"]) for each in told] == [True, False, True]
    for asks, count in (("true", 2), ("false", 1)):
        assert len(browser.get(f"{place}/members?second_person={asks}").json()["items"]) == count
    assert browser.get(place).json()["asking"]["members"] == 2
    sheet = browser.get(f"/bulk-runs/{run.pk}/sheets/csv/")
    lines = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"), newline="")))
    assert [bool(each["A second person is asked by"]) for each in lines] == [True, False, True]
    assert lines[0]["Changes"] == "hours: 0 → 4"
    assert AuditEntry.objects.get(verb="export", thing_kind="exceptions_queue.bulkrun").after["lines"] == 3
    assert browser.get(f"/bulk-runs/{run.pk}/sheets/pdf/").status_code == 404
    assert signed_in(staff.stranger).get(f"/bulk-runs/{run.pk}/sheets/csv/").status_code == 404
    book = browser.get(f"/bulk-runs/{run.pk}/sheets/xlsx/").content
    assert rows_of(book, most_rows=10, most_columns=20)[0][10] == "A second person is asked by"


def test_marks_of_a_plan_go_by_the_contract_type_of_each_line(quick_world: Make, staff: Staff) -> None:
    world = billed_world(quick_world())
    zero_hours(world, 1, billing_model="fixed_fee")
    world.take_in(entry(2, hours="0.00", billing_model="retainer"))
    intake.take_in()
    item = WorkItem.objects.get()
    ApprovalPolicy.objects.create(name="Fixed", deeds=["waivers"], contract_types=["fixed_fee"], amount_from=0)
    run = planned(staff.farid, "waivers", {"reason": "not billable"}, item)
    assert {each.key: each.second_person for each in run.members.all()} == {
        "TE-0000001": "policy “Fixed”", "TE-0000002": ""
    }  # fmt: skip
    assert "policy “Fixed” asks for it" in run.second_person


def test_sheet_of_a_run_asks_no_more_with_many_lines(quick_world: Make, staff: Staff) -> None:
    counts, world = [], quick_world()
    for number in (1, 4):
        item = zero_hours(world, number)
        run = planned(staff.farid, "waivers", {"reason": "not billable"}, item)
        with CaptureQueriesContext(connection) as asked:
            export_run(run, by=staff.farid, form="csv")
        counts.append(len(asked))
        verbs.waive(item, by=staff.farid, reason="not billable")
        intake.take_in()
    assert counts[0] == counts[1]
