"""What the simulated vendors share on the web side: faults around every request, and the admin's endpoints.

The body is read before a fault is played, so an effect may still happen after the caller has gone away.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from sandbox.faults import COMMITTING, HTML_PAGE, Fault, FaultPlan, FaultRule, Faults
from sandbox.memory import Memory

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BODY_LIMIT = 104 * 1024 * 1024  # bytes
ADMIN = "/_sandbox/"
LIST_FAULT = web.RequestKey("list_fault", Fault)


class Refusal(Exception):
    """The system did nothing; carries the whole answer in the vendor's own shape."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body, self.headers = status, body, headers


class Site:
    """One simulated system: its memory, its faults and its doors."""

    name = ""

    def __init__(self, memory: Memory) -> None:
        self.memory, self.faults = memory, Faults()
        self.requests = 0
        self.pending = 0  # late commits under way
        self.in_flight = 0  # vendor requests being answered
        self.extra_routes: Callable[[web.UrlDispatcher], None] | None = None  # of a demonstration
        self.refill: Callable[[], None] | None = None  # what a demonstration stores after a reset

    def application(self) -> web.Application:
        """Return the aiohttp application with the admin's endpoints and the vendor's."""
        application = web.Application(middlewares=[self._around], client_max_size=BODY_LIMIT)
        application.router.add_get(ADMIN + "state", self._state)
        application.router.add_get(ADMIN + "log", self._log)
        application.router.add_get(ADMIN + "rows/{table}", self._show_rows)
        application.router.add_post(ADMIN + "reset", self._reset)
        application.router.add_get(ADMIN + "faults", self._show_faults)
        application.router.add_post(ADMIN + "faults", self._set_faults)
        if self.extra_routes is not None:
            self.extra_routes(application.router)
        self.add_routes(application.router)
        return application

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the vendor's doors."""
        raise NotImplementedError

    def begin(self) -> None:
        """Forget what only the process remembers, and store what every account has when the memory is empty."""

    def admit(self, request: web.Request) -> None:
        """Refuse a request at the gate, before anything else happens to it; raises Refusal."""

    async def before(self, request: web.Request) -> None:
        """Check what every request must bring; raises Refusal."""

    def key_of(self, request: web.Request, body: bytes) -> str:
        """Return the business key that faults are drawn for."""
        return request.path

    def without_effect(self, rule: FaultRule) -> Refusal:
        """Return the vendor's answer for a fault that has no effect."""
        raise NotImplementedError

    def trouble(self, request: web.Request, error: web.HTTPException) -> Refusal:
        """Return the vendor's answer for an address or method that does not exist."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """Return what the admin may want to count."""
        tables = {name: len(rows) for name, rows in sorted(self.memory.tables.items())}
        return {
            "tables": tables,
            "requests": self.requests,
            "pending": self.pending,
            "drawn": dict(self.faults.drawn),
            "log": str(self.memory.log.path),
        }

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        if request.path.startswith(ADMIN):
            return await self._administer(request, handler)
        self.requests += 1
        self.in_flight += 1
        try:
            self.admit(request)
            return await self._serve(request, handler, body)
        except Refusal as refusal:
            return answer(refusal.status, refusal.body, refusal.headers)
        finally:
            self.in_flight -= 1

    async def _serve(self, request: web.Request, handler: Handler, body: bytes) -> web.StreamResponse:
        rule = None
        if self.faults.active:
            rule = self.faults.draw(request.method, request.path_qs, self.key_of(request, body))
        if self.faults.plan.latency_seconds:
            await asyncio.sleep(self.faults.plan.latency_seconds)
        if rule is None:
            return await self._work(request, handler)
        self.memory.note("fault", fault=rule.fault, key=self.key_of(request, body), request=request.path_qs)
        return await self._misbehave(request, handler, rule)

    async def _administer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            return answer(400, {"message": f"Not understood: {error!r}"})
        finally:
            self.memory.flush()

    async def _work(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the vendor's handler answer; nothing leaves before the memory is on record."""
        try:
            await self.before(request)
            return await handler(request)
        except Refusal as refusal:
            return answer(refusal.status, refusal.body, refusal.headers)
        except web.HTTPException as error:
            other = self.trouble(request, error)
            return answer(other.status, other.body, other.headers)
        finally:
            self.memory.flush()

    async def _misbehave(self, request: web.Request, handler: Handler, rule: FaultRule) -> web.StreamResponse:
        if rule.fault in (Fault.SAME_PAGE, Fault.REPEATS):
            request[LIST_FAULT] = rule.fault
            return await self._work(request, handler)
        if rule.fault in COMMITTING:
            return await self._commit_badly(request, handler, rule)
        match rule.fault:
            case Fault.LOSE_AND_HANG_UP:
                return _hang_up(request)
            case Fault.LOSE_AND_HANG:
                await asyncio.sleep(rule.seconds)
                return _hang_up(request)
            case Fault.HTML:
                return web.Response(body=HTML_PAGE, content_type="text/html")
            case Fault.EMPTY:
                return web.Response(body=b"", content_type="application/json")
        refusal = self.without_effect(rule)
        return answer(refusal.status, refusal.body, refusal.headers)

    async def _commit_badly(self, request: web.Request, handler: Handler, rule: FaultRule) -> web.StreamResponse:
        if rule.fault in (Fault.COMMIT_LATE, Fault.SLOW):
            self.pending += 1
            await asyncio.sleep(rule.seconds)
            self.pending -= 1
        response = await self._work(request, handler)
        match rule.fault:
            case Fault.COMMIT_LATE | Fault.COMMIT_AND_HANG_UP:
                return _hang_up(request)
            case Fault.HALF_BODY:
                return await _half(request, response)
            case Fault.ERROR_AFTER_COMMIT:
                refusal = self.without_effect(rule)
                return answer(refusal.status, refusal.body)
            case Fault.ANSWER_LATE:
                await asyncio.sleep(rule.seconds)
        return response

    async def _state(self, _: web.Request) -> web.Response:
        return answer(200, self.state())

    async def _log(self, _: web.Request) -> web.Response:
        self.memory.flush()
        return web.Response(body=self.memory.log.path.read_bytes(), content_type="application/x-ndjson")

    async def _show_rows(self, request: web.Request) -> web.Response:
        return answer(200, list(self.memory.table(request.match_info["table"]).values()))

    async def _reset(self, _: web.Request) -> web.Response:
        """Begin anew: empty memory and log, no faults."""
        self.memory.clear()
        self.faults.replace(FaultPlan())
        self.requests = 0
        self.begin()
        if self.refill is not None:
            self.refill()
        return answer(200, self.state())

    async def _show_faults(self, _: web.Request) -> web.Response:
        return answer(200, self.faults.summary())

    async def _set_faults(self, request: web.Request) -> web.Response:
        self.faults.replace(msgspec.json.decode(await request.read(), type=FaultPlan))
        return answer(200, self.faults.summary())


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON answer; a body of None is an empty one."""
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, body=msgspec.json.encode(body), headers=headers, content_type="application/json")


def retry_after(rule: FaultRule) -> dict[str, str]:
    """Return the header for a throttling answer, in whole seconds."""
    return {"Retry-After": str(max(1, math.ceil(rule.seconds)))}


async def serve(site: Site, port: int) -> tuple[web.AppRunner, int]:
    """Listen on loopback (port 0: a free one); return the runner and the port."""
    runner = web.AppRunner(site.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=512).start()
    return runner, int(runner.addresses[0][1])


def _hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection under the answer that is returned."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)


async def _half(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    """Promise the whole answer, send half of it, and close."""
    body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b"{}"
    response = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json"})
    if whole.status == 204:  # half of nothing is whole; more would be taken for the next answer on this connection
        response.force_close()
        await response.prepare(request)
        return response
    response.content_length = max(2, len(body))
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    return _closed(request, response)


def _closed(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response
