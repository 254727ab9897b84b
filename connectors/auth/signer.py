"""Signs requests of one connection in its chosen way; knows when a token must be fetched, not how it is stored."""

import base64
import time
from typing import Any

from connectors.answer import Answer
from connectors.auth import oauth1
from connectors.auth.fetch import Send, fetch_oauth2, fetch_session
from connectors.http import Call
from connectors.manifest.model import Auth
from connectors.spec import ConnectionSpec
from connectors.template import Scope, render_all
from connectors.tokens import EARLY, Token, Tokens, seed_of


class Signer:
    """Puts credentials on calls; `headers` names those that carry them, for redirects and redaction."""

    def __init__(self, spec: ConnectionSpec, tokens: Tokens, send: Send) -> None:
        self.spec = spec
        self.auth: Auth = spec.connector.manifest.auth_named(spec.auth)
        self.scope: Scope = {"answers": spec.answers, "secrets": spec.secrets}
        self.seed = seed_of(spec)
        self._tokens, self._send = tokens, send
        self._static = None if self.auth.has_token else self._rendered({})
        self._rendered_for: Token | None = None
        self._sign = spec.connector.override("sign")
        self.header_names = ("Authorization", *(name for name, _ in self.auth.headers))

    async def sign(self, call: Call) -> Token | None:
        """Add the credentials to the call; return the token that was used. Raises ConnectorFailure."""
        token = None
        if self.auth.has_token:
            token = await self._tokens.current(self.spec, self.seed, self._fetch)
            if token is not self._rendered_for:
                self._static, self._rendered_for = self._rendered(token.values), token
        headers, query = self._static or ({}, {})
        call.headers.update(headers)
        if query:
            call.url = call.url.update_query(query)
        if self.auth.kind == "oauth1":
            oauth1.sign(call, self.auth, self.scope)
        if self._sign is not None:
            self._sign(call, self.spec, token)
        return token

    async def current(self) -> dict[str, Any]:
        """Return the values of the token in use, for checks that they appear nowhere; empty when there is none."""
        if not self.auth.has_token:
            return {}
        return (await self._tokens.current(self.spec, self.seed, self._fetch)).values

    async def renew(self, stale: Token) -> None:
        """Fetch another token, unless another task or process has already done so. Raises ConnectorFailure."""
        await self._tokens.renew(self.spec, self.seed, stale, self._fetch)

    def _rendered(self, token: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        scope = {**self.scope, "token": dict(token)}
        if self.auth.kind == "basic":
            pair = f"{self.auth.values['username'].text(scope)}:{self.auth.values['password'].text(scope)}"
            return {"Authorization": "Basic " + _base64(pair)}, {}
        for name, template in self.auth.derived:
            scope["token"][name] = template.render(scope)
        return render_all(self.auth.headers, scope), render_all(self.auth.query, scope)

    async def _fetch(self, previous: Token | None) -> Token:
        """Ask the system for a token. `previous` carries the refresh token when it was fetched with these secrets."""
        usable = previous if previous is not None and previous.seed == self.seed else None
        values = await self._fetched(usable)
        if usable is not None and "refresh_token" in usable.values:
            values.setdefault("refresh_token", usable.values["refresh_token"])
        seconds = _lifetime(values.get("expires_in"), self.auth.lifetime)
        serial = (previous.serial if previous is not None else 0) + 1
        ends = None if seconds is None else time.time() + seconds - min(EARLY, seconds / 5)
        return Token(values, self.seed, serial, ends)

    async def _fetched(self, previous: Token | None) -> dict[str, Any]:
        login = self.spec.connector.override("login")
        if self.auth.kind == "override" and login is not None:
            return dict(await login(LoginHttp(self._send), self.spec))
        if self.auth.kind == "session":
            return await fetch_session(self.auth, self.scope, self._send, self.spec.connector.manifest)
        refresh = previous.values.get("refresh_token") if previous is not None else None
        return await fetch_oauth2(self.auth, self.scope, refresh, self._send, self.spec.connector.manifest)


class LoginHttp:
    """What login() in a connector.py may use."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def call(
        self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request to the system and return its Answer."""
        return await self._send(method, path, dict(headers or {}), body)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _lifetime(said: Any, usual: float | None) -> float | None:
    try:
        return max(float(said), 0.0)
    except (TypeError, ValueError):
        return usual
