"""A corrected sheet comes back: what would change is shown; anything wrong is told by row, and nothing is done."""

import base64
import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from canonical.masking import HIDDEN
from exceptions_queue import intake, verbs
from exceptions_queue.bulk import by_sheet, steering
from exceptions_queue.bulk.by_sheet import WrongSheet
from exceptions_queue.models import ApprovalPolicy, BulkEdit, BulkRun, BulkState, WorkItem
from exceptions_queue.sheets import lines
from exceptions_queue.verbs import NotPossible
from governance.models import AuditEntry
from governance.rights import NotAllowed
from routes.models import Overlay
from tests.exceptions_queue.bulk import WHY, later, planned, results, started, work
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.world import World

Make = Callable[..., World]
Rows = list[dict[str, str]]


@pytest.fixture
def transactional_db(db: None) -> None:
    """Let the staff be made inside one transaction: nothing here is seen from another connection."""


def taken(by: Any, line: str = "is:open") -> Rows:
    """Return the lines of a sheet that somebody takes."""
    content = lines.take(by=by, line=line, entity="time_entry").content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def as_csv(rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    place = io.StringIO()
    writer = csv.DictWriter(place, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return place.getvalue().encode(encoding)


def as_xlsx(rows: Rows, cells: dict[tuple[int, str], Any]) -> bytes:
    place = io.BytesIO()
    book = xlsxwriter.Workbook(place, {"in_memory": True})
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd.mm.yyyy"})
    for column, head in enumerate(rows[0]):
        sheet.write_string(0, column, head)
        for number, row in enumerate(rows, start=1):
            value = cells.get((number - 1, head), row[head])
            if isinstance(value, str):
                sheet.write_string(number, column, value)
            elif isinstance(value, int | float):
                sheet.write_number(number, column, value)
            else:
                sheet.write_datetime(number, column, value, day)
    book.close()
    return place.getvalue()


def plan(content: bytes, by: Any) -> BulkRun:
    return work(by_sheet.plan(content, by=by, reason="asked the consultants"))


def told(content: bytes, by: Any) -> list[tuple[int, str]]:
    with pytest.raises(WrongSheet) as wrong:
        by_sheet.plan(content, by=by, reason="asked the consultants")
    assert not BulkRun.objects.exists()
    assert not BulkEdit.objects.exists()
    return [(each.row, each.column) for each in wrong.value.problems]


def test_what_is_changed_in_a_sheet_is_planned_shown_and_corrected(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    zero_hours(world, 3)
    rows = taken(staff.farid)
    assert [row["Record"] for row in rows] == ["TE-0000001", "TE-0000002", "TE-0000003"]
    assert "Legal entity" not in rows[0], "part of the key: nobody corrects it"
    rows[0] |= {"Hours": "7.50", "Description": "'=on the slip"}
    rows[2]["Hours"] = "2"

    run = plan(as_csv(rows), staff.farid)
    assert (run.state, run.chosen, run.planned) == (BulkState.PLANNED, 2, 2)
    assert not Overlay.objects.exists(), "a plan does nothing"
    edits = BulkEdit.objects.order_by("member__key", "field").values_list("member__key", "field", "was", "value")
    assert [each for each in edits if each[1] == "hours"] == [
        ("TE-0000001", "hours", "0", "7.5"), ("TE-0000003", "hours", "0", "2"),
    ]  # fmt: skip
    page = text_of(signed_in(staff.farid).get(f"/bulk-runs/{run.pk}/"))
    assert "Hours: 0 → 7.5" in page
    assert "1 further line says what it said." in page
    assert "2 lines of a sheet, 3 fields in all" in page

    run = work(started(run, staff.farid))
    world.deliver()
    run = later(run)
    assert (run.state, results(run)) == (BulkState.DONE, {"done": 2})
    sent = {commit.key: json.loads(commit.body) for commit in world.target.commits}
    assert sorted(sent) == ["TE-0000001", "TE-0000003"]
    assert "7.5" in str(sent["TE-0000001"])
    kept = {(o.key, o.field): (o.value, o.reason) for o in Overlay.objects.open()}
    assert kept["TE-0000001", "description"][0] == "=on the slip"
    assert "bulk run" in kept["TE-0000003", "hours"][1]
    intake.take_in()
    assert WorkItem.objects.open().get().members == 1, "the line without a change stays as it was"


def test_plan_says_which_lines_stop_again_and_keeps_their_correction(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    zero_hours(world, 3)
    rows = taken(staff.farid)
    rows[0]["Hours"] = "7.5"
    rows[1]["Description"] = "the hours are asked for"
    run = plan(as_csv(rows), staff.farid)
    expected = {member.key: (member.outcome, bool(member.why)) for member in run.members.all()}
    assert expected == {"TE-0000001": ("will", False), "TE-0000002": ("stops", True)}
    page = text_of(signed_in(staff.farid).get(f"/bulk-runs/{run.pk}/"))
    assert "Will be corrected, and stop again" in page
    assert run.planned == 2, "a correction that does not help yet is kept all the same"

    run = work(started(run, staff.farid))
    world.deliver()
    run = later(run)
    assert (run.state, results(run)) == (BulkState.DONE, {"done": 1, "failed": 1})
    assert [commit.key for commit in world.target.commits] == ["TE-0000001"]
    assert {overlay.key for overlay in Overlay.objects.open()} == {"TE-0000001", "TE-0000002"}


def test_one_value_for_many_is_tried_with_each_before_it_is_kept(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world, 3)
    for field, value, outcome in (("hours", "7.5", "will"), ("description", "asked", "stops"), ("hours", "0", "stops")):
        run = planned(staff.farid, "corrections", {"field": field, "value": value, **WHY}, item)
        assert set(run.members.values_list("outcome", flat=True)) == {outcome}, (field, value)
    assert not Overlay.objects.exists(), "a plan does nothing"


def test_forty_wrong_rows_among_ten_thousand_are_each_named_and_nothing_is_done(
    quick_world: Make, staff: Staff
) -> None:
    zero_hours(quick_world(), lines.MOST)
    rows = taken(staff.farid)
    assert len(rows) == 10_000
    wrong = []
    for at, row in enumerate(rows):
        row["Hours"] = "7.5"
        if at % 250 == 0:
            row["Hours"] = "seven"
            wrong.append((at + 2, "Hours"))
    assert len(wrong) == 40
    with CaptureQueriesContext(connection) as queries:
        assert told(as_csv(rows), staff.farid) == wrong
    assert len(queries) < 20, "as many as for ten lines"
    assert not Overlay.objects.exists()
    browser = signed_in(staff.farid)
    answer = browser.post("/queue/edits/", {"sheet": SimpleUploadedFile("a.csv", as_csv(rows)), "reason": "asked"})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "40 lines are wrong, so nothing was done" in page
    assert page.count("“seven” does not fit hours") == 40
    assert not BulkRun.objects.exists()

    for row in rows:
        row["Hours"] = "7.5"
    with CaptureQueriesContext(connection) as queries:
        run = by_sheet.plan(as_csv(rows), by=staff.farid, reason="asked the consultants")
    assert len(queries) < 60, "its fields are kept two thousand at a time"
    assert (run.state, run.chosen, run.judged) == (BulkState.PLANNING, 10_000, 0), "what is judged, workers judge"
    assert "of 10,000" in text_of(browser.get(f"/bulk-runs/{run.pk}/"))


@pytest.mark.parametrize(
    ("cell", "means"),
    [("7,5", "7.5"), ("1.234,5", None), ("7.5", "7.5"), (" 7,50 ", "7.5"), ("07.05.", None), ("1.234", None),
     ("", ""), ("0", ""), ("0.00", ""), ("0,00", ""), ("1E2", None), ("(empty)", None)],
)  # fmt: skip
def test_cells_of_a_sheet_with_semicolons_mean_what_people_mean(
    quick_world: Make, staff: Staff, cell: str, means: str | None
) -> None:
    zero_hours(quick_world(), 2)
    rows = taken(staff.farid)
    rows[0]["Hours"], rows[1]["Hours"] = cell, "1"
    content = as_csv(rows, delimiter=";")
    if means is None:
        assert told(content, staff.farid) == [(2, "Hours")]
        return
    by_sheet.plan(content, by=staff.farid, reason="asked")
    found = BulkEdit.objects.filter(member__key="TE-0000001").values_list("value", flat=True)
    assert list(found) == ([means] if means else [])


def test_workbook_comes_back_with_its_own_numbers_and_days(quick_world: Make, staff: Staff) -> None:
    zero_hours(quick_world(), 2)
    rows = taken(staff.farid)
    cells = {(0, "Hours"): 7.6, (0, "Worked on"): 46_301, (1, "Billable"): "NEIN"}
    by_sheet.plan(as_xlsx(rows, cells), by=staff.farid, reason="asked")
    found = set(BulkEdit.objects.values_list("member__key", "field", "value"))
    assert found == {
        ("TE-0000001", "hours", "7.6"), ("TE-0000001", "worked_on", "2026-10-06"), ("TE-0000002", "billable", "no"),
    }  # fmt: skip
    again = lines.take(by=staff.farid, line="is:open", entity="time_entry", form="xlsx").content
    with pytest.raises(NotPossible, match="Nothing is changed in this sheet: its 2 lines"):
        by_sheet.plan(again, by=staff.farid, reason="asked")


def test_field_is_emptied_by_a_word_and_not_by_an_empty_cell(quick_world: Make, staff: Staff) -> None:
    zero_hours(quick_world(), 1)
    [row] = taken(staff.farid)
    assert row["Role"]
    by_sheet.plan(as_csv([row | {"Role": "(empty)", "Currency": ""}]), by=staff.farid, reason="asked")
    assert list(BulkEdit.objects.values_list("field", "value")) == [("role", "")]


def test_lines_that_are_not_ones_own_are_told_like_what_is_not_there(quick_world: Make, staff: Staff) -> None:
    zero_hours(quick_world(), 3)
    rows = taken(staff.farid)
    for row in rows:
        row["Hours"] = "1"
    rows[1]["Id"] = rows[0]["Id"]
    rows[2]["Seen"] = "s1"
    rows.append(rows[0] | {"Id": "m" + "A" * 22})
    rows.append(rows[0] | {"Id": "17"})
    assert told(as_csv(rows), staff.farid) == [(3, "Id"), (4, "Seen"), (5, "Id"), (6, "Id")]
    foreign = as_csv(taken(staff.farid))
    with pytest.raises(WrongSheet) as wrong:
        by_sheet.plan(foreign, by=staff.stranger, reason="asked")
    with pytest.raises(WrongSheet) as unknown:
        by_sheet.plan(as_csv([rows[3]]), by=staff.stranger, reason="asked")
    assert {each.words for each in wrong.value.problems} == {each.words for each in unknown.value.problems}
    with pytest.raises(NotAllowed):
        by_sheet.plan(foreign, by=staff.viktor, reason="asked")


def test_lines_that_were_moved_apart_are_refused(quick_world: Make, staff: Staff) -> None:
    zero_hours(quick_world(), 2)
    rows = taken(staff.farid)
    rows[0]["Record"], rows[1]["Record"] = rows[1]["Record"], rows[0]["Record"]
    assert told(as_csv(rows), staff.farid) == [(2, "Record"), (3, "Record")]


def test_what_somebody_else_has_corrected_meanwhile_is_shown_and_kept(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world, 2)
    rows = taken(staff.farid)
    verbs.correct_field(item, by=staff.clara, field="hours", value="0", reason="none were worked", failures=[
        each.pk for each in item.failures().order_by("pk")[:1]
    ])  # fmt: skip
    intake.take_in()
    rows[0]["Hours"] = rows[1]["Hours"] = "3"
    with pytest.raises(WrongSheet) as wrong:
        by_sheet.plan(as_csv(rows), by=staff.farid, reason="asked")
    [problem] = wrong.value.problems
    assert (problem.row, problem.column) == (2, "Hours")
    assert "Clara" in problem.words
    assert "none were worked" in problem.words
    assert Overlay.objects.get().value == "0" or Decimal(Overlay.objects.get().value) == 0


def test_correction_after_the_plan_is_not_overwritten(quick_world: Make, staff: Staff) -> None:
    zero_hours(quick_world(), 2)
    rows = taken(staff.farid)
    rows[0]["Hours"] = rows[1]["Hours"] = "3"
    run = plan(as_csv(rows), staff.farid)
    item = WorkItem.objects.open().get()
    [first, _] = item.failures().order_by("pk")
    verbs.correct_field(item, by=staff.clara, field="hours", value="5", reason="as on the slip", failures=[first.pk])
    with pytest.raises(steering.Outdated):
        started(run, staff.farid)
    assert [Decimal(each.value) for each in Overlay.objects.open()] == [5]


def test_policy_asks_a_second_person_for_the_fields_of_a_sheet(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    zero_hours(world, 2)
    ApprovalPolicy.objects.create(name="Hours", deeds=["corrections"], fields=["hours"])
    rows = taken(staff.farid)
    run = plan(as_csv([row | {"Description": "other"} for row in rows]), staff.farid)
    assert run.second_person == ""
    run = plan(as_csv([row | {"Hours": "4"} for row in rows]), staff.farid)
    assert "policy “Hours” asks for it" in run.second_person
    with pytest.raises(NotPossible, match="A second person has to approve it first"):
        started(run, staff.farid)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"), (b"\xff\xfe\x00", "UTF-8|no sheet|empty|heads"), ("Größe;Id".encode("latin-1"), "UTF-8"),
        (b"Id,Seen,Moon\r\n", "there is no column “Moon”"), (b"Hours,Record\r\n1,2", "Id and Seen is missing"),
        (b"Id,Id,Seen\r\n", "stands twice"), (b'Id,Seen\r\n"a', "quote is not closed"),
        (b"PK\x03\x04", "as a workbook"),
        (b"x" * (5 * 1024 * 1024 + 1), "more than 5 MB"), (b"Id,Seen\n" + b"a,b\n" * 10_001, "more than 10,001 rows"),
    ],
)  # fmt: skip
def test_what_is_no_sheet_is_refused_in_words(staff: Staff, content: bytes, said: str) -> None:
    with pytest.raises(NotPossible, match=said):
        by_sheet.plan(content, by=staff.farid, reason="asked")


def test_values_of_a_sheet_are_hidden_as_everywhere(quick_world: Make, staff: Staff) -> None:
    zero_hours(quick_world(), 1)
    [row] = taken(staff.clara)
    assert "Worker name" in row, "a controller corrects names; what nobody could change here would prove nothing"
    run = plan(as_csv([row | {"Worker name": "Zoe Quist"}]), staff.clara)
    assert "Zoe Quist" in text_of(signed_in(staff.clara).get(f"/bulk-runs/{run.pk}/"))
    page = text_of(signed_in(staff.viktor).get(f"/bulk-runs/{run.pk}/"))
    assert "Zoe Quist" not in page
    assert HIDDEN in page


def test_sheet_is_taken_corrected_and_planned_through_the_api(quick_world: Make, staff: Staff) -> None:
    zero_hours(quick_world(), 2)
    browser, place = signed_in(staff.farid), "/api/experience/v1"
    found = browser.post(f"{place}/correction-sheets", {"records": "time_entry"}, content_type="application/json")
    assert found.status_code == 200, found.content
    text = base64.b64decode(found.json()["content"]).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    sent = [
        {name: row[name] for name in ("Id", "Seen")} | {"Hours": hours}
        for row, hours in zip(rows, ("7", "x"), strict=True)
    ]

    def send(rows: Rows) -> Any:
        body = {"content": base64.b64encode(as_csv(rows)).decode(), "reason": "asked the consultants"}
        return browser.post(f"{place}/corrected-sheets", body, content_type="application/json")

    wrong = send(sent)
    assert wrong.status_code == 422
    assert [each["pointer"] for each in wrong.json()["errors"]] == ["/content/3/Hours"]
    planned = send(sent[:1])
    assert planned.status_code == 200, planned.content
    run = work(BulkRun.objects.get())
    assert (planned.json()["choice"], run.planned) == ("correction-sheets", 1)
    members = browser.get(f"{place}/bulk-runs/{run.pk}/members").json()["items"]
    assert members[0]["edits"] == [{"field": "hours", "was": "0", "value": "7"}]
    for name, body in (
        ("correction-sheets", {"records": "time_entry"}),
        ("corrected-sheets", {"content": "", "reason": "x"}),
    ):
        answer = signed_in(staff.viktor).post(f"{place}/{name}", body, content_type="application/json")
        assert answer.status_code in (403, 422), name


def test_sheet_asks_the_same_for_many(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    zero_hours(world, 40)
    counts = []
    for rows in (taken(staff.farid)[:2], taken(staff.farid)):
        for row in rows:
            row["Hours"] = "1"
        with CaptureQueriesContext(connection) as asked:
            by_sheet.plan(as_csv(rows), by=staff.farid, reason="asked")
        counts.append(len(asked))
    with CaptureQueriesContext(connection) as few:
        taken(staff.farid)
    assert counts[0] == counts[1], counts
    assert len(few) <= 25
    assert AuditEntry.objects.filter(verb="export").exists()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_sheet_that_nobody_touched_changes_nothing(quick_world: Make, staff: Staff, form: str) -> None:
    zero_hours(quick_world(), 2, notes="'+1 day: on site;=2\r\n_x0041_ " + "long " * 500)

    content = lines.take(by=staff.farid, line="is:open", entity="time_entry", form=form).content

    with pytest.raises(NotPossible, match="othing"):
        by_sheet.plan(content, by=staff.farid, reason="asked the consultants")
    assert not BulkEdit.objects.exists()
