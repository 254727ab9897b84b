"""Our API: what is acknowledged is kept, what is refused names every field, and nothing is half-stored."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from canonical import codec
from canonical.entities import ENTITIES
from governance.rights import Role
from routes import bodies, clock, intake, tasks
from routes.models import InboundEvent, Record, Route, Transaction
from tests import clocks
from tests.governance.people import company, person
from tests.intake.firm import EVENTS, Firm, body, record


def client(user: Any) -> Client:
    made = Client(raise_request_exception=False)
    made.force_login(user)
    return made


def send(firm: Firm, content: bytes, user: Any = None, media: str = "application/json", **headers: str) -> Any:
    return client(user or firm.farid).post(EVENTS, content, content_type=media, headers=headers)


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"urn:throughline:problem:{kind}"
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    assert not Record.objects.exists()
    return told


def test_event_is_kept_and_acknowledged_with_the_address_of_its_story(firm: Firm) -> None:
    answer = send(firm, body(record(1), record(2)))
    assert answer.status_code == 202
    event = InboundEvent.objects.get()
    assert answer["Location"] == f"/api/process/v1/events/{event.pk}"
    assert json.loads(event.body) == json.loads(body(record(1), record(2)))
    story = client(firm.viktor).get(answer["Location"]).json()
    assert (story["status"], story["records"]) == ("received", [])


def test_event_for_a_route_that_is_switched_off_waits_and_says_so(firm: Firm) -> None:
    Route.objects.filter(pk=firm.events.pk).update(enabled=False)
    answer = send(firm, body(record(1)))
    assert answer.status_code == 202
    tasks.take_in_events(firm.events.pk)  # as the answer says that there is something
    assert not Record.objects.exists()
    story = client(firm.viktor).get(answer["Location"]).json()
    assert story["status"] == "received"
    assert story["summary"].endswith("its route is switched off, and it will be worked on once that is switched on.")


def test_processed_event_says_what_became_of_its_records(firm: Firm) -> None:
    place = send(firm, body(record(1), record(2, hours="0.00"), record(3, approval_status="submitted")))["Location"]
    intake.work(firm.events.pk)
    story = client(firm.viktor).get(place).json()
    assert story["status"] == "processed"
    by_key = {each["key"]: each for each in story["records"]}
    assert by_key["HP-DE/TE-1"]["destinations"] == [
        {"destination": "Ledger", "status": "ready to send", "explanation": "", "warnings": []}
    ]
    assert "more than nothing" in by_key["HP-DE/TE-2"]["destinations"][0]["explanation"]
    assert by_key["HP-DE/TE-3"]["status"] == "left out: no destination's condition chose it"
    assert "1 ready to send" in story["summary"]


def test_decimals_arrive_with_every_digit(firm: Firm) -> None:
    send(firm, body(record(1, hours="0.1000", amount="12345678901234.5678901234")))
    intake.work(firm.events.pk)
    [made] = Record.objects.all()
    values = codec.loads(
        ENTITIES["time_entry"], str(bodies.read([made.canonical_payload_id])[made.canonical_payload_id])
    )
    assert str(values["hours"]) == "0.1000"
    assert values["amount"] == Decimal("12345678901234.5678901234")
    assert (made.key, made.legal_entity.code) == ("HP-DE/TE-1", "HP-DE")


def test_newer_version_supersedes_and_a_known_one_changes_nothing(firm: Firm) -> None:
    send(firm, body(record(1)))
    send(firm, body(record(1, hours="6.00", changed_at="2026-10-07T08:00:00Z")))
    again = send(firm, body(record(1, hours="6.00", changed_at="2026-10-07T08:00:00Z")))
    intake.work(firm.events.pk)
    assert list(Transaction.objects.order_by("version").values_list("state", flat=True)) == ["superseded", "ready"]
    story = client(firm.farid).get(again["Location"]).json()
    assert [each["status"] for each in story["records"]] == ["known already, nothing changed"]


def test_records_without_a_time_of_change_count_in_the_order_in_which_they_came(firm: Firm) -> None:
    hours = ["1.00", "9.00", "4.00", "2.00", "7.00"]
    send(firm, body(*(record(1, hours=each, changed_at=None) for each in hours[:3])))
    send(firm, body(*(record(1, hours=each, changed_at=None) for each in hours[3:])))
    intake.work(firm.events.pk)
    found = Transaction.objects.order_by("version").values_list("state", "hours")
    assert list(found) == [*(("superseded", Decimal(each)) for each in hours[:4]), ("ready", Decimal("7.00"))]


@pytest.mark.parametrize("worked_between", [True, False])
def test_event_after_the_clock_was_set_back_is_newer_than_the_one_before(firm: Firm, worked_between: bool) -> None:
    send(firm, body(record(1, hours="1.00", changed_at=None)))
    if worked_between:
        intake.work(firm.events.pk)
    clock.mend()
    clocks.jump(-3600)
    send(firm, body(record(1, hours="2.00", changed_at=None)))
    clock.mend()
    intake.work(firm.events.pk)
    found = Transaction.objects.order_by("version").values_list("state", "hours")
    assert list(found) == [("superseded", Decimal("1.00")), ("ready", Decimal("2.00"))]


def test_same_key_and_bytes_give_the_same_answer_once(firm: Firm) -> None:
    first, second = (send(firm, body(record(1)), **{"Idempotency-Key": "k-1"}) for _ in range(2))
    assert first.status_code == second.status_code == 202
    assert first["Location"] == second["Location"]
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first.headers
    assert second["Idempotency-Replayed"] == "true"
    assert InboundEvent.objects.count() == 1


def test_key_is_its_callers_own(firm: Firm) -> None:
    """Two programs that number their batches alike both send what they have."""
    grace = person("Grace Field", Role.FINANCE, company("HP-DE"))
    first = send(firm, body(record(1)), **{"Idempotency-Key": "batch-17"})
    other = send(firm, body(record(2)), grace, **{"Idempotency-Key": "batch-17"})
    assert (first.status_code, other.status_code) == (202, 202), other.content
    assert "Idempotency-Replayed" not in other.headers
    assert InboundEvent.objects.count() == 2
    again = send(firm, body(record(2)), grace, **{"Idempotency-Key": "batch-17"})
    assert (again["Location"], again["Idempotency-Replayed"]) == (other["Location"], "true")


def test_key_that_an_earlier_release_has_kept_counts_for_the_same_bytes(firm: Firm) -> None:
    first = send(firm, body(record(1)), **{"Idempotency-Key": "k-1"})
    InboundEvent.objects.update(idempotency_key="k-1")  # as it was kept before keys were those of callers
    again = send(firm, body(record(1)), **{"Idempotency-Key": "k-1"})
    assert (again["Location"], again["Idempotency-Replayed"]) == (first["Location"], "true")
    assert send(firm, body(record(2)), **{"Idempotency-Key": "k-1"}).status_code == 202


def test_same_key_with_other_bytes_is_refused(firm: Firm) -> None:
    send(firm, body(record(1)), **{"Idempotency-Key": "k-1"})
    problem(send(firm, body(record(2)), **{"Idempotency-Key": "k-1"}), 422, "idempotency-key-reused")
    assert InboundEvent.objects.count() == 1


@pytest.mark.parametrize("key", ["with space", "x" * 201, "ü"])
def test_unusable_idempotency_key_is_refused(firm: Firm, key: str) -> None:
    problem(send(firm, body(record(1)), **{"Idempotency-Key": key}), 400, "bad-header")


@pytest.mark.parametrize(
    ("content", "offset", "line"),
    [(b'{"records": [\n{"hours" 1}]}', 23, 2), (b'{"records"', 10, 1), (b" ", 1, 1), (b'{"a": "\xff"}', 7, 1)],
)
def test_unreadable_body_names_the_position(firm: Firm, content: bytes, offset: int, line: int) -> None:
    told = problem(send(firm, content), 400, "unreadable-body")
    assert (told["position"]["offset"], told["position"]["line"]) == (offset, line)
    assert not InboundEvent.objects.exists()


def test_deeply_nested_body_is_refused(firm: Firm) -> None:
    problem(send(firm, b'{"records":' + b"[" * 100_000), 400, "unreadable-body")


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_other_media_types_are_refused(firm: Firm, media: str) -> None:
    assert problem(send(firm, body(record(1)), media=media), 415, "media-type")["accepted"] == ["application/json"]


def test_body_without_a_media_type_is_refused_as_people_say_it(firm: Firm) -> None:
    told = problem(send(firm, body(record(1)), media=""), 415, "media-type")
    assert told["detail"] == "No media type was given. Send the header Content-Type: application/json."


def test_compressed_body_is_refused(firm: Firm) -> None:
    problem(send(firm, body(record(1)), **{"Content-Encoding": "gzip"}), 415, "media-type")


def test_body_over_the_limit_is_refused(firm: Firm, settings: Any) -> None:
    settings.EVENT_BYTES = 300
    assert problem(send(firm, body(record(1), record(2))), 413, "too-large")["limit"] == 300


def test_every_wrong_field_is_named_with_the_accepted_form(firm: Firm) -> None:
    wrong = record(
        1, hours=7.5, amount="1e400", worked_on="2026-13-01", billable="yes", currency="EURO",
        aproval_status="approved", changed_at="2026-10-06T08:00:00", description="\ud800", approval_status="perhaps",
    )  # fmt: skip
    del wrong["project_code"]
    told = problem(send(firm, body(record(2), wrong, "no record")), 422, "invalid-records")  # type: ignore[arg-type]
    found = {each["pointer"]: each["accepted"] for each in told["errors"]}
    assert found.keys() == {
        *(f"/records/1/{name}" for name in ("hours", "amount", "worked_on", "billable", "aproval_status", "currency")),
        *(f"/records/1/{name}" for name in ("changed_at", "description", "approval_status", "project_code")),
        "/records/2",
    }
    assert '"7.50"' in found["/records/1/hours"]
    assert found["/records/1/aproval_status"].startswith("approval_status")
    assert "approved" in found["/records/1/approval_status"]
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b"[]", ""),
        (b"{}", "/records"),
        (b'{"records": []}', "/records"),
        (b'{"records": [{}], "mode": "x"}', "/mode"),
        (b'{"records": [{"hours": "1", "hours": "2"}]}', "/records/0/hours"),
        (body(record(1, entry_id="x" * 200)), "/records/0/entry_id"),
        (body(record(1, hours="123456789.0")), "/records/0/hours"),
        (body(record(1, hours=True)), "/records/0/hours"),
        (body(record(1, worker_name="a\x00b")), "/records/0/worker_name"),
        (body(record(1, changed_at="0001-01-01T00:00:00+14:00")), "/records/0/changed_at"),
    ],
)
def test_wrong_place_is_pointed_at(firm: Firm, content: bytes, pointer: str) -> None:
    assert pointer in [each["pointer"] for each in problem(send(firm, content), 422, "invalid-records")["errors"]]


def test_body_of_nothing_but_errors_costs_little(firm: Firm) -> None:
    many = b'{"records": [{%s}]}' % b",".join(b'"f%d": 1' % number for number in range(100_000))
    assert len(problem(send(firm, many), 422, "invalid-records")["errors"]) < 600


def test_lines_are_checked_one_by_one(firm: Firm) -> None:
    firm.events.canonical_entity = "invoice"
    firm.events.save()
    line = {"legal_entity": "HP-DE", "invoice_id": "I-1", "line_id": "1", "amount": 5, "colour": "red"}
    told = problem(send(firm, body({"lines": [line, 7]})), 422, "invalid-records")
    pointers = {each["pointer"] for each in told["errors"]}
    assert {"/records/0/lines/0/amount", "/records/0/lines/0/colour", "/records/0/lines/1"} <= pointers


def test_strangers_are_asked_to_sign_in(firm: Firm) -> None:
    answer = Client().post(EVENTS, body(record(1)), content_type="application/json")
    problem(answer, 401, "sign-in-needed")
    assert answer["WWW-Authenticate"].startswith("Basic")


def test_http_basic_opens_the_door(firm: Firm) -> None:
    firm.farid.set_password("a long enough phrase")
    firm.farid.save()
    answer = Client().post(
        EVENTS, body(record(1)), content_type="application/json",
        headers={"Authorization": "Basic ZmFyaWQ6YSBsb25nIGVub3VnaCBwaHJhc2U="},
    )  # fmt: skip
    assert answer.status_code == 202


def test_session_without_csrf_token_is_refused(firm: Firm) -> None:
    made = Client(enforce_csrf_checks=True)
    made.force_login(firm.farid)
    problem(made.post(EVENTS, body(record(1)), content_type="application/json"), 403, "not-allowed")


def test_viewer_may_look_and_not_send(firm: Firm) -> None:
    told = problem(send(firm, body(record(1)), firm.viktor), 403, "not-allowed")
    assert "send business events" in told["detail"]


def test_other_entities_do_not_learn_that_a_route_or_event_exists(firm: Firm) -> None:
    place = send(firm, body(record(1)))["Location"]
    hidden = send(firm, body(record(1)), firm.ingrid)
    absent = client(firm.ingrid).post(EVENTS.replace("time-events", "nothing"), body(record(1)), "application/json")
    assert problem(hidden, 404, "not-found")["title"] == problem(absent, 404, "not-found")["title"]
    assert hidden.json()["detail"].replace("time-events", "nothing") == absent.json()["detail"]
    problem(client(firm.ingrid).get(place), 404, "not-found")


def test_record_of_an_entity_one_may_not_send_for_is_like_one_that_does_not_exist(firm: Firm) -> None:
    told = problem(
        send(firm, body(record(1, legal_entity="HP-GB"), record(2, legal_entity="XX"))), 422, "invalid-records"
    )
    first, second = told["errors"]
    assert first["detail"].replace("HP-GB", "XX") == second["detail"]
    assert first["accepted"] == "one of HP-DE"
    assert not InboundEvent.objects.exists()


def test_pulled_route_takes_no_events(firm: Firm) -> None:
    answer = client(firm.farid).post(EVENTS.replace("time-events", "time-pushed"), body(record(1)), "application/json")
    problem(answer, 404, "not-found")


@pytest.mark.parametrize(
    ("method", "kind", "status"), [("get", "method-not-allowed", 405), ("put", "method-not-allowed", 405)]
)
def test_other_methods_are_refused_in_words(firm: Firm, method: str, kind: str, status: int) -> None:
    problem(getattr(client(firm.farid), method)(EVENTS), status, kind)


def test_unknown_address_below_the_api_is_a_problem_too(firm: Firm) -> None:
    problem(client(firm.farid).get("/api/process/v1/nothing"), 404, "not-found")


def test_silent_broker_does_not_hinder_acknowledging(
    transactional_db: None, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery import current_app
    from kombu.exceptions import OperationalError

    from routes import nudges

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(current_app, "send_task", away)
    monkeypatch.setattr(nudges, "_silent_until", 0.0)
    assert send(firm, body(record(1))).status_code == 202


def test_key_of_blanks_is_refused_as_a_missing_one(firm: Firm) -> None:
    told = problem(send(firm, body(record(1, entry_id="   "))), 422, "invalid-records")
    assert "has no entry id" in str(told)
