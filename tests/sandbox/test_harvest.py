"""Harvest: headers, both paging schemes, writes and their refusals, approval, throttling, tokens, memory."""

import http.client
import json

import pytest

from sandbox.harvest.site import ACCOUNT, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TOKEN

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Harvest-Account-Id": str(ACCOUNT), "User-Agent": "Hub (test)"}


class Caller:
    """Calls the simulator as a client of the API would."""

    def __init__(self, simulator):
        self.simulator = simulator
        simulator.admin("POST", "limits", {"calls": 10_000, "seconds": 15})

    def call(self, method, path, body=None, **headers):
        sent = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
        status, raw = self.simulator.request(method, path, body, headers=sent)
        return status, json.loads(raw) if raw else None

    def get(self, path):
        status, body = self.call("GET", path)
        assert status == 200, body
        return body

    def post(self, path, body):
        status, answer = self.call("POST", path, body)
        assert status == 201, answer
        return answer


@pytest.fixture
def harvest(shared):
    return Caller(shared("harvest"))


@pytest.fixture
def project(harvest):
    """A project with a task and the owner assigned."""
    client = harvest.post("/v2/clients", {"name": "Aurora Energie AG", "currency": "EUR"})
    values = {"name": "Grid analytics", "code": "DE-AUR-01", "is_billable": True, "bill_by": "People"}
    project = harvest.post("/v2/projects", {**values, "client_id": client["id"], "budget_by": "none"})
    task = harvest.post("/v2/tasks", {"name": "Analysis"})
    harvest.post(f"/v2/projects/{project['id']}/task_assignments", {"task_id": task["id"]})
    harvest.post(f"/v2/projects/{project['id']}/user_assignments", {"user_id": 1})
    return project


def entry(project, **values):
    return {"project_id": project["id"], "task_id": 1, "spent_date": "2026-10-05", **values}


def test_headers_are_asked_for_in_harvest_s_order(harvest):
    request = harvest.simulator.request
    assert request("GET", "/v2/company", headers={**HEADERS, "User-Agent": ""})[0] == 400
    status, body = harvest.call("GET", "/v2/company", Authorization="Bearer wrong")
    assert (status, body["error"]) == (401, "invalid_token")
    assert harvest.call("GET", "/v2/company", Harvest_Account_Id="1")[0] == 404
    company = harvest.get("/api/v2/company")
    assert company["name"] == "Halden & Partner"
    assert "client_secret" not in company
    assert harvest.call("GET", "/v2/nothing")[0] == 404


def test_time_entries_page_by_number(harvest, project):
    for day in range(1, 8):
        harvest.post("/v2/time_entries", entry(project, spent_date=f"2026-10-{day:02d}", hours=1.25))
    first = harvest.get("/v2/time_entries?per_page=3")
    assert [row["spent_date"] for row in first["time_entries"]] == ["2026-10-07", "2026-10-06", "2026-10-05"]
    assert (first["total_pages"], first["total_entries"], first["next_page"]) == (3, 7, 2)
    second = harvest.get(first["links"]["next"].removeprefix(harvest.simulator.url))
    last = harvest.get(second["links"]["next"].removeprefix(harvest.simulator.url))
    assert len(last["time_entries"]) == 1
    assert last["links"]["next"] is None
    shown = last["time_entries"][0]
    assert (shown["client"]["currency"], shown["project"]["code"]) == ("EUR", "DE-AUR-01")
    assert (shown["hours"], shown["approval_status"], shown["is_locked"]) == (1.25, "unsubmitted", False)


def test_clients_page_by_cursor_whose_next_page_is_stale(harvest):
    for number in range(5):
        harvest.post("/v2/clients", {"name": f"Client {number}"})
    first = harvest.get("/v2/clients?per_page=2")
    assert first["next_page"] == 2
    assert "ref=next_cursor" in first["links"]["next"]
    names, page = [], first
    while True:
        names += [row["name"] for row in page["clients"]]
        if not page["links"]["next"]:
            break
        page = harvest.get(page["links"]["next"].removeprefix(harvest.simulator.url))
        assert page["next_page"] is None
    assert names == ["Client 4", "Client 3", "Client 2", "Client 1", "Client 0"]


def test_filters_and_unknown_parameters(harvest, project):
    made = harvest.post("/v2/time_entries", entry(project, hours=2))
    reference = {"id": "TL-1", "group_id": "hub"}
    other = harvest.post("/v2/time_entries", entry(project, hours=3, external_reference=reference))
    assert harvest.get("/v2/time_entries?external_reference_id=TL-1")["time_entries"][0]["id"] == other["id"]
    harvest.simulator.admin("POST", "approvals", {"ids": [made["id"]]})
    assert harvest.get("/v2/time_entries?approval_status=approved")["total_entries"] == 1
    assert harvest.get("/v2/time_entries?from=2026-10-06")["total_entries"] == 0
    assert harvest.get(f"/v2/time_entries?client_id={project['client']['id']}")["total_entries"] == 2
    assert harvest.get("/v2/time_entries?updated_since=2999-01-01T00:00:00Z")["total_entries"] == 0
    for query in ("since=1", "per_page=2001", "per_page=x", "is_billed=perhaps", "cursor=abc"):
        assert harvest.call("GET", f"/v2/time_entries?{query}")[0] == 422, query


def test_leaving_hours_out_starts_a_timer(harvest, project):
    running = harvest.post("/v2/time_entries", entry(project))
    assert (running["is_running"], running["hours"]) == (True, 0.0)
    stopped = harvest.call("PATCH", f"/v2/time_entries/{running['id']}/stop")[1]
    assert stopped["is_running"] is False


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"spent_date": None}, "Spent date can't be blank"),
        ({"spent_date": "5 October"}, "Spent date is invalid"),
        ({"project_id": 99}, "Project does not exist"),
        ({"user_id": 2}, "User is not assigned to this project"),
        ({"task_id": 2}, "Task is not assigned to this project"),
        ({"colour": "red"}, "Unknown field: colour"),
        ({"external_reference": {"id": "1"}}, "External reference id and group_id can't be blank"),
    ],
)
def test_refusals_of_a_time_entry_are_422_with_free_text(harvest, project, values, message):
    harvest.post("/v2/users", {"first_name": "Jonas", "last_name": "Weber", "email": "jonas@halden-partner.example"})
    harvest.post("/v2/tasks", {"name": "Design"})
    assert harvest.call("POST", "/v2/time_entries", entry(project, hours=1) | values) == (422, {"message": message})


@pytest.mark.parametrize("name", ["project_id", "task_id", "user_id"])
def test_what_a_time_entry_needs_cannot_be_emptied(harvest, project, name):
    made = harvest.post("/v2/time_entries", entry(project, hours=1))
    words = f"{name.removesuffix('_id').capitalize()} can't be blank"
    assert harvest.call("PATCH", f"/v2/time_entries/{made['id']}", {name: None}) == (422, {"message": words})


def test_double_names_media_types_and_archived_projects(harvest, project):
    assert harvest.call("POST", "/v2/clients", {"name": "aurora energie ag"})[0] == 422
    assert harvest.call("POST", "/v2/clients", {"name": "X"}, Content_Type="text/xml")[0] == 415
    made = harvest.post("/v2/time_entries", entry(project, hours=1))
    assert harvest.call("DELETE", f"/v2/clients/{project['client']['id']}")[0] == 422
    harvest.call("PATCH", f"/v2/projects/{project['id']}", {"is_active": False})
    refused = (422, {"message": "Project is archived"})
    assert harvest.call("PATCH", f"/v2/time_entries/{made['id']}", {"hours": 2}) == refused


def test_approval_locks_and_its_withdrawal_opens(harvest, project):
    made = harvest.post("/v2/time_entries", entry(project, hours=1))
    address = f"/v2/time_entries/{made['id']}"
    harvest.simulator.admin("POST", "approvals", {"ids": [made["id"]]})
    shown = harvest.get(address)
    assert (shown["approval_status"], shown["is_locked"], shown["is_closed"]) == ("approved", True, True)
    assert shown["locked_reason"].startswith("Item Approved")
    assert harvest.call("PATCH", address, {"hours": 2})[0] == 422
    assert harvest.call("DELETE", address)[0] == 422
    harvest.simulator.admin("POST", "withdrawals", {"ids": [made["id"]]})
    assert harvest.call("PATCH", address, {"hours": 2})[1]["hours"] == 2.0
    assert harvest.call("DELETE", address) == (200, None)
    assert harvest.get("/v2/time_entries")["time_entries"] == []


def test_a_member_silently_sees_only_own_time(harvest, project):
    harvest.post("/v2/time_entries", entry(project, hours=1))
    person = {"first_name": "Jonas", "last_name": "Weber", "email": "jonas@halden-partner.example"}
    user = harvest.post("/v2/users", person)
    harvest.simulator.admin("POST", "tokens", {"user_id": user["id"], "account_id": ACCOUNT, "token": "member"})
    assert harvest.call("GET", "/v2/time_entries", Authorization="Bearer member")[1]["total_entries"] == 0
    assert harvest.call("GET", "/v2/users", Authorization="Bearer member")[0] == 403
    assert harvest.call("GET", "/v2/users/me", Authorization="Bearer member")[1]["first_name"] == "Jonas"


def test_the_101st_call_is_throttled(harvest):
    harvest.simulator.admin("POST", "limits", {"calls": 100, "seconds": 2})
    statuses = [harvest.call("GET", "/v2/company")[0] for _ in range(101)]
    assert statuses == [200] * 100 + [429]
    connection = http.client.HTTPConnection("127.0.0.1", harvest.simulator.port)
    connection.request("GET", "/v2/company", headers=HEADERS)
    assert 1 <= int(connection.getresponse().headers["Retry-After"]) <= 3
    connection.close()


def test_oauth_tokens_expire_and_the_refresh_token_rotates(harvest):
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "refresh_token"}
    granted = harvest.call("POST", "/api/v2/oauth2/token", {**form, "refresh_token": REFRESH_TOKEN})[1]
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", 1_209_600)
    bearer = f"Bearer {granted['access_token']}"
    assert harvest.call("GET", "/v2/users/me", Authorization=bearer)[0] == 200
    harvest.simulator.admin("POST", "tokens/expirations", {})
    assert harvest.call("GET", "/v2/users/me", Authorization=bearer)[0] == 401
    again = harvest.call("POST", "/api/v2/oauth2/token", {**form, "refresh_token": REFRESH_TOKEN})
    assert (again[0], again[1]["error"]) == (400, "invalid_grant")
    renewed = harvest.call("POST", "/api/v2/oauth2/token", {**form, "refresh_token": granted["refresh_token"]})
    assert renewed[0] == 200


def test_memory_survives_kill_minus_nine(harvest, project):
    made = harvest.post("/v2/time_entries", entry(project, hours=1))
    harvest.simulator.kill()
    harvest.simulator.run()
    assert harvest.get(f"/v2/time_entries/{made['id']}") == made
    puts = [line for line in harvest.simulator.log("harvest.jsonl") if line.get("table") == "time_entries"]
    assert len(puts) == 1


@pytest.mark.parametrize(("fault", "committed"), [("commit_and_hang_up", 1), ("half_body", 1), ("lose_and_hang_up", 0)])
def test_faults_on_either_side_of_the_commit(harvest, project, fault, committed):
    harvest.simulator.set_faults({"fault": fault, "times": 1, "method": "POST", "key": "TL-1"})
    reference = {"id": "TL-1", "group_id": "hub"}
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        harvest.call("POST", "/v2/time_entries", entry(project, hours=1, external_reference=reference))
    assert harvest.get("/v2/time_entries?external_reference_id=TL-1")["total_entries"] == committed


def test_lists_that_never_end_or_repeat(harvest):
    harvest.post("/v2/clients", {"name": "Only one"})
    harvest.simulator.set_faults({"fault": "same_page", "path": "/v2/clients"})
    page = harvest.get("/v2/clients")
    assert page["links"]["next"].endswith("/v2/clients")
    harvest.simulator.set_faults({"fault": "repeats", "path": "/v2/clients"})
    assert len(harvest.get("/v2/clients")["clients"]) == 2
    harvest.simulator.set_faults({"fault": "throttled", "times": 1, "seconds": 7})
    assert harvest.call("GET", "/v2/clients")[0] == 429
    assert harvest.call("GET", "/v2/clients")[0] == 200
