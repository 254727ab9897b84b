"""Who may call: personal tokens, OAuth 2.0 with rotating refresh tokens, account header, and the call limit."""

import secrets
import time
from collections import defaultdict, deque
from typing import Any

from aiohttp import web

from sandbox.memory import Memory, Row
from sandbox.web import Refusal

TWO_WEEKS = 1_209_600  # seconds that an OAuth token lives, as documented
INVALID_TOKEN = {
    "error": "invalid_token",
    "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
}


class Access:
    """Knows tokens and counts calls. Tokens live in the memory; the call counter only in the process."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.begin()

    def begin(self) -> None:
        """Take the documented limits and forget the calls counted."""
        self.limit_calls, self.limit_seconds = 100, 15.0
        self.token_seconds = TWO_WEEKS
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def check(self, request: web.Request) -> Row:
        """Return the calling user's row; raises Refusal 400, 401, 404 or 429 in that order of looking."""
        if not request.headers.get("User-Agent"):
            raise Refusal(400, {"message": "A User-Agent header is required."})
        token = self._token(request)
        account = request.headers.get("Harvest-Account-Id") or request.query.get("account_id", "")
        if account != str(token["account_id"]):
            raise Refusal(404, {"status": 404, "error": "Not Found"})
        self._count(f"{token['token']}/{account}")
        return self._memory.table("users")[token["user_id"]]

    def _token(self, request: web.Request) -> Row:
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        text = sent.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")
        for row in self._memory.table("tokens").values():
            if text and row["token"] == text and row["kind"] == "access":
                if row["expires_at"] is not None and row["expires_at"] <= time.time():
                    break
                return row
        raise Refusal(401, INVALID_TOKEN)

    def _count(self, caller: str) -> None:
        """Allow `limit_calls` in any window of `limit_seconds` for one token and account."""
        calls, now = self._calls[caller], time.monotonic()
        while calls and calls[0] <= now - self.limit_seconds:
            calls.popleft()
        if len(calls) >= self.limit_calls:
            wait = max(1, round(calls[0] + self.limit_seconds - now + 0.5))
            self._memory.note("throttled", caller=caller[:8])
            body = {"message": "You have been throttled. Please wait before making another request."}
            raise Refusal(429, body, {"Retry-After": str(wait)})
        calls.append(now)

    def grant(self, form: dict[str, str]) -> dict[str, Any]:
        """Answer the token endpoint: authorization code or refresh token; both are used up. Raises Refusal."""
        company = next(iter(self._memory.table("company").values()))
        if (form.get("client_id"), form.get("client_secret")) != (company["client_id"], company["client_secret"]):
            raise Refusal(401, {"error": "invalid_client", "error_description": "Unknown client."})
        kinds = {"refresh_token": "refresh_token", "authorization_code": "code"}
        kind = kinds.get(form.get("grant_type", ""))
        if kind is None:
            raise Refusal(400, {"error": "unsupported_grant_type"})
        name = "refresh" if kind == "refresh_token" else "code"
        for row in self._memory.table("tokens").values():
            if row["kind"] == name and row["token"] == form.get(kind):
                self._memory.delete("tokens", row["id"], by="api")
                return self._issue(row)
        raise Refusal(400, {"error": "invalid_grant", "error_description": "The token is invalid, expired or used."})

    def add(self, kind: str, user_id: int, account_id: int, token: str = "", *, seconds: float | None = None) -> Row:
        """Store a token: kind access, refresh or code; `seconds` None never expires."""
        row = {
            "kind": kind,
            "token": token or secrets.token_urlsafe(24),
            "user_id": user_id,
            "account_id": account_id,
            "expires_at": None if seconds is None else time.time() + seconds,
        }
        return self._memory.put("tokens", row, by="access")

    def expire(self) -> int:
        """Let every OAuth access token expire now; return how many."""
        expiring = [
            row
            for row in self._memory.table("tokens").values()
            if row["kind"] == "access" and row["expires_at"] is not None
        ]
        for row in expiring:
            self._memory.put("tokens", {**row, "expires_at": 0}, by="admin")
        return len(expiring)

    def _issue(self, used: Row) -> dict[str, Any]:
        access = self.add("access", used["user_id"], used["account_id"], seconds=self.token_seconds)
        refresh = self.add("refresh", used["user_id"], used["account_id"])
        return {
            "access_token": access["token"],
            "refresh_token": refresh["token"],
            "token_type": "bearer",
            "expires_in": self.token_seconds,
        }


def is_admin(user: Row) -> bool:
    """Whether the user sees everything."""
    return "administrator" in user["access_roles"]
