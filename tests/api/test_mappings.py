"""Mappings made, tried and previewed through the API: what the pages can, by the same verbs and rights."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors import sampling
from governance.models import AuditEntry, Version
from mappings import starting
from mappings.models import Mapping
from routes.models import Record, Run
from tests.api.conftest import Staff
from tests.api.signing import get, post, token_of
from tests.api.test_tokens import told
from tests.exceptions_queue.test_pages import signed_in
from tests.routes.world import World, entry

PLACE = "/api/process/v1/mappings"
CONTENT: dict[str, Any] = {
    "name": "Our tasks", "from": {"system": "harvest", "stream": "task_assignments"}, "to": {"entity": "task"},
    "fields": [
        {"to": "legal_entity", "value": "HP-DE"}, {"to": "project_code", "from": "project.code"},
        {"to": "task_code", "from": "task.nam"}, {"to": "name", "from": "task.name"},
        {"to": "changed_at", "formula": "TODATE(updated_at)"},
    ],
    "rules": [{"name": "named", "check": 'name <> "Admin"', "severity": "warning", "message": "Not {name}."}],
}  # fmt: skip
RECORD = {"project": {"code": "P-1"}, "task": {"name": "Admin", "nam": "T-1"}, "updated_at": "2026-01-02"}


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def ingrid(world: World, staff: Staff) -> str:
    return token_of(staff.ingrid)


def made(token: str, **changes: Any) -> str:
    """Make a mapping and return its address."""
    answer = post(PLACE, token, {"key": "our.tasks", "content": CONTENT} | changes)
    assert answer.status_code == 201, answer.content
    return str(answer["Location"])


def test_mapping_is_made_from_nothing_as_a_draft_of_whoever_asks(ingrid: str, staff: Staff) -> None:
    answer = post(PLACE, ingrid, {"key": "our.tasks", "content": CONTENT, "note": "first"})

    assert answer.status_code == 201
    assert answer.json() == {
        "key": "our.tasks", "title": "Our tasks", "legal_entity": None, "source": "harvest task_assignments",
        "target": "task", "shipped": False,
    }  # fmt: skip
    assert answer["Location"] == f"{PLACE}/our.tasks"
    assert get(answer["Location"], ingrid).json() == answer.json()
    [version] = get(f"{PLACE}/our.tasks/versions", ingrid).json()["items"]
    assert (version["number"], version["state"], version["note"]) == (1, "draft", "first")
    assert version["author"] == str(staff.ingrid.get_full_name())


def test_mapping_begins_with_what_a_connector_ships(ingrid: str) -> None:
    starts = get("/api/process/v1/mapping-starts", ingrid).json()["items"]
    begun = next(each for each in starts if each["key"] == "netsuite.time_entries")
    assert (begun["source"], begun["target"]) == ("time_entry", "netsuite time_entries")

    answer = post(PLACE, ingrid, {"key": "our.time", "start": begun["key"], "legal_entity": "HP-DE"})

    assert answer.json()["legal_entity"] == "HP-DE"
    assert Version.objects.get(object_key="our.time").content == begun["content"]


def test_mapping_that_cannot_be_made_is_refused_at_its_place(ingrid: str, staff: Staff) -> None:
    def pointers(body: Any) -> list[str]:
        return [each["pointer"] for each in told(post(PLACE, ingrid, body), 422, "invalid-body")["errors"]]

    wrong = CONTENT | {"fields": [*CONTENT["fields"], {"to": "name", "value": "x"}]}
    assert pointers({"key": "our.tasks", "content": wrong}) == ["/content/fields/5/to"]
    assert pointers({"key": "our.tasks"}) == ["/content"]
    assert pointers({"key": "our.tasks", "content": CONTENT, "start": "harvest.tasks"}) == ["/content"]
    assert pointers({"key": "Grün", "content": CONTENT}) == ["/key"]
    assert pointers({"key": "our.tasks", "start": "harvest.nothing"}) == ["/start"]
    assert pointers({"key": "our.tasks", "content": CONTENT, "legal_entity": "HP-XX"}) == ["/legal_entity"]
    periods: Any = starting.start_of("netsuite.accounting_periods")
    closed = periods.content | {"on": "field_of_nowhere"}
    assert pointers({"key": "our.periods", "content": closed}) == ["/content/on"]
    assert not Mapping.objects.filter(key__startswith="our.").exists()
    made(ingrid)
    told(post(PLACE, ingrid, {"key": "our.tasks", "content": CONTENT}), 409, "not-possible")
    told(post(PLACE, token_of(staff.farid), {"key": "our.other", "content": CONTENT}), 403, "not-allowed")
    told(get("/api/process/v1/mapping-starts", token_of(staff.farid)), 403, "not-allowed")


def test_trial_tells_before_after_and_problems_and_keeps_nothing(ingrid: str) -> None:
    address = made(ingrid)
    count = Version.objects.count()

    answer = post(f"{address}/trials", ingrid, {"record": RECORD})

    assert answer.status_code == 200, answer.content
    fields = {each["to"]: each for each in answer.json()["fields"]}
    assert fields["project_code"]["before"] == [{"path": "project.code", "value": "P-1"}]
    assert fields["project_code"]["after"] == "P-1"
    assert fields["name"]["problems"] == []
    [rule] = answer.json()["rules"]
    assert (rule["name"], rule["holds"]) == ("named", False)
    assert rule["problems"] == [{"severity": "warning", "message": "Not Admin."}]
    shown = post(f"{address}/trials", ingrid, {"sample": "shipped:0"}).json()["fields"]
    doubted = next(each for each in shown if each["to"] == "task_code")["problems"][0]
    assert doubted["severity"] == "warning"
    assert "has no field task.nam" in doubted["message"]
    changed = post(f"{address}/trials", ingrid, {"record": RECORD, "content": CONTENT | {"rules": []}}).json()
    assert changed["rules"] == []
    assert Version.objects.count() == count


def test_trial_names_its_version_and_refuses_what_is_not_there(ingrid: str) -> None:
    address = made(ingrid)
    second = CONTENT | {"rules": []}
    post(f"{address}/versions", ingrid, {"content": second})
    assert post(f"{address}/trials", ingrid, {"record": RECORD}).json()["rules"] == [], "the newest"
    assert len(post(f"{address}/trials", ingrid, {"record": RECORD, "version": 1}).json()["rules"]) == 1

    def pointers(body: Any) -> list[str]:
        answer = post(f"{address}/trials", ingrid, body)
        return [each["pointer"] for each in told(answer, 422, "invalid-body")["errors"]]

    assert pointers({"record": RECORD, "version": 9}) == ["/version"]
    assert pointers({"record": RECORD, "version": 1, "content": CONTENT}) == ["/version"]
    assert pointers({}) == ["/sample"]
    assert pointers({"sample": "pasted"}) == ["/sample"]
    assert pointers({"sample": "shipped:77"}) == ["/sample"]
    assert pointers({"sample": "record:AAAAAAAAAAAAAAAAAAAAAA"}) == ["/sample"]
    assert pointers({"record": RECORD, "content": CONTENT | {"fields": []}}) == ["/content/fields"]


def test_samples_are_those_of_the_page_for_whoever_edits_or_approves(staff: Staff, ingrid: str) -> None:
    address, olga = made(ingrid), token_of(staff.olga)

    items = get(f"{address}/samples", ingrid).json()["items"]

    assert items[0] == {"name": "shipped:0", "words": "Sample 1 of the connector"}
    assert "pasted" not in {each["name"] for each in items}
    told(get(f"{address}/samples", olga), 403, "not-allowed")
    told(post(f"{address}/trials", olga, {"record": {}}), 403, "not-allowed")
    assert get(f"{made(ingrid, key='our.more')}/samples", token_of(staff.clara)).status_code == 200, (
        "who approves tries"
    )
    row = Mapping.objects.get(key="our.tasks")
    page = signed_in(staff.ingrid).get(f"/mappings/{row.pk}/")
    assert [each.value for each in page.context["samples"]] == [each["name"] for each in items]


def test_preview_says_what_a_run_would_take_and_keeps_nothing(
    world: World, staff: Staff, ingrid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "read", lambda *args, **more: [entry(1), entry(2, status="submitted")])
    address = f"/api/process/v1/routes/{world.route.slug}/previews"

    answer = post(address, ingrid, {})

    assert answer.status_code == 200, answer.content
    lines = answer.json()["lines"]
    assert [each["key"] for each in lines] == ["TE-0000001", "TE-0000002"]
    assert (lines[0]["goes_to"], lines[1]["goes_to"], lines[1]["left_out"]) == (["Ledger"], [], ["Ledger"])
    assert sum(each["count"] for each in answer.json()["totals"]) == 2
    assert (Record.objects.count(), Run.objects.filter(trigger="api").count()) == (0, 0)
    assert AuditEntry.objects.get(verb="preview").after == {"records": 2}
    told(post(address, token_of(staff.olga), {}), 403, "not-allowed")
    told(post(address, ingrid, {"more": 1}), 422, "invalid-body")

    def silent(*args: Any, **more: Any) -> Any:
        raise sampling.NoSample("The ledger does not answer. Try again later.")

    monkeypatch.setattr(sampling, "read", silent)
    assert "does not answer" in told(post(address, ingrid, {}), 409, "not-possible")["detail"]
