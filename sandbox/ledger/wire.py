"""HTTP/1.1 by hand: as little of it as a fast stub needs, on a bare asyncio protocol.

Requests that arrive in one turn of the event loop share one write of the log: answers wait in the outbox until the
log is on record. Keep-alive, Content-Length and chunked bodies are understood; anything else closes the connection.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs

LIMIT = 32 * 1024 * 1024  # bytes of one request; a chaos run stays far below
REASONS = {
    200: b"OK", 201: b"Created", 400: b"Bad Request", 401: b"Unauthorized", 404: b"Not Found",
    405: b"Method Not Allowed", 409: b"Conflict", 413: b"Payload Too Large", 415: b"Unsupported Media Type",
    422: b"Unprocessable Entity", 429: b"Too Many Requests", 500: b"Internal Server Error",
    503: b"Service Unavailable",
}  # fmt: skip
_HEADS = {
    status: b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: " % (status, reason)
    for status, reason in REASONS.items()
}


class Request(NamedTuple):
    """One parsed request; headers are looked up on demand because most are never asked for."""

    method: str
    target: str  # path and query as sent
    head: bytes
    lowered: bytes  # the head in lower case, for finding header names
    body: bytes

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters."""
        return parse_qs(self.target.partition("?")[2], keep_blank_values=True)

    def header(self, name: bytes) -> str:
        """Return a header's value by its lower-case name, or an empty string."""
        return _header(self.head, self.lowered, name).decode("latin-1")


class Outbox:
    """Answers that leave once the log of this turn is on record."""

    def __init__(self, before_sending: Callable[[], None]) -> None:
        self._before_sending = before_sending
        self._waiting: list[tuple[asyncio.WriteTransport, bytes, bool]] = []
        self._scheduled = False

    def put(self, transport: asyncio.WriteTransport, data: bytes, *, close: bool = False) -> None:
        """Send `data` at the end of this turn, then close the connection if asked."""
        self._waiting.append((transport, data, close))
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._scheduled = False
        waiting, self._waiting = self._waiting, []
        try:
            self._before_sending()
        except OSError as error:
            # What is not on record may not be answered, and the memory is ahead of the log: only an end is honest.
            raise SystemExit(f"The log cannot be written: {error}. Make room and start again.") from error
        for transport, data, close in waiting:
            if data and not transport.is_closing():
                transport.write(data)
            if close:
                transport.close()


class Wire(asyncio.Protocol):
    """One connection: cuts the bytes into requests and hands each to `serve(wire, request)`."""

    def __init__(self, serve: Callable[["Wire", Request], None], outbox: Outbox) -> None:
        self._serve, self._outbox = serve, outbox
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Serve every complete request of what has arrived."""
        buffer = self._buffer + data if self._buffer else data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            head = buffer[: end + 2]
            cut = _cut_body(head, head.lower(), buffer, end + 4)
            if cut is None:
                break
            request, used = cut
            buffer = buffer[used:]
            self._serve(self, request)
        self._buffer = buffer
        if len(buffer) > LIMIT:
            self.transport.close()

    def reply(self, status: int, body: bytes, extra: bytes = b"") -> None:
        """Answer with JSON; `extra` is whole header lines, each ended by CRLF."""
        self._outbox.put(self.transport, render(status, body, extra))

    def hang_up(self, data: bytes = b"") -> None:
        """Close the connection, after at most a piece of an answer, once the log is on record."""
        self._outbox.put(self.transport, data, close=True)


def render(status: int, body: bytes, extra: bytes = b"") -> bytes:
    """Return the bytes of a JSON answer."""
    return b"%b%d\r\n%b\r\n%b" % (_HEADS[status], len(body), extra, body)


def _cut_body(head: bytes, lowered: bytes, buffer: bytes, start: int) -> tuple[Request, int] | None:
    """Return the first request of the buffer and how many bytes it took; None while it is incomplete."""
    method, target, _ = head[: head.index(b"\r\n")].decode("latin-1").split(" ", 2)
    if b"\r\ntransfer-encoding: chunked" in lowered:
        chunked = _unchunk(buffer, start)
        if chunked is None:
            return None
        body, end = chunked
    else:
        end = start + int(_header(head, lowered, b"content-length") or 0)
        if len(buffer) < end:
            return None
        body = buffer[start:end]
    return Request(method, target, head, lowered, body), end


def _header(head: bytes, lowered: bytes, name: bytes) -> bytes:
    found = lowered.find(b"\r\n" + name + b":")
    if found < 0:
        return b""
    start = found + len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()


def _unchunk(buffer: bytes, start: int) -> tuple[bytes, int] | None:
    parts: list[bytes] = []
    while (end := buffer.find(b"\r\n", start)) >= 0:
        size = int(buffer[start:end].split(b";")[0], 16)
        start = end + 2 + size + 2
        if len(buffer) < start:
            return None
        if size == 0:
            return b"".join(parts), start
        parts.append(buffer[end + 2 : end + 2 + size])
    return None
