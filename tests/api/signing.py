"""Signing in to the API as tests need it."""

import itertools
from typing import Any

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
