"""Customers, employees, projects and tasks at the real Tryton: written once, changed after, found by their codes."""

import pytest

from canonical.failure import Category
from connectors.outcome import Result
from tests.erp.conftest import Tryton
from tests.erp.talking import Talk

pytestmark = pytest.mark.erp


async def test_customer_is_created_once_and_then_changed(talk: Talk, tryton: Tryton) -> None:
    made = await talk.write("customers", "upsert", "C-2001", {"code": "C-2001", "name": "Salzach Optik"})
    again = await talk.write("customers", "upsert", "C-2001", {"code": "C-2001", "name": "Salzach Optik GmbH"})

    found = tryton.direct.ids("party.party", ["code", "=", "C-2001"])
    assert (made.result, again.result) == (Result.CONFIRMED, Result.CONFIRMED)
    assert [made.external_id, again.external_id] == [str(found[0])] * 2
    assert [row["name"] for row in tryton.direct.read("party.party", found, "name")] == ["Salzach Optik GmbH"]


async def test_second_customer_of_one_code_is_a_duplicate(talk: Talk) -> None:
    outcome = await talk.write("customers", "create", "C-1001", {"code": "C-1001", "name": "Somebody else"})

    assert (outcome.result, outcome.category) == (Result.REFUSED, Category.DUPLICATE)
    assert "must be unique" in outcome.message


async def test_employee_follows_the_person(talk: Talk, tryton: Tryton) -> None:
    early = await talk.write("employees", "upsert", "W-077", {"start_date": "2026-10-01"})
    await talk.write("customers", "upsert", "W-077", {"code": "W-077", "name": "Ida Brandvold"})
    late = await talk.write("employees", "upsert", "W-077", {"start_date": "2026-10-01"})
    left = await talk.write("employees", "upsert", "W-077", {"start_date": "2026-10-01", "end_date": "2026-11-30"})

    assert (early.result, early.category) == (Result.REFUSED, Category.MISSING_REFERENCE)
    assert (late.result, left.external_id) == (Result.CONFIRMED, late.external_id)
    [row] = tryton.direct.read("company.employee", [int(late.external_id or 0)], "rec_name", "start_date", "end_date")
    assert (row["rec_name"], str(row["start_date"]), str(row["end_date"])) == (
        "Ida Brandvold",
        "2026-10-01",
        "2026-11-30",
    )


async def test_project_and_task_can_be_booked_on(talk: Talk, tryton: Tryton) -> None:
    party = tryton.firm["customers"]["C-1001"]
    project = await talk.write(
        "projects", "upsert", "P-201", {"type": "project", "name": "P-201 Data platform", "party": str(party)}
    )
    task = {"type": "task", "name": "P-201/DESIGN Design", "parent": project.external_id, "timesheet_available": True}
    made = await talk.write("tasks", "upsert", "P-201/DESIGN", task)
    renamed = await talk.write("tasks", "upsert", "P-201/DESIGN", task | {"name": "P-201/DESIGN Architecture"})

    assert (project.result, made.result, renamed.external_id) == (Result.CONFIRMED, Result.CONFIRMED, made.external_id)
    [work] = tryton.direct.read("timesheet.work", [int(made.external_id or 0)], "rec_name", "origin")
    assert work["rec_name"] == "P-201 Data platform\\P-201/DESIGN Architecture"
    assert tryton.direct.ids("project.work", ["name", "like", "P-201/DESIGN %"]) == [int(work["origin"].split(",")[1])]


async def test_codes_that_only_look_alike_are_told_apart(talk: Talk) -> None:
    await talk.write("projects", "upsert", "A_1", {"type": "project", "name": "A_1 First"})
    await talk.write("projects", "upsert", "AX1", {"type": "project", "name": "AX1 Second"})

    first, second = await talk.look_up("projects", "A_1"), await talk.look_up("projects", "AX1")

    assert first.found
    assert second.found
    assert first.external_id != second.external_id


async def test_user_without_the_right_is_told_so(tryton: Tryton) -> None:
    talk = tryton.talk("clerk")

    outcome = await talk.write("projects", "create", "P-299", {"type": "project", "name": "P-299 Nobody"})
    await talk.engine.close()

    assert (outcome.result, outcome.category) == (Result.REFUSED, Category.NO_RIGHT)
    assert "group" in outcome.hint
    assert tryton.direct.ids("project.work", ["name", "like", "P-299 %"]) == []
