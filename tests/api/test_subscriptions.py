"""Subscriptions through the API: made, changed, paused and ended; secrets told once; events sent again and dropped."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import ApiAnswer, AuditEntry, User
from governance.rights import Role
from routes.models import Delivery, OutboundEvent, Route, Subscription
from routes.outbound import calling, signing
from routes.outbound.calling import Answered
from tests.api.test_tokens import told
from tests.governance.people import company, person
from tests.outbound.conftest import nudged

__all__ = ["nudged"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudged")]
PLACE = "/api/process/v1/subscriptions"
OUT = "/api/process/v1/deliveries"
WANTED = {
    "name": "Data warehouse", "address": "https://events.acme.example/throughline", "legal_entity": "HP-DE",
    "types": ["throughline.transaction.posted"], "routes": [], "destinations": [], "categories": [],
}  # fmt: skip
Ask = Callable[..., Any]


def asking(user: User) -> Ask:
    client = Client(raise_request_exception=False)
    client.force_login(user)

    def ask(method: str, place: str, body: Any = None, **headers: str) -> Any:
        given = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return getattr(client, method)(place, headers=named, **given)

    return ask


@pytest.fixture
def ask() -> Ask:
    return asking(person("Ines Brandt", Role.INTEGRATION_ADMIN, company("HP-DE")))


def delivery(row: Subscription) -> Delivery:
    event = OutboundEvent.objects.create(
        type="throughline.transaction.posted", key="k", subject="TE-1", legal_entity=company("HP-DE"), route_id=1,
        happened_at=timezone.now(), body="{}",
    )  # fmt: skip
    event.refresh_from_db()
    return Delivery.objects.create(
        subscription=row, event=event, key="k", sequence=event.number, due_at=timezone.now()
    )  # fmt: skip


def test_subscription_is_made_with_a_secret_that_is_told_once(ask: Ask) -> None:
    made = ask("post", PLACE, WANTED)
    assert made.status_code == 201, made.content
    row, secret = Subscription.objects.get(), made.json()["secret"]
    assert signing.newest(row.kept_secrets()) == secret
    assert made["Location"] == f"{PLACE}/{row.pk}"
    shown = ask("get", made["Location"])
    assert {name: shown.json()[name] for name in WANTED} == WANTED
    assert shown["ETag"] == made["ETag"]
    assert secret not in shown.content.decode() + ask("get", PLACE).content.decode()


def test_answer_with_a_secret_is_not_kept_for_a_repeat(ask: Ask) -> None:
    told(ask("post", PLACE, WANTED, Idempotency_Key="s-1"), 400, "bad-header")
    ask("post", PLACE, WANTED)
    taken = told(ask("post", PLACE, WANTED), 422, "invalid-body")
    assert [each["pointer"] for each in taken["errors"]] == ["/name"]
    assert not ApiAnswer.objects.exists()


def test_subscription_is_changed_by_who_has_read_it(ask: Ask) -> None:
    made = ask("post", PLACE, WANTED)
    place = made["Location"]
    told(ask("put", place, WANTED), 428, "if-match-needed")
    changed = ask("put", place, WANTED | {"categories": ["validation"]}, If_Match=made["ETag"])
    assert changed.json()["categories"] == ["validation"], changed.content
    stale = told(ask("put", place, WANTED, If_Match=made["ETag"]), 412, "stale")
    assert stale["current"]["categories"] == ["validation"]
    ask("post", f"{place}/pauses", {"reason": "year-end close"})
    assert ask("put", place, WANTED, If_Match=changed["ETag"]).status_code == 200  # a pause is nobody's edit
    assert ask("delete", place, If_Match="*").status_code == 204
    assert not Subscription.objects.exists()


def test_what_cannot_work_is_told_at_its_place(ask: Ask) -> None:
    wrong = WANTED | {"address": "ftp://acme.example", "name": " ", "types": ["x"]}
    body = told(ask("post", PLACE, wrong), 422, "invalid-body")
    assert {each["pointer"] for each in body["errors"]} >= {"/types/0", "/name"}
    body = told(ask("post", PLACE, WANTED | {"routes": ["nowhere"], "legal_entity": "HP-XX"}), 422, "invalid-body")
    assert {each["pointer"] for each in body["errors"]} == {"/routes/0", "/legal_entity"}
    body = told(ask("post", PLACE, WANTED | {"address": "ftp://acme.example"}), 422, "invalid-body")
    assert [each["pointer"] for each in body["errors"]] == ["/address"]


def test_subscription_is_paused_released_and_gets_a_new_secret(ask: Ask) -> None:
    made = ask("post", PLACE, WANTED)
    place = made["Location"]
    assert ask("post", f"{place}/pauses", {"reason": "year-end close"}).json()["state"] == "paused"
    told(ask("post", f"{place}/pauses", {"reason": "again"}), 409, "not-possible")
    assert ask("post", f"{place}/releases", {}).json()["state"] == "active"
    answer = ask("post", f"{place}/secrets", {"overlap_hours": 1})
    kept = Subscription.objects.get().kept_secrets()["signing"]
    assert [each["secret"] for each in kept] == [answer.json()["secret"], made.json()["secret"]]
    told(ask("post", f"{place}/secrets", {}, Idempotency_Key="x"), 400, "bad-header")
    entry = AuditEntry.objects.get(verb="rotate_secret")
    assert (entry.channel, answer.json()["secret"] in str(entry.after)) == ("api", False)


def test_test_event_that_is_asked_for_again_under_its_key_is_sent_once(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def call_all(address: str, letters: Any, *_: Any, **__: Any) -> list[Answered]:
        sent.extend(each.event_id for each in letters)
        return [Answered(204, "204")]

    monkeypatch.setattr(calling, "call_all", call_all)
    place = ask("post", PLACE, WANTED)["Location"] + "/tests"
    first, again = (ask("post", place, {}, Idempotency_Key="t-1") for _ in range(2))
    assert (first.json(), again.content) == ({"ok": True, "message": "204"}, first.content)
    assert (len(sent), again["Idempotency-Replayed"]) == (1, "true")
    ask("post", place, {})
    assert len(sent) == 2, "without a key each request sends one"


def test_what_is_read_of_a_subscription_whose_route_was_deleted_can_be_sent_back(ask: Ask) -> None:
    made = ask("post", PLACE, WANTED)
    Subscription.objects.update(routes=[4711], destinations=[815, 816])  # which are there no more
    place = made["Location"]
    read = ask("get", place)
    body = {name: read.json()[name] for name in WANTED}
    assert body["routes"] == ["gone-4711"]
    assert body["destinations"][0] == {"route": "gone-815", "destination": "gone-815"}
    back = ask("put", place, body, If_Match=read["ETag"])
    assert (back.status_code, back["ETag"]) == (200, read["ETag"]), back.content
    renamed = ask("put", place, body | {"name": "Lake"}, If_Match=back["ETag"])
    row = Subscription.objects.get()
    assert (row.name, row.routes, row.destinations) == ("Lake", [4711], [815, 816])
    wrong = body | {"routes": ["gone-4711", "gone-6"], "destinations": [{"route": "gone-815", "destination": "x"}]}
    told(ask("post", PLACE, body | {"name": "Another"}), 422, "invalid-body")
    found = told(ask("put", place, wrong, If_Match=renamed["ETag"]), 422, "invalid-body")["errors"]
    assert [each["pointer"] for each in found] == ["/routes/1", "/destinations/0"]
    assert "the short name of a route" in found[0]["accepted"]
    ask("put", place, body | {"routes": [], "destinations": body["destinations"][1:]}, If_Match=renamed["ETag"])
    row.refresh_from_db()
    assert (row.routes, row.destinations) == ([], [816])


def test_route_of_that_form_is_meant_where_none_was_deleted(ask: Ask) -> None:
    route = Route.objects.create(
        slug="gone-6", name="Gone 6", legal_entity=company("HP-DE"), canonical_entity="time_entry"
    )
    made = ask("post", PLACE, WANTED | {"routes": ["gone-6"]})
    assert made.status_code == 201, made.content
    assert Subscription.objects.get().routes == [route.pk]


def test_what_a_place_within_a_list_takes_is_told_of_that_place(ask: Ask) -> None:
    wrong = {"routes": [""], "destinations": [{"route": "time"}, "x"], "types": ["x"]}
    found = told(ask("post", PLACE, WANTED | wrong), 422, "invalid-body")["errors"]
    accepted = {each["pointer"]: each["accepted"] for each in found}
    assert accepted["/routes/0"].startswith("a text of at most 80 characters: short name")
    assert accepted["/destinations/0/destination"].startswith("a text of at most 120 characters: its name")
    assert accepted["/destinations/1"] == "an object with the fields route, destination"
    assert accepted["/types/0"].startswith("one of throughline.")


def test_reason_of_a_pause_is_as_long_as_the_document_says(ask: Ask) -> None:
    place = ask("post", PLACE, WANTED)["Location"]
    error = told(ask("post", f"{place}/pauses", {"reason": "x" * 301}), 422, "invalid-body")["errors"][0]
    assert (error["pointer"], "at most 300 characters" in error["accepted"]) == ("/reason", True)
    assert ask("post", f"{place}/pauses", {"reason": "x" * 300}).status_code == 200


def test_events_out_are_listed_sent_again_and_dropped(ask: Ask, nudged: list[int]) -> None:
    ask("post", PLACE, WANTED)
    row = Subscription.objects.get()
    sent = delivery(row)
    shown = ask("get", f"{OUT}?subscription={row.pk}&state=waiting&key=TE-1").json()["items"]
    assert [each["id"] for each in shown] == [sent.pk]
    assert ask("get", f"{OUT}?state=delivered").json()["items"] == []
    told(ask("get", f"{OUT}?subscription=x"), 400, "bad-parameter")
    told(ask("post", f"{OUT}/{sent.pk}/drops", {}), 422, "invalid-body")
    dropped = ask("post", f"{OUT}/{sent.pk}/drops", {"reason": "known there"})
    assert dropped.json()["state"] == "dropped", dropped.content
    assert ask("post", f"{OUT}/{sent.pk}/redeliveries", {}).json()["state"] == "waiting"
    again = ask("post", f"{PLACE}/{row.pk}/redeliveries", {"since": "2026-01-01T00:00:00Z"})
    assert again.json() == {"events": 1, "left_dropped": 0, "waits": ""}
    told(ask("post", f"{PLACE}/{row.pk}/redeliveries", {"since": "2999-01-01T00:00:00Z"}), 409, "not-possible")
    assert nudged[-1] == row.pk


def test_what_is_sent_again_to_a_subscription_that_rests_says_that_it_waits(ask: Ask, nudged: list[int]) -> None:
    place = ask("post", PLACE, WANTED)["Location"]
    sent = delivery(Subscription.objects.get())
    assert ask("get", f"{OUT}/{sent.pk}").json()["waits"] == ""
    ask("post", f"{place}/pauses", {"reason": "year-end close"})
    words = "The subscription is paused by a person. It waits until that goes on."
    assert ask("post", f"{OUT}/{sent.pk}/redeliveries", {}).json()["waits"] == words
    assert ask("post", f"{place}/redeliveries", {"since": "2026-01-01T00:00:00Z"}).json()["waits"] == words
    dropped = ask("post", f"{OUT}/{sent.pk}/drops", {"reason": "known there"})
    assert (dropped.json()["state"], dropped.json()["waits"]) == ("dropped", "")
    told(ask("post", f"{place}/redeliveries", {"since": "2026-01-01T00:00:00Z"}), 409, "not-possible")


def test_others_see_events_but_no_subscription(ask: Ask) -> None:
    made = ask("post", PLACE, WANTED)
    sent = delivery(Subscription.objects.get())
    viewer = asking(person("Viktor Lang", Role.VIEWER, company("HP-DE")))
    foreign = asking(person("Ida Berg", Role.INTEGRATION_ADMIN, company("HP-US")))
    told(viewer("get", PLACE), 403, "not-allowed")
    for there_or_not in (made["Location"], f"{PLACE}/99999"):
        answer = told(viewer("get", there_or_not), 403, "not-allowed")
        assert "HP-DE" not in str(answer.json() if hasattr(answer, "json") else answer)
    assert viewer("get", f"{OUT}/{sent.pk}").status_code == 200
    assert foreign("get", PLACE).json()["items"] == foreign("get", OUT).json()["items"] == []
    told(foreign("get", made["Location"]), 404, "not-found")
    told(foreign("get", f"{OUT}/{sent.pk}"), 404, "not-found")
