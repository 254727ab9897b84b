"""Who calls the API: a client with a token, or a person with a token, a session or a password."""

import hashlib
from typing import Any, cast

from oauth2_provider.models import AbstractAccessToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request as Asked
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from governance import narrowing, programs, second_factor
from governance.actor import as_actor
from governance.api import scopes
from governance.api.refusals import NOT_ALLOWED, SCOPE_MISSING, Refused
from governance.models import ApiClient, User


class BearerToken(BaseAuthentication):
    """Lets in who shows a token that counts; a client without a person acts as the account of its own."""

    def authenticate(self, request: Request) -> tuple[User, AbstractAccessToken] | None:
        """Return whose rights count, and the token. Raises AuthenticationFailed for a token that counts no more.

        Raises Refused (403) for a person who lacks the second factor that their roles demand.
        """
        way, _, token = request.headers.get("Authorization", "").partition(" ")
        if way.lower() != "bearer":
            return None  # another way to sign in
        # Without the parameters, of which the library refuses some with an error, and the body, which the view reads.
        asked = Asked(request.build_absolute_uri(request.path), cast(Any, request.method))
        if not OAuth2Validator().validate_bearer_token(token.strip(), [], asked):
            raise AuthenticationFailed("The token is not known, has expired or was revoked. Ask for a new one.")
        user = asked.user or cast(Any, asked.access_token).application.user
        if user is None or not user.is_active:
            raise AuthenticationFailed("The account behind this token is closed. Ask an operator.")
        if asked.user is not None:
            if second_factor.is_missing(user):
                raise Refused(NOT_ALLOWED, second_factor.MISSING)
            programs.used(asked.access_token)
        return user, asked.access_token


def reference(request: Request) -> str:
    """Return by what requests are counted: "client:3" for a token's client, else the person's reference."""
    client = client_of(request)
    return f"client:{client.pk}" if client else as_actor(request.user).reference


def by_whom(request: Request) -> str:
    """Return whose a request is, as exactly as can be: the person, and with a token its client and its scopes.

    A client that acts for many people, or with tokens that reach less far, is told nothing of one with another.
    """
    who, client = as_actor(request.user).reference, client_of(request)
    if client is None:
        return who
    scopes_ = " ".join(sorted(set(cast(Any, request.auth).scope.split())))
    return f"client:{client.pk} {who} {hashlib.blake2b(scopes_.encode(), digest_size=8).hexdigest()}"


def client_of(request: Request) -> ApiClient | None:
    """Return the client of a request's token; None for a session or a password."""
    application: Any = getattr(request.auth, "application", None)
    return application if isinstance(application, ApiClient) else None


def admit(request: Request, layer: str) -> None:
    """Narrow rights to what the token was made for. Raises Refused (403) when it was not made for this layer."""
    client = client_of(request)
    if client is None:
        return
    held = cast(Any, request.auth).scope.split()
    wanted = f"{layer}:{'read' if request.method in ('GET', 'HEAD', 'OPTIONS') else 'write'}"
    if layer and (wanted not in held or wanted not in client.scopes):
        detail = f"This needs a token with the scope {wanted}. Ask for one, or have it added to the client's scopes."
        challenge = f'Bearer realm="api", error="insufficient_scope", scope="{wanted}"'
        raise Refused(SCOPE_MISSING, detail, more={"scope": wanted}, headers={"WWW-Authenticate": challenge})
    narrowing.to(scopes.reach(held, client))
