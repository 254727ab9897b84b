"""Servers for tests: one that answers by a function, one that sends raw bytes. Both remember what they were asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answering = Callable[["Seen"], web.Response | Awaitable[web.Response]]


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    base: str
    port: int
    seen: list[Seen] = field(default_factory=list)


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[Server]:
    """Serve on a free port of this machine."""
    server = Server("", 0)

    async def handle(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.path, dict(request.query), headers, await request.read())
        server.seen.append(seen)
        reply = answer(seen)
        return await reply if isinstance(reply, Awaitable) else reply

    app = web.Application(client_max_size=10**8)
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    server.base = f"http://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(reply: bytes, *, hang_up: bool = True, requests: list[bytes] | None = None) -> AsyncIterator[Server]:
    """Answer every request with these bytes, then hang up or stay silent."""
    kept: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.append(writer)
        data = await reader.read(65536)
        if requests is not None and data:
            requests.append(data)
        writer.write(reply)
        await writer.drain()
        if hang_up:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Server(f"http://127.0.0.1:{port}", port)
    finally:
        server.close()
        for writer in kept:
            writer.transport.abort()
        await asyncio.sleep(0)
        await server.wait_closed()


def json(body: str, status: int = 200, **headers: str) -> web.Response:
    """Return a JSON answer from its text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(text=body, status=status, content_type="application/json", headers=named)
