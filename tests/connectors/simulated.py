"""A small system with memory for the conformance suite: tokens that end, pages, throttling, dedup, search, batches."""

import asyncio
import json as text
import time
from urllib.parse import parse_qs

from aiohttp import web

from connectors.conformance import Subject
from connectors.registry import Connector
from tests.connectors.acme import MANIFEST, acme, spec_for
from tests.connectors.scripted import Seen, json

SIGN_IN = MANIFEST.replace(
    '- {name: token, title: Access token, kind: header, headers: {Authorization: "Bearer {secrets.token}"}}',
    '- {name: app, title: App, kind: oauth2_client_credentials, token_url: "{answers.base}/token", client_id: hub, '
    'client_secret: "{secrets.token}"}',
)
WITH_BATCH = SIGN_IN.replace(
    "      look_up:",
    """      batch:
        operations: [create]
        size: 5
        method: POST
        path: /batch
        atomic: true
        item: {key: "{idempotency_key}", entry: "{body}"}
        body: {items: "{items}"}
        success: [200]
        results: {path: results, match: position, id: {body: id}}
      look_up:""",
)


class Simulated:
    """The system. Entries are found by `ref`, dropped as repeats by Idempotency-Key."""

    def __init__(self) -> None:
        self.entries = [{"id": n, "updated_at": f"2026-11-0{n}T00:00:00Z", "ref": f"R{n}"} for n in range(1, 8)]
        self.keys: dict[str, int] = {}
        self.tokens = 0
        self.oldest = 1
        self.closed_until = 0.0

    async def answer(self, seen: Seen) -> web.Response:
        if seen.path == "/token":
            return self._token(seen)
        if seen.headers.get("authorization") not in {
            f"Bearer tok-secret-{n}" for n in range(self.oldest, self.tokens + 1)
        }:
            return json('{"message": "expired"}', 401)
        if self.closed_until:
            seconds, self.closed_until = self.closed_until, 0.0
            return json('{"message": "slower"}', 429, Retry_After=str(seconds))
        if seen.path == "/me":
            return json('{"id": 1, "email": "hub@acme.example"}')
        if seen.path == "/entries/search":
            hits = [entry for entry in self.entries if entry["ref"] == seen.query.get("ref")]
            return json(text.dumps({"entries": hits}))
        if seen.path == "/batch":
            return self._batch(text.loads(seen.body)["items"])
        return self._page(int(seen.query.get("page", 1))) if seen.method == "GET" else self._create(seen)

    def _token(self, seen: Seen) -> web.Response:
        if parse_qs(seen.body.decode()).get("client_secret") != ["s3cret-token-of-acme"]:
            return json('{"error": "invalid_client"}', 401)
        self.tokens += 1
        return json(text.dumps({"access_token": f"tok-secret-{self.tokens}", "expires_in": 3600}))

    def _page(self, page: int) -> web.Response:
        return json(text.dumps({"entries": self.entries[2 * page - 2 : 2 * page], "pages": 4}))

    def _create(self, seen: Seen) -> web.Response:
        entry = text.loads(seen.body)
        if "hours" not in entry:
            return json('{"message": "Hours are missing"}', 422)
        return json(text.dumps({"id": self._kept(seen.headers.get("idempotency-key", ""), entry)}), 201)

    def _batch(self, items: list[dict]) -> web.Response:  # type: ignore[type-arg]
        if any("hours" not in item["entry"] for item in items):
            return json('{"message": "Hours are missing"}', 422)
        return json(text.dumps({"results": [{"id": self._kept(item["key"], item["entry"])} for item in items]}))

    def _kept(self, key: str, entry: dict) -> int:  # type: ignore[type-arg]
        if key and key in self.keys:
            return self.keys[key]
        number = len(self.entries) + 1
        self.entries.append({**entry, "id": number, "updated_at": f"2026-11-10T00:00:{number % 60:02}Z"})
        self.keys[key or f"none-{number}"] = number
        return number

    def subject(self, base: str, connector: Connector) -> Subject:
        async def effects(key: str) -> int:
            return sum(entry["ref"] == key for entry in self.entries)

        async def expire() -> None:
            self.oldest = self.tokens + 1

        async def logins() -> int:
            await asyncio.sleep(0)
            return self.tokens

        async def throttle(seconds: float) -> None:
            self.closed_until = seconds
            self.asked_at = time.monotonic()

        return Subject(
            spec_for(base, connector),
            records={"entries": 7},
            write_stream="entries",
            body=lambda key: text.dumps({"ref": key, "hours": 1}).encode(),
            bad_body=lambda key: text.dumps({"ref": key}).encode(),
            effects=effects,
            expire_token=expire,
            logins=logins,
            throttle=throttle,
        )


def good() -> Connector:
    """Return the connector that keeps every rule."""
    return acme(WITH_BATCH)
