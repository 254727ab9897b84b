"""Signing in to the API as tests need it."""

import base64
import hashlib
import itertools
from typing import Any
from urllib.parse import parse_qs, urlparse

from django.test import Client

from governance import clients
from governance.actor import ENGINE
from governance.api.scopes import LAYERS
from governance.models import ApiClient

NUMBERS = itertools.count(1)


def client_of(user: Any, *, most: tuple[str, ...] | None = None) -> tuple[ApiClient, str]:
    """Return a client with its secret that acts as a user, who needs no password."""
    made, secret = clients.register(
        name=f"Client {next(NUMBERS)} of {user.username}", scopes=most or tuple(LAYERS), by=ENGINE
    )
    ApiClient.objects.filter(pk=made.pk).update(user=user)
    return made, secret


def ask_token(made: ApiClient, secret: str, scope: str = "") -> Any:
    """Ask for a token as a program does."""
    given = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
    return Client().post("/oauth/token/", given | ({"scope": scope} if scope else {}))


def token_of(user: Any, *scopes: str, most: tuple[str, ...] | None = None) -> str:
    """Return a token of a new client that acts as a user."""
    answer = ask_token(*client_of(user, most=most), scope=" ".join(scopes))
    assert answer.status_code == 200, answer.content
    return str(answer.json()["access_token"])


def get(address: str, token: str, **headers: str) -> Any:
    """Read an address with a token."""
    return Client(raise_request_exception=False).get(address, headers={"Authorization": f"Bearer {token}"} | headers)


def post(address: str, token: str, body: Any = None, **headers: str) -> Any:
    """Send a body with a token."""
    given = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): text for name, text in headers.items()}
    client = Client(raise_request_exception=False)
    if body is None:
        return client.post(address, headers=given)
    return client.post(address, body, content_type="application/json", headers=given)


BACK = "http://127.0.0.1:9999/back"
VERIFIER = "a" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def program_of_people(*most: str, name: str = "Spreadsheet") -> ApiClient:
    """Return a program that people let act for them."""
    made, _ = clients.register(name=name, scopes=most or tuple(LAYERS), redirect_uris=BACK, by=ENGINE)
    return made


def allowance(program: ApiClient, scope: str) -> dict[str, str]:
    """Return with what a program sends somebody's browser to ask them."""
    return {
        "response_type": "code", "client_id": program.client_id, "redirect_uri": BACK, "scope": scope,
        "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "x", "allow": "yes",
    }  # fmt: skip


def code_of(browser: Client, program: ApiClient, scope: str) -> str:
    """Let a program act for whoever is signed in; return the code with which it fetches its tokens."""
    answer = browser.post("/oauth/authorize/", allowance(program, scope))
    return parse_qs(urlparse(answer["Location"]).query)["code"][0]


def redeem(program: ApiClient, code: str) -> Any:
    """Ask for tokens with a code."""
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "client_id": program.client_id}
    return Client().post("/oauth/token/", given | {"code_verifier": VERIFIER})


def refresh(program: ApiClient, token: str) -> Any:
    """Ask for new tokens with a refresh token."""
    given = {"grant_type": "refresh_token", "refresh_token": token, "client_id": program.client_id}
    return Client(raise_request_exception=False).post("/oauth/token/", given)


def tokens_for(user: Any, program: ApiClient, *scopes: str) -> dict[str, str]:
    """Return the tokens of a program that somebody lets act for them."""
    browser = Client()
    browser.force_login(user)
    answer = redeem(program, code_of(browser, program, " ".join(scopes or LAYERS)))
    assert answer.status_code == 200, answer.content
    told: dict[str, str] = answer.json()
    return told
