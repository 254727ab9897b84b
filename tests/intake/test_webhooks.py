"""Webhooks: believed only with a right, unused signature; what is believed is kept, whatever it holds."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from connectors.models import Connection
from exceptions_queue import intake as exceptions
from exceptions_queue.models import WorkItem
from governance.actor import ENGINE
from routes import intake, switching, tasks
from routes.models import Failure, InboundEvent, Record, Transaction, WebhookRefusal
from tests.intake.firm import HOOK, SECRET, TOKEN, Firm, signed
from tests.routes.world import entry


def pushed(*entries: dict[str, Any], id: str = "ev-1") -> bytes:
    return json.dumps({"event_id": id, "entries": list(entries)}, default=str).encode()


def push(content: bytes, headers: dict[str, str], media: str = "application/json", to: str = HOOK) -> Any:
    return Client(raise_request_exception=False).post(to, content, content_type=media, headers=headers)


def refusals() -> dict[str, int]:
    return dict(WebhookRefusal.objects.values_list("reason", "count"))


def test_push_is_kept_and_worked_on(firm: Firm) -> None:
    content = pushed(entry(1), entry(2))
    assert push(content, signed(content)).status_code == 200
    assert InboundEvent.objects.get().body == content.decode()
    intake.work(firm.pushed.pk)
    assert list(Record.objects.order_by("key").values_list("key", flat=True)) == ["TE-0000001", "TE-0000002"]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (lambda content: {}, "missing"),
        (lambda content: signed(content) | {"X-Time": ""}, "missing"),
        (lambda content: signed(content, secret="guessed"), "wrong"),
        (lambda content: signed(content + b" "), "wrong"),
        (lambda content: signed(content, at=time.time() - 900), "stale"),
        (lambda content: signed(content, at=time.time() + 900), "stale"),
    ],
)
def test_bad_or_missing_signature_is_refused_counted_and_logged_without_the_body(
    firm: Firm, headers: Callable[[bytes], dict[str, str]], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    content = pushed(entry(1, notes="confidential"))
    with caplog.at_level(logging.INFO):
        answers = [push(content, headers(content)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert refusals() == {reason: 2}
    assert f"reason={reason}" in caplog.text
    assert "confidential" not in caplog.text
    assert SECRET not in caplog.text
    assert reason.encode() not in answers[0].content  # a guesser is not told what was wrong
    assert not InboundEvent.objects.exists()


def test_replayed_signature_is_refused_and_counted(firm: Firm) -> None:
    content = pushed(entry(1))
    headers = signed(content)
    assert [push(content, headers).status_code for _ in range(3)] == [200, 401, 401]
    assert refusals() == {"replayed": 2}
    assert InboundEvent.objects.count() == 1


def test_event_that_its_sender_repeats_with_a_new_signature_is_believed_and_kept_once(firm: Firm) -> None:
    content = pushed(entry(1))
    assert push(content, signed(content, at=time.time() - 30)).status_code == 200
    assert push(content, signed(content)).status_code == 200
    assert InboundEvent.objects.count() == 1
    assert refusals() == {}


def test_other_body_under_a_known_event_id_is_kept_too(firm: Firm) -> None:
    for content in (pushed(entry(1)), pushed(entry(1), entry(2))):
        assert push(content, signed(content)).status_code == 200
    assert InboundEvent.objects.count() == 2
    intake.work(firm.pushed.pk)
    assert Record.objects.count() == 2


MISSHAPEN = [b"no json", b'"text"', b'{"event_id": "x"}', b"\xff\x00", b'{"entries": [1]}', b"1e9999999999999999999"]
MISSHAPEN += [b"[" * 5_000 + b"]" * 5_000]


@pytest.mark.parametrize("content", MISSHAPEN)
def test_unexpected_body_with_a_right_signature_is_kept_and_becomes_one_cause(firm: Firm, content: bytes) -> None:
    for salt in (b"", b" "):
        assert push(content + salt, signed(content + salt)).status_code == 200
    assert InboundEvent.objects.count() == 2
    intake.work(firm.pushed.pk)
    failures = Failure.objects.all()
    assert {each.category for each in failures} == {"shape"}
    assert len(failures) == 2
    assert len({each.fingerprint for each in failures}) == 1
    assert not InboundEvent.objects.filter(processed_at=None).exists()
    assert "kept" in InboundEvent.objects.first().problem


def test_deep_body_without_a_signature_is_refused_like_any_other(firm: Firm) -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    assert push(deep, signed(b"other")).status_code == 401


def test_records_that_are_not_records_are_a_shape_failure_of_their_own(firm: Firm) -> None:
    content = pushed({"colour": "red"}, entry(1))
    push(content, signed(content))
    intake.work(firm.pushed.pk)
    assert Failure.objects.get().category == "shape"
    assert Record.objects.filter(state="routed").count() == 1


def test_large_and_foreign_bodies_are_refused(firm: Firm, settings: Any) -> None:
    content = pushed(entry(1))
    assert push(content, signed(content), media="text/html").status_code == 415
    settings.EVENT_BYTES = 10
    assert push(content, signed(content)).status_code == 413
    assert refusals() == {"media_type": 1, "too_large": 1}
    assert not InboundEvent.objects.exists()


def test_stream_without_a_route_is_not_acknowledged(firm: Firm) -> None:
    content = pushed(entry(1))
    answer = push(content, signed(content), to="/hooks/time/projects")
    assert (answer.status_code, answer["Retry-After"]) == (503, "3600")
    assert refusals() == {"no_route": 1}


@pytest.mark.parametrize("place", ["/hooks/nothing/time_entries", "/hooks/ledger/entries"])
def test_connection_without_webhooks_is_not_there(firm: Firm, place: str) -> None:
    answer = push(b"{}", {}, to=place)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:throughline:problem:not-found")


def test_whatever_is_refused_says_so_as_a_problem(firm: Firm, client: Client, settings: Any) -> None:
    content = pushed(entry(1))
    answers = [push(content, signed(content + b" ")), push(content, signed(content), media="text/html")]
    answers += [push(content, signed(content), to="/hooks/time/projects"), client.put(HOOK), client.delete(HOOK)]
    assert [answer.status_code for answer in answers] == [401, 415, 503, 405, 405]
    for answer in answers:
        assert answer["Content-Type"] == "application/problem+json"
        told = answer.json()
        assert told["type"].startswith("urn:throughline:problem:")
        assert (told["status"], bool(told["title"]), bool(told["detail"])) == (answer.status_code, True, True)
    assert answers[-1]["Allow"] == "GET, POST"


def test_lost_key_is_not_acknowledged(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    from governance.keys import KeyLost

    def lost(self: Connection) -> None:
        raise KeyLost("the key is gone")

    monkeypatch.setattr(Connection, "spec", lost)
    content = pushed(entry(1))
    assert push(content, signed(content)).status_code == 503
    assert refusals() == {"key_lost": 1}


def test_handshake_is_answered_and_stores_nothing(firm: Firm) -> None:
    answer = push(b'{"challenge": "c-17"}', {})
    assert (answer.status_code, answer.content) == (200, b'{"challenge":"c-17"}')
    assert not InboundEvent.objects.exists()
    assert refusals() == {}


def test_event_that_also_has_the_handshakes_word_is_no_handshake(firm: Firm) -> None:
    content = pushed(entry(1))[:-1] + b', "challenge": "c-17"}'
    assert push(content, {}).status_code == 401
    assert push(content, signed(content)).json() == {"status": "received"}


def test_token_scheme_absorbs_nothing_without_an_event_id(make_firm: Callable[..., Firm]) -> None:
    firm = make_firm(TOKEN)
    content = json.dumps([entry(1)], default=str).encode()
    assert [push(content, {"X-Token": SECRET}).status_code for _ in range(2)] == [200, 200]
    assert push(content, {"X-Token": "guessed"}).status_code == 401
    intake.work(firm.pushed.pk)
    assert Record.objects.count() == 1
    assert InboundEvent.objects.filter(processed_at=None).count() == 0


def test_handshake_by_query_is_echoed_as_text(make_firm: Callable[..., Firm]) -> None:
    make_firm(TOKEN)
    answer = Client().get(f"{HOOK}?validationToken=<b>x</b>")
    assert (answer.content, answer["Content-Type"]) == (b"<b>x</b>", "text/plain")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert Client().get(HOOK).status_code == 404


def test_event_of_a_switched_off_route_waits(firm: Firm) -> None:
    firm.pushed.enabled = False
    firm.pushed.save()
    content = pushed(entry(1))
    assert push(content, signed(content)).status_code == 200
    assert firm.pushed.pk not in intake.due_routes()
    tasks.take_in_events(firm.pushed.pk)  # as the push says that there is something
    assert not Record.objects.exists()
    switching.switch(firm.pushed, on=True, by=ENGINE)
    tasks.take_in_events(firm.pushed.pk)
    assert Record.objects.get().key == "TE-0000001"


def test_event_of_a_switched_off_route_that_could_not_run_tells_nobody(firm: Firm) -> None:
    firm.pushed.enabled, firm.pushed.mapping = False, "not-written-yet"
    firm.pushed.save()
    content = pushed(entry(1))
    push(content, signed(content))
    assert intake.work(firm.pushed.pk) is False
    assert not Failure.objects.exists()


def test_route_that_is_not_ready_puts_its_events_off_and_says_so_once(firm: Firm) -> None:
    firm.pushed.mapping = "not-written-yet"
    firm.pushed.save()
    for number in range(2):
        content = pushed(entry(1), id=f"ev-{number}")
        push(content, signed(content))
        assert intake.work(firm.pushed.pk) is False
    assert intake.due_routes() == []
    failure = Failure.objects.get()
    assert failure.category == "configuration"
    assert "not-written-yet" in failure.message
    assert InboundEvent.objects.filter(processed_at=None).count() == 2


def test_event_that_nobody_foresaw_goes_to_a_person_and_holds_up_no_other(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from routes import receive

    whole = receive.take_in_arrivals

    def breaks(plan: Any, arrivals: Any, **more: Any) -> Any:
        if any(arrival.key == "TE-0000002" for arrival in arrivals):
            raise LookupError("unforeseen")
        return whole(plan, arrivals, **more)

    monkeypatch.setattr(receive, "take_in_arrivals", breaks)
    for number in (1, 2, 3):
        content = pushed(entry(number), id=f"ev-{number}")
        push(content, signed(content))
    while intake.work(firm.pushed.pk):
        pass
    assert Record.objects.exclude(state="failed").count() == 2
    kept = Record.objects.get(state="failed")
    assert (kept.key, Failure.objects.get().record_id, Failure.objects.get().category) == (
        "TE-0000002", kept.pk, "internal",
    )  # fmt: skip
    assert not InboundEvent.objects.filter(processed_at=None).exists()


def test_what_is_pushed_and_stops_is_somebodys_as_what_is_read(firm: Firm) -> None:
    """Trap 14 of the specification of exceptions: nobody is told of less because a record came at once."""
    content = pushed(entry(1, hours="0.00"), entry(2, hours="0.00"))
    assert push(content, signed(content)).status_code == 200
    intake.work(firm.pushed.pk)
    exceptions.take_in()
    item = WorkItem.objects.get(route_id=firm.pushed.pk)
    assert (item.members, item.state) == (2, "new")
    assert item.owner, "a team looks at it"
    assert {*Transaction.objects.values_list("state", flat=True)} == {"failed"}, "of which subscribers are told"
