"""Sends one HTTP request safely: guarded sockets, send deadline, bounded answers, no automatic repeat, no cookies.

Knows nothing of manifests. Failures say whether any byte of the request left us, because "nothing was sent" is proof
that nothing happened.
"""

import asyncio
import io
import os
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ClientRequest, ClientResponse
from yarl import URL

from connectors import watching
from connectors.address import web_address
from connectors.answer import Answer
from connectors.body import BadEncoding, TooBig, read_body
from connectors.guard import AddressRefused, Guard
from connectors.line import Line
from connectors.sockets import Flight, GuardedSocket, guarded_factory

_flight: ContextVar[Flight | None] = ContextVar("flight", default=None)
LARGE = 512 * 1024  # bytes from which a body is sent piece by piece
LOST = (aiohttp.ClientError, OSError, TimeoutError, ValueError)  # what sending raises when no usable answer comes
_TIMEOUTS: dict[float, aiohttp.ClientTimeout] = {}


@dataclass(slots=True)
class Call:
    """One request. `credentials` names the headers that must not follow a redirect to another origin."""

    method: str
    url: URL
    headers: dict[str, str]
    body: bytes | None = None
    timeout: float = 30.0  # seconds, in all
    deadline: float = 0.0  # time.monotonic() after which no byte may leave; 0: any time
    response_bytes: int = 32 * 1024 * 1024
    redirects: int = 0
    credentials: Iterable[str] = ()


class Unreachable(Exception):
    """No usable answer came.

    `kind`: name, guard, refused, tls, astray (guard or tls where it was redirected to: that says nothing of
    the system itself), deadline, timeout, broken, too_big, encoding or redirect.
    """

    def __init__(self, kind: str, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.sent = sent


class _Request(ClientRequest):
    """Puts the current flight on the socket at the moment that the request is written."""

    async def send(self, conn: Any) -> ClientResponse:
        transport = conn.transport
        wrapped = transport.get_extra_info("socket") if transport is not None else None
        made = getattr(wrapped, "_sock", wrapped)
        if not isinstance(made, GuardedSocket):
            raise aiohttp.ClientConnectionError("the connection has no guarded socket")
        made.flight = _flight.get()
        return await super().send(conn)


class Http:
    """The pools of one event loop. Make it inside the loop; close it there."""

    def __init__(self, guard: Guard) -> None:
        self._connector = aiohttp.TCPConnector(limit=0, socket_factory=guarded_factory(guard), ttl_dns_cache=10)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            request_class=_Request,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Content-Type"),
        )
        # aiohttp repeats PUT and DELETE by itself on a reused connection; a write is never repeated behind our back.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._session.close()

    def line(self, origin: URL, *, timeout: float, limit: int) -> Line:
        """Return a line for one worker; `timeout` in seconds for each request, `limit` in bytes for each answer."""
        return Line(self._connector, origin, timeout=timeout, limit=limit)

    async def send(self, call: Call) -> Answer:
        """Return the answer, following redirects as far as the call allows; raises Unreachable."""
        return await self.followed(call, await self._once(call))

    async def followed(self, call: Call, answer: Answer) -> Answer:
        """Return the answer at the end of the redirects that the call allows; raises Unreachable."""
        left = call.redirects
        while answer.status in (301, 302, 303, 307, 308) and left and "Location" in answer.headers:
            follow = _redirected(call, answer)
            if follow is None:
                return answer
            call, left = follow, left - 1
            try:
                answer = await self._once(call)
            except Unreachable as error:
                error.kind = "astray" if error.kind in ("guard", "tls") else error.kind
                raise
        return answer

    async def _once(self, call: Call) -> Answer:
        flight = Flight(call.deadline)
        token = _flight.set(flight)
        timeout = _TIMEOUTS.get(call.timeout) or _TIMEOUTS.setdefault(
            call.timeout, aiohttp.ClientTimeout(total=call.timeout)
        )
        try:
            with watching.request(call.method, call.url) as say:
                async with self._session.request(
                    call.method,
                    call.url,
                    data=_data(call.body),
                    headers=call.headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response:
                    say(response.status)
                    body = await _read(response, call.response_bytes)
                # Only now: bytes that a failed request left in a buffer must still meet its deadline.
                flight.finished = True
                return Answer(response.status, response.headers, body, str(call.url))
        except LOST as error:
            raise unreachable(error, flight, call) from error
        finally:
            _flight.reset(token)


def _data(body: bytes | None) -> bytes | io.BytesIO | None:
    """Return what aiohttp sends: a large body piece by piece, so that it does not keep the loop from its other work."""
    return io.BytesIO(body) if body is not None and len(body) > LARGE else body


async def _read(response: ClientResponse, limit: int) -> bytes:
    try:
        return await read_body(response.content, response.headers.get("Content-Encoding", ""), limit)
    except TooBig:
        response.close()
        raise


def unreachable(error: BaseException, flight: Flight, call: Call) -> Unreachable:
    """Return in words why no usable answer came, and whether a byte had left."""
    sent = flight.bytes_sent > 0
    host = f"{call.url.raw_host}:{call.url.port}"
    for kind, wanted, words in (
        ("too_big", TooBig, str(error)),
        ("encoding", BadEncoding, str(error)),
        ("name", aiohttp.ClientConnectorDNSError, f"the name {call.url.raw_host} does not resolve"),
        ("tls", aiohttp.ClientConnectorCertificateError, f"the certificate of {host} is not trusted: {_tls(error)}"),
        ("tls", aiohttp.ClientSSLError, f"no secure connection to {host}: {_tls(error)}"),
    ):
        if isinstance(error, wanted):
            return Unreachable(kind, words, sent=sent)
    cause = getattr(error, "os_error", error)
    if isinstance(cause, AddressRefused) or "refused by the address guard" in str(error):
        return Unreachable("guard", str(cause), sent=False)
    if not sent and call.deadline and call.deadline <= asyncio.get_running_loop().time():
        return Unreachable("deadline", "the time in which this request may be sent is over", sent=False)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unreachable("refused", f"the address {host} does not accept connections: {_reason(cause)}", sent=sent)
    if isinstance(error, TimeoutError):
        return Unreachable("timeout", f"the address {host} did not answer within {call.timeout:g} seconds", sent=sent)
    if isinstance(error, aiohttp.InvalidURL | UnicodeError):
        return Unreachable("name", f"“{call.url.scheme}://{host}” is not an address that can be called", sent=sent)
    return Unreachable("broken", f"the connection to {host} broke: {error or type(error).__name__}", sent=sent)


def _reason(error: object) -> str:
    """Return the system's own words for an error, without the library's."""
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if isinstance(number, int) and number > 0 else str(error)


NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")  # what came back was no TLS at all


def _tls(error: BaseException) -> str:
    """Return why no secure connection came about, without the library's words."""
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    reason = getattr(cause, "reason", None) or ""
    if reason in NO_TLS:
        return "what answers there does not speak TLS; is it an http:// address?"
    return str(getattr(cause, "verify_message", "") or reason.replace("_", " ").lower() or _reason(cause))


def _target(call: Call, answer: Answer) -> URL:
    try:
        target = call.url.join(URL(answer.headers["Location"]))
        return URL(web_address(str(target)), encoded=True) if target.scheme in ("http", "https") else target
    except ValueError as error:
        words = "redirected to what is no web address: its host or port is wrong"
        raise Unreachable("redirect", words, sent=True) from error


def _redirected(call: Call, answer: Answer) -> Call | None:
    """Return the call to follow with, None when a redirect must not be followed."""
    target = _target(call, answer)
    if target.scheme not in ("http", "https"):
        raise Unreachable("redirect", f"redirected to {target.scheme}:, which is no web address", sent=True)
    if call.url.scheme == "https" and target.scheme == "http":
        raise Unreachable("redirect", f"redirected from https to http at {target.host}; not followed", sent=True)
    if call.method not in ("GET", "HEAD") and answer.status not in (307, 308):
        return None
    headers = dict(call.headers)
    if target.origin() != call.url.origin():
        secret = {name.lower() for name in call.credentials} | {"authorization", "cookie"}
        headers = {name: value for name, value in headers.items() if name.lower() not in secret}
    return Call(
        call.method, target, headers, call.body, call.timeout, call.deadline, call.response_bytes, 0, call.credentials
    )
