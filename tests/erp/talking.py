"""The hub's side of a conversation with Tryton: the engine and the shipped connector, without routes around them."""

import time
from datetime import date
from typing import Any

import msgspec

from connectors.engine import Engine
from connectors.outcome import LookUp, WriteOutcome, WriteRequest
from connectors.registry import registry
from connectors.spec import ConnectionSpec

SECONDS = 40.0  # in which a request of a test may still be sent


class Talk:
    """One connection to one database of Tryton. Make it inside the loop."""

    def __init__(self, answers: dict[str, str], secrets: dict[str, str], timeout: float = 30.0) -> None:
        self.spec = ConnectionSpec(
            id=f"{answers['server']} {answers['login']}",
            slug="tryton",
            connector=registry.connector("tryton"),
            answers=answers,
            secrets=secrets,
            timeout=timeout,
        )
        self.engine = Engine(allowed=[answers["server"].removeprefix("http://")])

    async def write(
        self, stream: str, operation: str, key: str, values: dict[str, Any] | None, external_id: str | None = None
    ) -> WriteOutcome:
        """Write one record and return how it ended."""
        return (await self.write_all(stream, [request(operation, key, values, external_id)]))[0]

    async def write_all(self, stream: str, requests: list[WriteRequest], concurrency: int = 1) -> list[WriteOutcome]:
        """Write many records, so many at once."""
        return await self.engine.write(self.spec, stream, requests, concurrency=concurrency)

    async def look_up(self, stream: str, key: str) -> LookUp:
        """Ask Tryton for what carries our key."""
        return (await self.engine.look_up(self.spec, stream, [request("create", key, {})]))[0]

    async def read(
        self, stream: str, cursor: dict[str, Any] | None = None, window: tuple[date, date] | None = None
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return all records from the cursor on (or of the window), and the cursor after them."""
        records: list[dict[str, Any]] = []
        async for page in self.engine.read_pages(self.spec, stream, cursor=cursor, window=window):
            records += page.records
            cursor = page.cursor
        return records, cursor or {}


def request(operation: str, key: str, values: dict[str, Any] | None, external_id: str | None = None) -> WriteRequest:
    """Return a write of plain values, as a mapping gives them."""
    body = b"" if values is None else msgspec.json.encode(values)
    return WriteRequest(operation, key, f"idempotency-{key}", body, external_id, time.monotonic() + SECONDS)
