"""Compare the engine's posts with raw aiohttp: processor time of the loop's thread, in the same minute on one stub.

Raw aiohttp is a session, `post`, `read` and msgspec. The engine does the same with the error table, send deadline,
address guard, redaction and proof of what was made. Rounds are interleaved, and the figure is the median of processor
time, so that what else runs on the machine does not count. Run: `python -m bench.engine`.
"""

import asyncio
import contextlib
import gc
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

import aiohttp
import django
import msgspec

POSTS = 2_000
ITEMS = 10_000
SIZE = 100  # items of a batch call
AT_ONCE = 32
ROUNDS = 7
TARGET, TARGET_ITEM = 1.25, 8.0  # times raw aiohttp; microseconds
BODY = msgspec.json.encode({"entry_id": "harvest-1", "hours": "7.50", "amount": "1087.50", "notes": "Workshop " * 20})
ANSWER = b'{"id": 1234567, "reference": "JE-2026-00017", "version": "3"}'
RESULT = b'{"status": 201, "id": 1234567, "reference": "JE-2026-00017", "version": "3"}'
_WRITE = """
      class: idempotent
      guarantee: "The stub keeps nothing."
      idempotency: {header: Idempotency-Key}
      key_field: ref
      operations:
        create: {method: POST, path: /entries, success: [201], id: {body: id}, reference: {body: reference},
                 version: {body: version}}
        update: {method: PUT, path: "/entries/{external_id}", success: [201], id: {body: id}}
"""
MANIFEST = """
name: stub
title: Stub
version: 1
base_url: "{answers.base}"
questions:
  base: {title: Address}
  token: {title: Access token, secret: true, where: "Nowhere"}
auth:
  - {name: token, title: Access token, kind: header, headers: {Authorization: "Bearer {secrets.token}"}}
test: {path: /me, expect: [id]}
errors:
  envelope: error
  message: [error.message]
  rows:
    - {status: 422, category: validation, example: {status: 422, body: {error: {message: "Hours are missing"}}}}
streams:
  entries:
    title: Time entries
    key: [id]
    write:WRITE
  parts:
    title: Time entries, many to a call
    key: [id]
    write:WRITE
      batch:
        operations: [create]
        size: 100
        method: POST
        path: /batch
        item: {key: "{idempotency_key}", entry: "{body}"}
        body: {items: "{items}"}
        success: [200]
        results: {path: results, match: position, status: status, success: [201], error: error, id: {body: id},
                  reference: {body: reference}, version: {body: version}}
documentation: {home: "https://stub.example/docs"}
""".replace("WRITE", _WRITE)


class Stub(asyncio.Protocol):
    """Answers as soon as a request is whole; knows just enough HTTP for our two opponents."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.held = transport, b""

    def data_received(self, data: bytes) -> None:
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) > 0:
            head = self.held[:end].lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            if len(self.held) < end + 4 + length:
                return
            self.held = self.held[end + 4 + length :]
            self._answer(b"/batch" in head)

    def _answer(self, batch: bool) -> None:
        status, body = (b"201 Created", ANSWER)
        if batch:
            status, body = b"200 OK", b'{"results": [' + b",".join([RESULT] * SIZE) + b"]}"
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nServer: stub\r\nContent-Length: %d\r\n\r\n"
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.write(head % (status, len(body)) + body)


def _serve(pipe: Pipe) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextlib.contextmanager
def stub() -> Iterator[str]:
    """Serve in a process of its own; give its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


async def _raw(session: aiohttp.ClientSession, base: str) -> None:
    left = iter(range(POSTS))

    async def work() -> None:
        for number in left:
            headers = {"Idempotency-Key": f"key-{number}", "Authorization": "Bearer s3cret-token",
                       "Content-Type": "application/json"}  # fmt: skip
            async with session.post(f"{base}/entries", data=BODY, headers=headers) as answer:
                assert answer.status == 201
                assert msgspec.json.decode(await answer.read())["id"] == 1234567

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _contest(base: str, rounds: int) -> dict[str, list[float]]:
    """Return the microseconds per post or item of each contestant, round by round."""
    from connectors.engine import Engine
    from connectors.manifest.load import read_manifest
    from connectors.outcome import Result, WriteRequest
    from connectors.registry import Connector
    from connectors.spec import ConnectionSpec

    manifest = read_manifest(MANIFEST, "stub/manifest.yaml")
    spec = ConnectionSpec(1, "stub", Connector("stub", manifest, None), {"base": base}, {"token": "s3cret-token"})
    engine = Engine(allowed=["127.0.0.1:*"])

    async def ours(stream: str, operation: str, count: int) -> None:
        deadline = time.monotonic() + 60
        requests = [
            WriteRequest(operation, f"K{number}", f"key-{number}", BODY, "17", deadline) for number in range(count)
        ]
        for outcome in await engine.write(spec, stream, requests, concurrency=AT_ONCE):
            assert (outcome.result, outcome.external_id) == (Result.CONFIRMED, "1234567"), outcome

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        contestants: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "raw_post": (POSTS, lambda: _raw(session, base)),
            "post": (POSTS, lambda: ours("entries", "create", POSTS)),
            "put": (POSTS, lambda: ours("entries", "update", POSTS)),
            "batch_item": (ITEMS, lambda: ours("parts", "create", ITEMS)),
        }
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for turn in range(rounds + 1):
            for name in sorted(contestants, reverse=bool(turn % 2)):
                count, work = contestants[name]
                spent = await _timed(work)
                if turn:  # the first round opens the connections
                    times[name].append(spent / count * 1e6)
    await engine.close()
    return times


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.thread_time()
        await work()
        return time.thread_time() - start
    finally:
        gc.enable()


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure all, interleaved; raises AssertionError where a post is not confirmed with its id."""
    django.setup()
    with stub() as base:
        times = asyncio.run(_contest(base, rounds))
    spent = {f"{name}_us": round(statistics.median(each), 1) for name, each in times.items()}
    ratio = {
        name: round(statistics.median(a / b for a, b in zip(times[name], times["raw_post"], strict=True)), 3)
        for name in ("post", "put")
    }
    return {
        **spent,
        "ratio": ratio["post"],
        "ratio_put": ratio["put"],
        "target": TARGET,
        "target_item_us": TARGET_ITEM,
        "passed": max(ratio.values()) <= TARGET and spent["batch_item_us"] <= TARGET_ITEM,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
