"""Work items through the API: what the page says and does, in words that the caller may read."""

from collections.abc import Callable
from typing import Any

import pytest

from exceptions_queue import releasing
from exceptions_queue.models import WorkItem
from governance import versions
from governance.models import Version
from routes.models import Transaction
from tests.api.conftest import Staff
from tests.api.signing import get, post, token_of
from tests.api.test_tokens import told
from tests.exceptions_queue import situations
from tests.exceptions_queue.situations import RATED
from tests.routes.world import OUTWARD, World

LIST = "/api/experience/v1/work-items"


@pytest.fixture
def item(make_world: Callable[..., World], staff: Staff) -> WorkItem:
    return situations.missing_rate(make_world())


def test_list_is_narrowed_and_one_tells_its_remedies(item: WorkItem, staff: Staff) -> None:
    token = token_of(staff.farid)
    [row] = get(f"{LIST}?kind=unmapped_value&state=new&legal_entity=HP-DE&assigned=false", token).json()["items"]
    assert (row["number"], row["members"]) == (item.number, 3)
    assert get(f"{LIST}?assigned=true", token).json()["items"] == []
    whole = get(f"{LIST}/{item.number}", token).json()
    offered = {each["name"]: each["allowed"] for each in whole["remedies"]}
    assert offered["waivers"] is True
    assert offered["table-rows"] is False  # the table serves all companies, farid is finance of one
    assert "for all companies" in next(r["needs"] for r in whole["remedies"] if r["name"] == "table-rows")


def test_members_are_read_page_by_page(item: WorkItem, staff: Staff) -> None:
    token = token_of(staff.viktor)
    first = get(f"{LIST}/{item.number}/members?size=2", token).json()
    rest = get(first["next"], token).json()
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]


def test_names_of_people_are_hidden_from_those_who_may_not_see_them(item: WorkItem, staff: Staff) -> None:
    def name(user: Any) -> str:
        members = get(f"{LIST}/{item.number}/members", token_of(user)).json()["items"]
        return str(members[0]["columns"].get("worker_name"))

    assert name(staff.viktor) in ("•••", "None")
    record = Transaction.objects.order_by("pk")[0].record_id
    raw = get(f"/api/system/v1/records/{record}", token_of(staff.viktor)).json()
    told_all = get(f"/api/system/v1/records/{record}", token_of(staff.clara)).json()
    assert raw["canonical"]["entry_id"] == told_all["canonical"]["entry_id"]
    assert "•••" in str(raw["raw"])  # what no mapping copies, nobody has decided about


def test_row_that_is_added_lets_go_what_waited(item: WorkItem, staff: Staff) -> None:
    answer = post(f"{LIST}/{item.number}/table-rows", token_of(staff.ingrid), {"values": {"rate": "250.00"}})
    assert answer.status_code == 200, answer.content
    assert answer.json()["item"]["state"] == "resubmitted"
    releasing.work(seconds=5)
    assert set(Transaction.objects.values_list("state", flat=True)) == {"ready"}


def test_value_that_the_table_does_not_take_is_told(item: WorkItem, staff: Staff) -> None:
    answer = post(f"{LIST}/{item.number}/table-rows", token_of(staff.ingrid), {"values": {"rate": "much"}})
    assert "rate" in told(answer, 422, "invalid-body")["detail"]


def test_remedy_that_makes_no_sense_is_refused_in_words(item: WorkItem, staff: Staff) -> None:
    answer = post(f"{LIST}/{item.number}/probes", token_of(staff.olga), {})
    told(answer, 409, "not-possible")


def test_resubmission_names_what_went_on_and_what_was_left_alone(item: WorkItem, staff: Staff) -> None:
    ids = [str(pk) for pk in Transaction.objects.order_by("pk").values_list("pk", flat=True)]
    place = "/api/process/v1/resubmissions"
    answer = post(place, token_of(staff.farid), {"transactions": ids, "reason": "again"})
    assert answer.json() == {"went_on": [], "left_alone": ids}  # the row is still missing
    told(post(place, token_of(staff.viktor), {"transactions": ids, "reason": "again"}), 403, "not-allowed")
    told(post(place, token_of(staff.stranger), {"transactions": ids, "reason": "again"}), 404, "not-found")


def test_resubmission_takes_a_published_version_and_no_draft(item: WorkItem, staff: Staff) -> None:
    ids = [str(pk) for pk in Transaction.objects.order_by("pk").values_list("pk", flat=True)]
    drafted = versions.draft(
        kind="mapping", object_key="ledger-time-rated", content=OUTWARD | {"name": "ledger-time-rated"}, by=staff.ingrid
    )
    token, process = token_of(staff.ingrid), "/api/process/v1/resubmissions"
    remedy, tried = f"{LIST}/{item.number}/resubmissions", f"{LIST}/{item.number}/trials"
    of_draft = {"configuration": "ledger-time-rated@2"}
    assert post(tried, token, of_draft).json()["trials"][0]["outcome"] == "will_send"
    for place, body in ((remedy, {}), (process, {"transactions": ids, "reason": "again"})):
        assert "a draft is only tried" in told(post(place, token, body | of_draft), 409, "not-possible")["detail"]
        strange = post(place, token, body | {"configuration": "nothing@1"})
        assert "There is no version" in told(strange, 409, "not-possible")["detail"]
    versions.publish(versions.approve(versions.submit(drafted, by=staff.ingrid), by=staff.clara), by=staff.ingrid)
    versions.publish(_third(staff), by=staff.ingrid)

    told(post(process, token_of(staff.farid), {"transactions": ids, "reason": "x"} | of_draft), 403, "not-allowed")
    told(post(remedy, token_of(staff.farid), of_draft), 403, "not-allowed")
    answer = post(process, token, {"transactions": ids, "reason": "again"} | of_draft)

    assert answer.json() == {"went_on": ids, "left_alone": []}  # the version looks nothing up


def _third(staff: Staff) -> Version:
    drafted = versions.draft(kind="mapping", object_key="ledger-time-rated", content=RATED, by=staff.ingrid)
    return versions.approve(versions.submit(drafted, by=staff.ingrid), by=staff.clara)


def test_totals_say_what_waits_by_state(item: WorkItem, staff: Staff) -> None:
    states = {row["state"]: row for row in get("/api/experience/v1/totals", token_of(staff.viktor)).json()["states"]}
    assert (states["new"]["items"], states["new"]["members"]) == (1, 3)
    assert states["waiting"]["items"] == 0
    foreign = get("/api/experience/v1/totals", token_of(staff.stranger)).json()["states"]
    assert {row["items"] for row in foreign} == {0}


def test_what_others_have_decided_meanwhile_is_told_to_who_says_what_they_have_read(
    item: WorkItem, staff: Staff
) -> None:
    token, place = token_of(staff.farid), f"{LIST}/{item.number}"
    seen = get(place, token)["ETag"]
    set_by = post(f"{place}/priorities", token, {"priority": 80, "reason": "client waits"}, If_Match=seen)
    assert set_by.status_code == 200, set_by.content
    assert set_by["ETag"] == get(place, token)["ETag"] != seen

    for name, body in (
        ("priorities", {"priority": 5, "reason": "x"}), ("priority-returns", {}), ("tags", {"names": ["mine"]}),
        ("assignments", {"to": "farid"}), ("returns", {"reason": "x"}), ("findings", {"finding": "x"}),
        ("rests", {"until": "2036-10-13T06:00:00Z", "reason": "x"}),
    ):  # fmt: skip
        stale = told(post(f"{place}/{name}", token, body, If_Match=seen), 412, "stale")
        assert stale["current"]["priority_set"] == 80, name
    item.refresh_from_db()
    assert (item.priority_set, item.finding, item.tags.count()) == (80, "", 0)
    told(post(f"{place}/tags", token_of(staff.viktor), {"names": ["x"]}, If_Match=seen), 403, "not-allowed")
    assert (
        post(f"{place}/tags", token, {"names": ["mine"]}).status_code == 200
    )  # who says nothing has asked for nothing
