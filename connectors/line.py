"""A connection that one worker keeps while it sends one ready request after the other.

It comes from the same pool, through the same guard and onto the same guarded sockets as every other request, and
aiohttp's parser reads the answers; only what aiohttp works out anew for each request is left out. Nothing is ever
repeated: what breaks is told, and the next request gets another connection.
"""

import asyncio
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EofStream
from yarl import URL

from connectors.body import TooBig, inflated, read_body
from connectors.sockets import Flight, GuardedSocket

_TRIES = 3  # connections looked at until one is clean


class Line:
    """One request at a time to one origin. Give it back at the end, whatever happened."""

    __slots__ = (
        "_asking", "_connection", "_connector", "_due", "_limit", "_loop", "_payload", "_protocol", "_socket",
        "_timeout", "_timer", "_transport", "_url", "flight",
    )  # fmt: skip

    def __init__(self, connector: aiohttp.BaseConnector, origin: URL, *, timeout: float, limit: int) -> None:
        self._connector, self._url, self._timeout, self._limit = connector, origin, timeout, limit
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._protocol: ResponseHandler | None = None
        self._transport: Any = None
        self._socket: Any = None
        self._payload: aiohttp.StreamReader | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._asking = False
        self.flight = Flight()

    async def ask(self, request: bytes, deadline: float) -> tuple[int, Any, bytes]:
        """Send the bytes of one request; return status, headers and plain body of its answer.

        No byte leaves after `deadline` (time.monotonic(); 0: any time). Raises aiohttp.ClientError, OSError,
        TimeoutError and ValueError; `flight` then says whether a byte has left.
        """
        self.flight = flight = Flight(deadline)
        self._due = self._loop.time() + self._timeout
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._watch)
        try:
            protocol = self._protocol
            if protocol is None or protocol.should_close or not protocol.is_connected():
                protocol = await self._open()
            self._socket.flight = flight
            self._asking = True
            self._transport.write(request)
            message, payload = await protocol.read()
            while message.code < 200 and message.code != 101:
                message, payload = await protocol.read()
            body = await self._body(message.headers, payload)
        except (HttpProcessingError, EofStream) as error:
            self._drop()
            raise aiohttp.ClientPayloadError(f"the answer is not HTTP: {error}") from error
        except BaseException:
            self._drop()
            raise
        self._asking = False
        if self._transport.get_write_buffer_size():
            self._drop()  # answered before it was read to its end: the rest must not go out with the next request
        else:
            flight.finished = True
        return message.code, message.headers, body

    def give_back(self) -> None:
        """Return the connection to the pool, or close it when an answer is still due on it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._asking:
            self._drop()
        self._release()

    async def _body(self, headers: Any, payload: aiohttp.StreamReader) -> bytes:
        encoding = headers.get("Content-Encoding", "")
        if not payload.is_eof():
            self._payload = payload
            return await read_body(payload, encoding, self._limit)
        body = payload.read_nowait()
        if len(body) > self._limit:
            raise TooBig(f"the answer is larger than {self._limit} bytes")
        return inflated(body, encoding, self._limit) if encoding else body

    async def _open(self) -> ResponseHandler:
        self._release()
        request = aiohttp.ClientRequest("GET", self._url, loop=self._loop)
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        async with asyncio.timeout_at(self._due):
            for _ in range(_TRIES):
                connection = await self._connector.connect(request, [], timeout)
                protocol = connection.protocol
                if protocol is not None and not protocol.should_close:
                    return self._use(connection, protocol)
                connection.close()  # it speaks without being asked: its words would be taken for our answer
        raise aiohttp.ClientConnectionError("the other side speaks before it is asked")

    def _use(self, connection: Connection, protocol: ResponseHandler) -> ResponseHandler:
        self._connection, self._protocol, self._transport = connection, protocol, protocol.transport
        wrapped = self._transport.get_extra_info("socket") if self._transport is not None else None
        self._socket = getattr(wrapped, "_sock", wrapped)
        if not isinstance(self._socket, GuardedSocket):
            raise aiohttp.ClientConnectionError("the connection has no guarded socket")
        protocol.set_response_params(read_until_eof=True, auto_decompress=False)
        return protocol

    def _release(self) -> None:
        if self._connection is not None:
            self._connection.release()  # the pool closes one that can serve no longer
            self._connection = self._protocol = None

    def _drop(self) -> None:
        """Close at once: what is still unsent stays unsent."""
        self._asking = False
        connection, self._connection, self._protocol, self._payload = self._connection, None, None, None
        if connection is not None:
            if connection.protocol is not None:
                connection.protocol.abort()
            connection.close()

    def _watch(self) -> None:
        """End a request that has taken too long; one timer serves all requests of the line."""
        self._timer = None
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._watch)
        elif self._asking and self._protocol is not None:
            over = TimeoutError()
            self._protocol.set_exception(over)
            if self._payload is not None:
                self._payload.set_exception(over)
