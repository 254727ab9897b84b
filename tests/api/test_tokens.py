"""Tokens: who gets one, what it reaches, when it ends; kept as hashes only."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from oauth2_provider.models import get_access_token_model

from governance import clients
from governance.models import ApiClient, AuditEntry
from governance.rights import NotAllowed, Right, allowed
from tests.api.conftest import Staff
from tests.api.signing import ask_token, client_of, get, post, token_of

RUNS = "/api/process/v1/runs"


def told(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:throughline:problem:{kind}"
    return body


def test_token_of_a_client_lets_it_in_with_the_roles_of_its_account(staff: Staff) -> None:
    answer = get(RUNS, token_of(staff.farid))
    assert answer.status_code == 200
    assert answer.json() == {"items": [], "next": None}


def test_token_and_secret_are_kept_as_hashes_only(staff: Staff) -> None:
    made, secret = client_of(staff.farid)
    token = ask_token(made, secret).json()["access_token"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text || c::text FROM oauth2_provider_accesstoken t, governance_apiclient c")
        rows = str(cursor.fetchall())
    assert token not in rows
    assert secret not in rows
    assert secret not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic bm9ib2R5OndoYXQ="])
def test_who_is_not_known_is_told_how_to_sign_in(staff: Staff, header: str) -> None:
    answer = Client().get(RUNS, headers={"Authorization": header})
    told(answer, 401, "sign-in-needed")
    assert "Bearer" in answer["WWW-Authenticate"]


def test_scope_of_another_layer_or_of_reading_does_not_do(staff: Staff) -> None:
    token = token_of(staff.farid, "experience:read")
    assert told(get(RUNS, token), 403, "scope-missing")["scope"] == "process:read"
    token = token_of(staff.ingrid, "process:read")
    assert told(post("/api/process/v1/routes/x/runs", token, {}), 403, "scope-missing")["scope"] == "process:write"


def test_client_gets_no_scope_that_it_was_not_given(staff: Staff) -> None:
    made, secret = client_of(staff.farid, most=("process:read",))
    answer = ask_token(made, secret, "process:write")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_client_that_is_switched_off_is_let_in_no_more(staff: Staff) -> None:
    made, secret = client_of(staff.farid)
    token = ask_token(made, secret).json()["access_token"]
    clients.change(made, by=staff.olga, scopes=["process:read"], enabled=False, requests_per_minute=None)
    told(get(RUNS, token), 401, "sign-in-needed")
    assert ask_token(made, secret).status_code == 401
    assert not get_access_token_model().objects.exists()


def test_account_that_is_closed_is_let_in_no_more(staff: Staff) -> None:
    token = token_of(staff.farid)
    type(staff.farid).objects.filter(pk=staff.farid.pk).update(is_active=False)
    told(get(RUNS, token), 401, "sign-in-needed")


def test_new_secret_ends_the_old_one_and_its_tokens(staff: Staff) -> None:
    made, secret = client_of(staff.farid)
    token = ask_token(made, secret).json()["access_token"]
    renewed = clients.renew_secret(made, by=staff.olga, reason="it was in a mail")
    told(get(RUNS, token), 401, "sign-in-needed")
    assert ask_token(made, secret).status_code == 401
    assert ask_token(made, renewed).status_code == 200


def test_client_is_registered_by_those_who_manage_users_and_never_approves(staff: Staff) -> None:
    for other in (staff.farid, staff.clara, staff.ingrid, staff.viktor):
        with pytest.raises(NotAllowed):
            clients.register(name="Time tool", scopes=["process:read"], by=other)
    made, _ = clients.register(name="Time tool", scopes=["process:read"], by=staff.olga)
    assert AuditEntry.objects.filter(verb="register", thing_id=str(made.pk)).exists()
    from governance.models import RoleGrant

    RoleGrant.objects.create(user=made.user, role="controller", legal_entity=None, granted_by="person:1")
    assert allowed(made.user, Right.VIEW, None)
    assert not allowed(made.user, Right.APPROVE, None)


@pytest.mark.parametrize("scopes", [[], ["entity:HP-DE"], ["process:read", "everything"]])
def test_client_needs_a_layer_and_scopes_that_exist(staff: Staff, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one of"):
        clients.register(name="Time tool", scopes=scopes, by=staff.olga)
    assert not ApiClient.objects.exists()


@pytest.mark.parametrize("asked", ["password", "urn:ietf:params:oauth:grant-type:device_code", "nonsense"])
def test_grant_that_is_not_offered_is_refused_before_anything_it_carries_is_read(staff: Staff, asked: str) -> None:
    made, secret = client_of(staff.olga)
    staff.farid.set_password("right horse battery")
    staff.farid.save()
    given = {"grant_type": asked, "client_id": made.client_id, "client_secret": secret}
    answers = set()
    for tried in ("right horse battery", "wrong", ""):
        answer = Client().post("/oauth/token/", given | {"username": staff.farid.username, "password": tried})
        answers.add((answer.status_code, answer.content))
    assert len(answers) == 1, "nobody learns whether a password is right"
    ((status, body),) = answers
    assert (status, b"unsupported_grant_type" in body) == (400, True)


def test_tokens_come_by_no_address_of_a_browser(staff: Staff) -> None:
    made, _ = client_of(staff.olga)
    browser = Client()
    browser.force_login(staff.olga)
    answer = browser.get("/oauth/authorize/", {"response_type": "token", "client_id": made.client_id})
    assert b"access_token" not in answer.content
    assert "access_token" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("odd", ["x=%zz", "a[b]=1", "x=%"])
def test_odd_parameters_of_an_address_do_not_keep_a_token_from_being_looked_at(staff: Staff, odd: str) -> None:
    told(get(f"{RUNS}?{odd}", "nonsense"), 401, "sign-in-needed")
    assert get(f"{RUNS}?{odd}", token_of(staff.farid)).status_code < 500
    for address in ("/oauth/token/", "/oauth/revoke_token/"):
        answer = Client(raise_request_exception=False).post(f"{address}?{odd}", {})
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("address", ["/oauth/token/", "/oauth/revoke_token/"])
def test_program_needs_no_token_of_a_form(staff: Staff, address: str) -> None:
    made, secret = client_of(staff.farid)
    given = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret, "token": "x"}
    assert Client(enforce_csrf_checks=True).post(address, given).status_code == 200


@pytest.mark.parametrize("odd", ["x=%zz", "x=%", "a[b]=1", "x=\N{BULLET}", "x=%FF", "client_id=%zz&response_type=code"])
def test_address_where_a_person_lets_a_client_act_is_refused_on_a_page(staff: Staff, odd: str) -> None:
    for who in (None, staff.farid):
        browser = Client(raise_request_exception=False)
        if who is not None:
            browser.force_login(who)
        for answer in (browser.get(f"/oauth/authorize/?{odd}"), browser.post(f"/oauth/authorize/?{odd}", {"x": "1"})):
            assert answer.status_code in (200, 302, 400), (answer.status_code, odd)
            if answer.status_code != 302:
                assert answer["Content-Type"].startswith("text/html"), (answer["Content-Type"], odd)
                assert "<h1" in answer.content.decode()
