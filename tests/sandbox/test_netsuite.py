"""NetSuite: both logins, 204 with Location, upsert by external id, ids-only lists, refusals that differ by text."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from oauthlib.oauth1 import Client

from sandbox.netsuite import login

RECORD = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"


class Caller:
    """Calls the simulator with signed requests, as a client of the API would; the signer is oauthlib's."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.headers = {}  # of the last answer

    def call(self, method, path, body=None, *, signature="HMAC-SHA256", authorization="", **headers):
        sent = {"Host": f"127.0.0.1:{self.simulator.port}", **headers}
        sent["Authorization"] = authorization or self.sign(method, path, signature)
        connection = self.simulator.connect()
        data = None if body is None else json.dumps(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        raw, self.headers = answer.read(), answer.headers
        connection.close()
        return answer.status, json.loads(raw) if raw else None

    def sign(self, method, path, signature="HMAC-SHA256", **changed):
        keys = {
            "client_key": login.CONSUMER_KEY,
            "client_secret": login.CONSUMER_SECRET,
            "resource_owner_key": login.TOKEN_ID,
            "resource_owner_secret": login.TOKEN_SECRET,
            "realm": login.ACCOUNT,
        }
        client = Client(**{**keys, **changed}, signature_method=signature)
        return client.sign(f"{self.simulator.url}{path}", method)[1]["Authorization"]

    def create(self, kind, **values):
        status, body = self.call("POST", f"{RECORD}/{kind}", values)
        assert status == 204, body
        return self.headers["Location"].rpartition("/")[2]

    def query(self, text, place="", **headers):
        return self.call("POST", SUITEQL + place, {"q": text}, **{"Prefer": "transient", **headers})


@pytest.fixture
def netsuite(shared):
    return Caller(shared("netsuite"))


@pytest.fixture
def firm(netsuite):
    """A company with an employee, a project and two months, the first of them closed."""
    netsuite.create("subsidiary", name="Halden & Partner GmbH", externalId="HP-DE")
    company = {"subsidiary": {"externalId": "HP-DE"}}
    netsuite.create("customer", companyName="Aurora Energie AG", externalId="C-AUR", entityId="C-AUR", **company)
    netsuite.create(
        "job",
        companyName="Grid",
        externalId="DE-AUR-01",
        entityId="DE-AUR-01",
        parent={"externalId": "C-AUR"},
        **company,
    )
    netsuite.create("employee", firstName="Jonas", lastName="Weber", externalId="W-1001", **company)
    netsuite.create("serviceItem", itemId="SVC-ANL", externalId="SVC-ANL")
    for month, closed in (("07", True), ("08", False)):
        values = {"startDate": f"2026-{month}-01", "endDate": f"2026-{month}-31", "closed": closed}
        netsuite.create("accountingPeriod", periodName=f"2026-{month}", **values)
    return netsuite


def time_bill(**values):
    return {
        "employee": {"externalId": "W-1001"},
        "customer": {"externalId": "DE-AUR-01"},
        "item": {"externalId": "SVC-ANL"},
        "hours": 7.25,
        "tranDate": "2026-08-05",
        "memo": "Gap analysis: accruals",
        "isBillable": True,
    } | values


def detail(body):
    return body["o:errorDetails"][0]["detail"]


def code(body):
    return body["o:errorDetails"][0]["o:errorCode"]


def test_token_login_takes_hmac_sha256_only(netsuite):
    path = f"{RECORD}/customer?limit=10&offset=0&q=companyName%20IS%20%22A%20B%22"
    assert netsuite.call("GET", path)[0] == 200
    status, body = netsuite.call("GET", path, signature="HMAC-SHA1")
    assert (status, code(body)) == (401, "INVALID_LOGIN")
    assert "Audit Trail" in detail(body)
    wrong = [
        netsuite.sign("GET", path, resource_owner_secret="wrong"),
        netsuite.sign("GET", path, realm="OTHER"),
        netsuite.sign("GET", f"{RECORD}/customer?limit=11"),
        netsuite.sign("GET", path, nonce="short"),
        netsuite.sign("GET", path, timestamp="1700000000"),
        "Bearer nothing",
    ]
    assert [netsuite.call("GET", path, authorization=header)[0] for header in wrong] == [401] * 6
    once = netsuite.sign("GET", path)
    assert [netsuite.call("GET", path, authorization=once)[0] for _ in range(2)] == [200, 401]
    reasons = [line["reason"] for line in netsuite.simulator.log("netsuite.jsonl") if line["kind"] == "login"]
    assert reasons[:3] == ["signature_method_rejected", "signature_invalid", "invalid_realm"]


def assertion(netsuite, algorithm="PS256", **changed):
    known = netsuite.simulator.admin("GET", "credentials")
    now = int(time.time())
    claims = {
        "iss": known["client_id"],
        "scope": "rest_webservices",
        "aud": netsuite.simulator.url + login.TOKEN_PATH,
        "iat": now,
        "exp": now + 3600,
    }
    text = jwt.encode(claims | changed, known["private_key"], algorithm, {"kid": known["certificate_id"]})
    form = f"grant_type=client_credentials&client_assertion_type={login.ASSERTION_TYPE}&client_assertion={text}"
    connection = netsuite.simulator.connect()
    connection.request("POST", login.TOKEN_PATH, form, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def test_certificate_login_takes_ps256_and_refuses_rs256(netsuite):
    status, granted = assertion(netsuite)
    assert (status, granted["expires_in"], granted["token_type"]) == (200, "3600", "bearer")
    bearer = f"Bearer {granted['access_token']}"
    assert netsuite.call("GET", f"{RECORD}/customer", authorization=bearer)[0] == 200
    netsuite.simulator.admin("POST", "tokens/expirations", {})
    assert netsuite.call("GET", f"{RECORD}/customer", authorization=bearer)[0] == 401
    assert assertion(netsuite, scope="rest_webservices")[0] == 200
    assert assertion(netsuite, "RS256") == (400, {"error": "invalid_grant"})
    assert assertion(netsuite, iss="other")[0] == 400
    assert assertion(netsuite, exp=int(time.time()) + 7200)[0] == 400
    assert assertion(netsuite, scope="suite_analytics")[0] == 400


def test_create_answers_204_with_the_id_in_the_location_only(firm):
    number = firm.create("timeBill", **time_bill())
    status, shown = firm.call("GET", f"{RECORD}/timeBill/{number}")
    assert status == 200
    assert (shown["hours"], shown["customer"]["refName"], shown["tranDate"]) == (7.25, "Grid", "2026-08-05")
    listed = firm.call("GET", f"{RECORD}/timebill")[1]
    assert [sorted(item) for item in listed["items"]] == [["id", "links"]]
    assert (listed["count"], listed["hasMore"], listed["totalResults"]) == (1, False, 1)


def test_put_by_external_id_creates_then_changes(firm):
    for hours in (2, "2:30"):
        assert firm.call("PUT", f"{RECORD}/timeBill/eid:TE-1", time_bill(hours=hours)) == (204, None)
        assert firm.headers["Location"].endswith("/timeBill/1")
    assert firm.call("GET", f"{RECORD}/timeBill/eid:TE-1")[1]["hours"] == 2.5
    assert firm.call("PATCH", f"{RECORD}/timeBill/eid:TE-1", {"memo": "x"})[0] == 204
    assert firm.call("DELETE", f"{RECORD}/timeBill/eid:TE-1")[0] == 204
    status, body = firm.call("GET", f"{RECORD}/timeBill/eid:TE-1")
    assert (status, code(body)) == (404, "NONEXISTENT_ID")
    assert firm.query("SELECT recordid FROM deletedrecord")[1]["items"] == [{"links": [], "recordid": "1"}]


def test_external_id_can_be_empty_and_taken_away(firm):
    for _ in range(2):
        number = firm.create("timeBill", **time_bill(externalId=None))
    assert firm.call("PATCH", f"{RECORD}/timeBill/{number}", {"externalId": "TE-1"})[0] == 204
    assert firm.call("PATCH", f"{RECORD}/timeBill/{number}", {"externalId": None})[0] == 204
    assert firm.call("GET", f"{RECORD}/timeBill/eid:TE-1")[0] == 404
    assert firm.call("GET", f"{RECORD}/timeBill/eid:None")[0] == 404


@pytest.mark.parametrize(
    ("values", "status", "error", "words"),
    [
        ({"customer": {"id": "²"}}, 400, "USER_ERROR", "You have entered an Invalid Field Value ² for the following"),
        ({"customer": {"id": "99"}}, 400, "USER_ERROR", "You have entered an Invalid Field Value 99 for the following"),
        ({"customer": {"externalId": "X"}}, 400, "NONEXISTENT_ID", "The record instance for external ID 'X' does not"),
        ({"employee": None}, 400, "USER_ERROR", "You must enter a value for the following field: employee"),
        ({"item": None}, 400, "USER_ERROR", "You must enter a value for the following field: item"),
        ({"tranDate": "2026-07-31"}, 400, "USER_ERROR", "The accounting period 2026-07 is closed"),
        ({"tranDate": "2031-01-01"}, 400, "USER_ERROR", "not within the date range of your accounting period"),
        ({"externalId": "TE-0"}, 400, "USER_ERROR", "This record already exists"),
        ({"colour": "red"}, 400, "INVALID_CONTENT", "Unknown property 'colour'"),
        ({"hours": "many"}, 400, "INVALID_CONTENT", "not valid for field 'hours'"),
        ({"hours": 0}, 400, "INVALID_CONTENT", "not valid for field 'hours'"),
    ],
)
def test_refusals_differ_by_text(firm, values, status, error, words):
    firm.create("timeBill", **time_bill(externalId="TE-0"))
    answered, body = firm.call("POST", f"{RECORD}/timeBill", time_bill(**values))
    assert (answered, code(body)) == (status, error)
    assert words in detail(body)
    assert firm.call("GET", f"{RECORD}/timeBill")[1]["totalResults"] == 1


def test_closing_locking_and_capping(firm):
    number = firm.create("timeBill", **time_bill())
    address = f"{RECORD}/timeBill/{number}"
    firm.simulator.admin("POST", "locks", {"type": "timeBill", "id": int(number)})
    assert "locked by a user defined workflow" in detail(firm.call("PATCH", address, {"hours": 1})[1])
    firm.simulator.admin("POST", "locks", {"type": "timeBill", "id": int(number), "locked": False})
    firm.simulator.admin("POST", "rows/job", {"id": 1, "custentity_hours_cap": "10"})
    assert "cap of 10 hours" in detail(firm.call("POST", f"{RECORD}/timeBill", time_bill(hours=2.76))[1])
    assert firm.call("PATCH", address, {"hours": 10})[0] == 204
    firm.simulator.admin("POST", "periods", {"month": "2026-08", "closed": True})
    assert "closed" in detail(firm.call("PATCH", address, {"hours": 1})[1])
    assert "closed" in detail(firm.call("DELETE", address)[1])
    assert firm.call("DELETE", f"{RECORD}/customer/1")[0] == 400


def test_media_types_addresses_and_parameters(firm):
    assert firm.call("POST", f"{RECORD}/timeBill", time_bill(), **{"Content-Type": "text/plain"})[0] == 415
    assert firm.call("GET", f"{RECORD}/unicorn")[0] == 404
    assert firm.call("GET", f"{RECORD}/customer?page=2")[0] == 400
    assert firm.call("GET", f"{RECORD}/customer?limit=1001")[0] == 400
    assert firm.call("GET", f"{RECORD}/customer?limit=10&offset=5")[0] == 400
    found = firm.call("GET", f"{RECORD}/accountingPeriod?q=startDate%20AFTER%202026-07-15")[1]
    assert [item["id"] for item in found["items"]] == ["2"]


def test_invoice_lines_merge_or_are_replaced(firm):
    line = {"item": {"externalId": "SVC-ANL"}, "quantity": 7.25, "rate": 125, "amount": 906.25}
    body = {"entity": {"externalId": "C-AUR"}, "tranDate": "2026-08-31", "item": {"items": [line]}}
    number = firm.create("invoice", **body)
    firm.call("PATCH", f"{RECORD}/invoice/{number}", {"item": {"items": [{"line": 1, "quantity": 8}, line]}})
    assert [one["quantity"] for one in firm.call("GET", f"{RECORD}/invoice/{number}")[1]["item"]] == [8, 7.25]
    firm.call("PATCH", f"{RECORD}/invoice/{number}?replace=item", {"item": {"items": [line]}})
    assert len(firm.call("GET", f"{RECORD}/invoice/{number}")[1]["item"]) == 1


def test_suiteql_reads_a_small_part_of_the_language(firm):
    for day in range(3, 8):
        firm.create("timeBill", **time_bill(externalId=f"TE-{day}", tranDate=f"2026-08-{day:02d}", hours=day))
    columns = "SELECT id, externalid, hours, isbillable, TO_CHAR(trandate, 'YYYY-MM-DD') AS day FROM timebill"
    status, page = firm.query(f"{columns} WHERE hours >= 4 AND externalid LIKE 'TE-%' ORDER BY hours DESC", "?limit=2")
    assert status == 200
    first = {"links": [], "id": "5", "externalid": "TE-7", "hours": "7", "isbillable": "T", "day": "2026-08-07"}
    assert page["items"][0] == first
    assert (page["count"], page["hasMore"], page["totalResults"]) == (2, True, 4)
    assert len(firm.query(f"{columns} WHERE hours >= 4 ORDER BY id", "?limit=2&offset=2")[1]["items"]) == 2
    dates = "SELECT trandate FROM timebill WHERE trandate > TO_DATE('2026-08-06', 'YYYY-MM-DD') AND id IN (4, 5)"
    assert firm.query(dates)[1]["items"] == [{"links": [], "trandate": "8/7/2026"}]
    since = "TO_TIMESTAMP('2020-01-01 00:00:00', 'YYYY-MM-DD HH24:MI:SS')"
    assert firm.query(f"SELECT id FROM timebill WHERE lastmodifieddate >= {since}")[1]["totalResults"] == 5
    assert firm.query("SELECT itemid FROM item WHERE itemid = 'SVC-ANL'")[1]["count"] == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT nothing FROM customer", "Unknown identifier 'nothing'"),
        ("SELECT id FROM unicorn", "Invalid search type: unicorn"),
        ("SELECT COUNT(*) FROM customer", "Invalid or unsupported search"),
        ("SELECT id FROM customer WHERE id = 1 OR id = 2", "Invalid or unsupported search"),
        ("SELECT c.id FROM customer c JOIN job j ON j.parent = c.id", "Invalid or unsupported search"),
        ("DELETE FROM customer", "Invalid or unsupported search"),
        ("SELECT id FROM customer WHERE companyname = 'it''s; --", "Invalid or unsupported search"),
        ("", "Invalid or unsupported search"),
    ],
)
def test_suiteql_refuses_what_it_does_not_know(firm, query, words):
    status, body = firm.query(query)
    assert (status, code(body)) == (400, "INVALID_PARAMETER")
    assert words in detail(body)


def test_suiteql_asks_for_prefer_transient(firm):
    assert firm.query("SELECT id FROM customer", Prefer="")[0] == 400


def test_concurrency_above_the_limit_is_429(firm):
    firm.simulator.admin("POST", "limits", {"concurrency": 3})
    firm.simulator.set_faults(latency=0.2)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(Caller(firm.simulator).call, "GET", f"{RECORD}/customer") for _ in range(8)]
    answers = [one.result() for one in asked]
    assert [status for status, _ in answers].count(200) == 3
    refused = [body for status, body in answers if status == 429]
    assert {code(body) for body in refused} == {"CONCURRENCY_LIMIT_EXCEEDED"}
    assert len(refused) == 5


def test_idempotency_key_works_on_asynchronous_requests_only(firm):
    key = {"X-NetSuite-Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        assert firm.call("POST", f"{RECORD}/timeBill", time_bill(), **key)[0] == 204
    assert firm.call("GET", f"{RECORD}/timeBill")[1]["totalResults"] == 2
    wanted = {**key, "Prefer": "respond-async", "Content-Type": "application/vnd.oracle.resource+json; type=collection"}
    items = {"items": [time_bill(), time_bill(employee=None)]}
    assert firm.call("POST", f"{RECORD}/timeBill", items, **wanted)[0] == 202
    job = firm.headers["Location"].removeprefix(firm.simulator.url)
    tasks = firm.call("GET", f"{job}/task")[1]["items"]
    assert [task["progress"] for task in tasks] == ["succeeded", "failed"]
    assert "must enter a value" in detail(firm.call("GET", f"{job}/task/2/result")[1])
    status, body = firm.call("POST", f"{RECORD}/timeBill", items, **wanted)
    assert (status, body["title"], code(body)) == (400, "Conflict", "IDEMPOTENCY_ERROR")
    assert firm.headers["Location"].endswith(job)


@pytest.mark.parametrize(
    ("fault", "status"), [("throttled", 429), ("server_error", 500), ("html", 200), ("expired", 401)]
)
def test_faults_speak_netsuite(firm, fault, status):
    firm.simulator.set_faults({"fault": fault, "times": 1, "key": "TE-1"})
    connection = firm.simulator.connect()
    path = f"{RECORD}/timeBill/eid:TE-1"
    headers = {"Authorization": firm.sign("PUT", path), "Content-Type": "application/json"}
    connection.request("PUT", path, json.dumps(time_bill()), headers)
    assert connection.getresponse().status == status
    connection.close()
    assert firm.call("GET", path)[0] == 404


def test_memory_survives_kill_minus_nine_and_external_ids_too(firm):
    firm.call("PUT", f"{RECORD}/timeBill/eid:TE-1", time_bill())
    firm.simulator.kill()
    firm.simulator.run()
    assert firm.call("PUT", f"{RECORD}/timeBill/eid:TE-1", time_bill(hours=3))[0] == 204
    assert [row["hours"] for row in firm.simulator.admin("GET", "rows/timeBill")] == [3.0]
