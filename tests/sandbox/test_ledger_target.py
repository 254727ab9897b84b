"""The ledger's write side: three modes, exact totals, memory across kill -9, faults on either side of the commit."""

import contextlib
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

JSON = {"Content-Type": "application/json"}
ENTRY = {"key": "TE-1", "hours": 7.35, "amount": "924.94", "currency": "EUR", "effect": 1}


def post(ledger, entry=ENTRY, key="k-1", path="/entries", method="POST"):
    status, raw = ledger.request(method, path, entry, headers={"Idempotency-Key": key} if key else None)
    return status, json.loads(raw or b"{}")


def commits(ledger):
    return [line for line in ledger.log() if line["kind"] == "commit"]


def test_idempotent_absorbs_a_repeat_and_refuses_other_bytes(shared):
    ledger = shared("ledger", mode="idempotent")
    first, again = post(ledger), post(ledger)
    assert first == again == (201, {"id": "L000000001", "reference": "LR-000000001", "key": "TE-1", "version": "1"})
    status, body = post(ledger, {**ENTRY, "hours": 8})
    assert (status, body["error"]["code"]) == (422, "idempotency_key_reused")
    assert [line["hours"] for line in commits(ledger)] == ["7.35"]


@pytest.mark.parametrize(("mode", "found"), [("look_up", 2), ("blind", None)])
def test_without_dedup_a_repeat_happens_twice(shared, mode, found):
    ledger = shared("ledger", mode=mode)
    post(ledger)
    post(ledger)
    assert len(commits(ledger)) == 2
    status, raw = ledger.request("GET", "/entries?key=TE-1&key=TE-2")
    if found is None:
        assert status == 404
    else:
        lines = json.loads(raw)["entries"]
        assert [(line["id"], line["amount"]) for line in lines] == [
            ("L000000001", "924.94"),
            ("L000000002", "924.94"),
        ]


def test_update_reverse_and_void_keep_exact_totals(shared):
    ledger = shared("ledger", mode="look_up")
    post(ledger)
    post(ledger, {"hours": 8, "amount": "1006.67", "currency": "EUR"}, "k-2", "/entries/TE-1", "PUT")
    post(ledger, {**ENTRY, "key": "TE-2", "amount": "0.10"}, "k-3")
    assert ledger.admin("GET", "totals")["net"] == {"EUR": {"hours": "15.35", "amount": "1006.77"}}
    assert post(ledger, {"key": "TE-1"}, "k-4", "/reversals")[0] == 201
    assert post(ledger, None, "k-5", "/entries/TE-2", "DELETE")[0] == 200
    totals = ledger.admin("GET", "totals")
    assert Decimal(totals["net"]["EUR"]["amount"]) == 0
    assert totals["operations"] == {"create": 2, "delta": 0, "update": 1, "reverse": 1, "void": 1}
    assert post(ledger, None, "k-6", "/entries/TE-2", "DELETE")[0] == 409


def test_one_bad_item_of_a_batch_does_not_refuse_the_others(shared):
    ledger = shared("ledger", mode="idempotent")
    wrapped = {"idempotency_key": "k-1", "entry": ENTRY}
    bare = {**ENTRY, "key": "TE-3", "idempotency_key": "k-3"}
    body = {"entries": [wrapped, {"key": "TE-2"}, bare, wrapped]}
    _, answer = post(ledger, body, "", "/entries/batch")
    assert [result["status"] for result in answer["results"]] == [201, 422, 201, 201]
    assert post(ledger)[1]["id"] == "L000000001"  # the same key and bytes as the wrapped item
    assert len(commits(ledger)) == 2
    assert post(ledger, {"entries": [ENTRY] * 101}, "", "/entries/batch")[0] == 422


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/entries", {"key": "TE-1", "hours": 1}, {}, 422),
        ("/entries", {"hours": 1, "amount": 1}, {}, 422),
        ("/entries", {"key": "TE-1", "hours": "x", "amount": 1}, {}, 400),
        ("/entries", ENTRY, {"Content-Type": "text/plain"}, 415),
        ("/reversals", {"key": "TE-9"}, {}, 404),
        ("/nothing", ENTRY, {}, 404),
    ],
)
def test_refusals_commit_nothing(shared, path, body, headers, status):
    ledger = shared("ledger", mode="look_up")
    assert ledger.request("POST", path, body, headers=headers)[0] == status
    assert commits(ledger) == []


def test_memory_survives_kill_minus_nine(shared):
    ledger = shared("ledger", mode="idempotent")
    for number in range(20):
        post(ledger, {**ENTRY, "key": f"TE-{number}"}, f"k-{number}")
    before = ledger.admin("GET", "totals")
    ledger.kill()
    with (ledger.state / "ledger.jsonl").open("ab") as file:
        file.write(b'{"kind":"commit","seq":99')  # torn: no answer was given for it
    ledger.run()
    assert ledger.admin("GET", "totals") == before
    assert post(ledger, {**ENTRY, "key": "TE-3"}, "k-3")[1]["id"] == "L000000004"
    assert len(commits(ledger)) == 20


def test_no_answered_line_is_lost_when_killed_at_work(shared):
    ledger, answered = shared("ledger", mode="blind"), set()

    def post_until_killed(worker):
        with contextlib.closing(ledger.connect()) as connection:
            for number in range(100_000):
                key = f"TE-{worker}-{number}"
                connection.request("POST", "/entries", json.dumps({**ENTRY, "key": key}), JSON)
                if connection.getresponse().read():
                    answered.add(key)

    with ThreadPoolExecutor(4) as pool:
        posting = [pool.submit(post_until_killed, worker) for worker in range(4)]
        while len(answered) < 200:
            time.sleep(0.005)
        ledger.kill()
    assert all(isinstance(one.exception(), (http.client.HTTPException, ConnectionError)) for one in posting)
    assert answered <= {line["key"] for line in commits(ledger)}
    ledger.run()
    assert ledger.admin("GET", "totals")["commits"] >= len(answered)


@pytest.mark.parametrize(
    ("fault", "committed"),
    [("commit_and_hang_up", 1), ("half_body", 1), ("lose_and_hang_up", 0), ("lose_and_hang", 0)],
)
def test_hanging_up_on_either_side_of_the_commit(shared, fault, committed):
    ledger = shared("ledger", mode="look_up")
    ledger.set_faults({"fault": fault, "times": 1, "method": "POST", "seconds": 0.1})
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        post(ledger)
    assert len(commits(ledger)) == committed
    assert post(ledger)[0] == 201
    assert [line["fault"] for line in ledger.log() if line["kind"] == "fault"] == [fault]


@pytest.mark.parametrize(
    ("fault", "status", "committed"),
    [
        ("unavailable", 503, 0),
        ("server_error", 500, 0),
        ("throttled", 429, 0),
        ("expired", 401, 0),
        ("html", 200, 0),
        ("empty", 200, 0),
        ("error_after_commit", 500, 1),
        ("answer_late", 201, 1),
    ],
)
def test_answers_that_mislead(shared, fault, status, committed):
    ledger = shared("ledger", mode="look_up")
    ledger.set_faults({"fault": fault, "times": 1, "key": "TE-1", "seconds": 0.05})
    assert ledger.request("POST", "/entries", ENTRY)[0] == status
    assert len(commits(ledger)) == committed


def test_a_late_commit_happens_although_the_caller_has_gone(shared):
    ledger = shared("ledger", mode="look_up")
    ledger.set_faults({"fault": "commit_late", "times": 1, "seconds": 0.3, "seconds_max": 0.4})
    connection = http.client.HTTPConnection("127.0.0.1", ledger.port, timeout=0.1)
    connection.request("POST", "/entries", json.dumps(ENTRY), {"Content-Type": "application/json"})
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert commits(ledger) == []
    assert ledger.admin("GET", "state")["pending"] == 1
    ledger.wait_until_settled()
    assert len(commits(ledger)) == 1


def test_a_late_commit_is_absorbed_when_its_repeat_came_first(shared):
    ledger = shared("ledger", mode="idempotent")
    ledger.set_faults({"fault": "commit_late", "times": 1, "seconds": 0.3})
    connection = http.client.HTTPConnection("127.0.0.1", ledger.port)
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k-1"}
    connection.request("POST", "/entries", json.dumps(ENTRY), headers)
    time.sleep(0.05)
    assert post(ledger)[0] == 201
    ledger.wait_until_settled()
    connection.close()
    assert len(commits(ledger)) == 1


def test_the_same_seed_hurts_the_same_keys(shared):
    ledger, hurt = shared("ledger", mode="look_up"), []
    for order in (range(60), reversed(range(60))):
        ledger.set_faults({"fault": "unavailable", "probability": 0.2}, seed=5)
        statuses = {key: post(ledger, {**ENTRY, "key": f"TE-{key}"}, "")[0] for key in order}
        hurt.append({key for key, status in statuses.items() if status == 503})
    assert hurt[0] == hurt[1]
    assert 3 <= len(hurt[0]) <= 25


def test_a_token_is_asked_for_when_configured(start):
    ledger = start("ledger", token="t-1")
    assert post(ledger)[0] == 401
    assert ledger.request("POST", "/entries", ENTRY, headers={"Authorization": "Bearer t-1"})[0] == 201
