"""Programs that people let act for them: authorization code with PKCE; and the admin's pages for clients."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from django.test import Client

from governance import clients
from governance.models import ApiClient, AuditEntry, User
from tests.api.conftest import Staff
from tests.api.signing import ask_token, get
from tests.api.test_tokens import RUNS, told
from tests.door import marks

BACK = "http://127.0.0.1:9999/back"
VERIFIER = "a" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def program(staff: Staff) -> ApiClient:
    made, secret = clients.register(
        name="Spreadsheet", scopes=["process:read", "experience:read"], redirect_uris=BACK, by=staff.olga
    )
    assert secret == ""
    return made


def asked(program: ApiClient, **more: str) -> dict[str, str]:
    return {
        "response_type": "code", "client_id": program.client_id, "redirect_uri": BACK, "scope": "process:read",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "x",
    } | more  # fmt: skip


def signed_in(user: Any) -> Client:
    made = Client(raise_request_exception=False)
    made.force_login(user)
    return made


def test_person_lets_a_program_act_for_them_with_their_rights_and_the_scope(staff: Staff, program: ApiClient) -> None:
    browser = signed_in(staff.viktor)
    page = browser.get("/oauth/authorize/", asked(program)).content.decode()
    assert "Let Spreadsheet act for you?" in page
    assert "read routes, runs, transactions" in page
    answer = browser.post("/oauth/authorize/", asked(program) | {"allow": "yes"})
    code = parse_qs(urlparse(answer["Location"]).query)["code"][0]
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "client_id": program.client_id}
    assert Client().post("/oauth/token/", given | {"code_verifier": "b" * 64}).status_code == 400
    answer = browser.post("/oauth/authorize/", asked(program) | {"allow": "yes"})
    given["code"] = parse_qs(urlparse(answer["Location"]).query)["code"][0]
    token = Client().post("/oauth/token/", given | {"code_verifier": VERIFIER}).json()["access_token"]
    assert get(RUNS, token).status_code == 200
    told(get("/api/experience/v1/totals", token), 403, "scope-missing")


def test_program_of_a_company_that_is_gone_is_told_of_in_words(staff: Staff, program: ApiClient) -> None:
    program.scopes = ["process:read", "entity:HP-GONE"]
    program.save()
    page = signed_in(staff.viktor).get("/oauth/authorize/", asked(program, scope="process:read entity:HP-GONE"))
    assert page.status_code == 200
    assert "for HP-GONE only, a company that is not there any more" in page.content.decode()


def test_without_pkce_or_to_another_address_nothing_is_allowed(staff: Staff, program: ApiClient) -> None:
    browser = signed_in(staff.viktor)
    without = asked(program)
    del without["code_challenge"], without["code_challenge_method"]
    answer = browser.get("/oauth/authorize/", without)
    assert "error=invalid_request" in answer["Location"]
    elsewhere = browser.get("/oauth/authorize/", asked(program, redirect_uri="http://elsewhere.example/"))
    assert elsewhere.status_code == 400
    assert "This request cannot be answered" in elsewhere.content.decode()


def test_who_is_not_signed_in_signs_in_first(program: ApiClient) -> None:
    answer = Client().get("/oauth/authorize/", asked(program))
    assert answer["Location"].startswith("/login/?next=")


@pytest.fixture
def olga(staff: Staff) -> Client:
    User.objects.filter(pk__in=[staff.olga.pk, staff.ingrid.pk]).update(is_staff=True)
    return signed_in(staff.olga)


def test_operator_registers_a_client_in_the_admin_and_sees_its_secret_once(olga: Client, staff: Staff) -> None:
    place = "/admin/governance/apiclient/"
    assert "Register a client of the API" in olga.get(f"{place}add/").content.decode()
    page = olga.post(f"{place}add/", {"name": "Time tool", "scopes": ["process:read", "process:write"]})
    made = ApiClient.objects.get()
    secret = page.content.decode().partition("Secret</dt>")[2]
    secret = secret.partition("<code")[2].partition(">")[2].partition("</code>")[0]
    assert ask_token(made, secret).status_code == 200
    assert "no-store" in page["Cache-Control"]
    shown = olga.get(f"{place}{made.pk}/change/").content.decode()
    assert made.client_id in shown
    assert secret not in shown
    assert made.client_secret not in shown
    assert AuditEntry.objects.get(verb="register").channel == "admin"


def test_operator_changes_a_client_and_renews_its_secret(olga: Client, staff: Staff) -> None:
    made, old = clients.register(name="Time tool", scopes=["process:read"], by=staff.olga)
    place = f"/admin/governance/apiclient/{made.pk}"
    typed = {"scopes": ["system:read"], "enabled": "on"} | marks(olga, f"{place}/changes/")
    assert olga.post(f"{place}/changes/", typed).status_code == 302
    made.refresh_from_db()
    assert made.scopes == ["system:read"]
    assert (
        "The secret is shown this once"
        in olga.post(f"{place}/secrets/", {"reason": "it was in a mail"}).content.decode()
    )
    assert ask_token(made, old).status_code == 401


def test_others_see_no_clients_in_the_admin(olga: Client, staff: Staff) -> None:
    made, _ = clients.register(name="Time tool", scopes=["process:read"], by=staff.olga)
    ingrid = signed_in(staff.ingrid)
    for place in ("", "add/", f"{made.pk}/change/", f"{made.pk}/changes/", f"{made.pk}/secrets/"):
        assert ingrid.get(f"/admin/governance/apiclient/{place}").status_code == 403, place


def test_page_to_browse_the_api_needs_nothing_from_elsewhere(staff: Staff) -> None:
    assert Client().get("/api/").status_code == 302
    page = signed_in(staff.viktor).get("/api/").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert 'src="http' not in page
    assert 'href="http' not in page


def test_client_that_is_gone_and_parameters_that_cannot_be_read_are_refused_in_words(
    staff: Staff, program: ApiClient
) -> None:
    browser = signed_in(staff.viktor)
    answer = browser.get("/oauth/authorize/?x=%zz")
    assert (answer.status_code, "%25" in answer.content.decode()) == (400, True)
    answer = browser.post("/oauth/authorize/", asked(program, client_id="none") | {"allow": "yes"})
    assert answer.status_code == 400
    assert "is not known, or is no longer registered" in answer.content.decode()
