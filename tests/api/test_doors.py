"""Every address below /api/, asked in ways that the document does not name: always a problem in words, never a page."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.rights import Role
from hub.api.described import document
from tests.api.test_tokens import told
from tests.governance.people import person

pytestmark = pytest.mark.django_db
READ_ONLY = ("/api/openapi.json", "/api/openapi.yaml", "/api/schemas/project.json", "/api/")
SOME = {"slug": "x", "id": "1", "number": "1", "key": "x", "name": "x", "entity": "project"}
SOME |= {"failure": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f"}
UUIDS = {"transactions", "records", "runs", "events", "changes"}


def addresses() -> list[tuple[str, set[str]]]:
    """Return every address of the document with its methods."""
    made = []
    for path, methods in document()["paths"].items():
        given = SOME | ({"id": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f"} if UUIDS & set(path.split("/")[4:6]) else {})
        made.append((path.format(**given), set(methods)))
    return made


@pytest.fixture
def client(settings: Any) -> Client:
    """Return a program that signs in by session, and whose forms are checked as those of browsers are."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    made = Client(raise_request_exception=False, enforce_csrf_checks=True)
    made.force_login(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    return made


def test_method_that_no_address_takes_is_a_problem_that_names_those_it_does(client: Client) -> None:
    for place, methods in addresses():
        answer = client.options(place)
        assert (answer.status_code, answer.content) == (204, b""), place
        allowed = {each.strip().lower() for each in answer["Allow"].split(",")} - {"options", "head"}
        assert allowed == methods, place
        told(client.trace(place), 405, "method-not-allowed")


@pytest.mark.parametrize("place", READ_ONLY)
def test_what_is_only_read_says_so_as_a_problem(client: Client, place: str) -> None:
    for method in ("post", "put", "patch", "delete"):
        answer = getattr(client, method)(place)
        told(answer, 405, "method-not-allowed")
        assert answer["Allow"] == "GET, HEAD, OPTIONS"
    assert client.options(place)["Allow"] == "GET, HEAD, OPTIONS"
    assert (client.head(place).status_code, client.head(place).content) == (200, b"")


@pytest.mark.parametrize("place", ["/api/nothing", "/api/process/v2/runs", "/api/process/v1/runs/", "/api/openapi.xml"])
def test_address_that_does_not_exist_is_a_problem_whatever_is_asked(client: Client, place: str) -> None:
    for method in ("get", "post", "put", "delete", "options", "trace"):
        told(getattr(client, method)(place), 404, "not-found")


def test_lists_answer_head_and_refuse_other_forms(client: Client) -> None:
    place = "/api/process/v1/runs"
    head = client.head(place)
    assert (head.status_code, head.content, "RateLimit" in head) == (200, b"", True)
    for accept in ("text/html", "application/xml"):
        told(client.get(place, headers={"Accept": accept}), 406, "not-acceptable")
    assert client.get(place, headers={"Accept": "text/html, */*;q=0.1"}).status_code == 200


def test_body_of_another_media_type_is_refused_before_it_is_read(client: Client) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(person("Olga Petrenko", Role.INTEGRATION_ADMIN))
    for place in ("/api/process/v1/subscriptions", "/api/system/v1/configuration/routes"):
        for kind in ("text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            told(client.post(place, b"name=x", content_type=kind), 415, "media-type")
        told(client.post(place, b"{", content_type="application/json"), 400, "unreadable-body")


def test_session_without_its_forms_token_changes_nothing(client: Client) -> None:
    told(client.post("/api/process/v1/subscriptions", {}, content_type="application/json"), 403, "not-allowed")


def test_session_with_its_forms_token_does_what_others_do(client: Client) -> None:
    token = client.get(reverse("own-password")).cookies["csrftoken"].value
    place = "/api/process/v1/subscriptions"
    sent = {"name": "Ledger events", "url": "https://erp.halden-partner.example/", "note": 1}
    for given in ({}, {"X-CSRFToken": "x" * 32}):
        told(client.post(place, sent, content_type="application/json", headers=given), 403, "not-allowed")
    answer = client.post(place, sent, content_type="application/json", headers={"X-CSRFToken": token})
    told(answer, 422, "invalid-body")  # the body was read
    told(client.post(place, {"csrfmiddlewaretoken": token}), 403, "not-allowed")  # the header alone counts
