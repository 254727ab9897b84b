"""Writes: ready bytes out, one outcome per request in the same order. Nothing is ever sent twice behind the caller's
back, except after an answer that the error table calls a stale token (the system certainly did nothing)."""

import asyncio
from collections.abc import Iterator
from typing import Any

from yarl import URL

from canonical.failure import Category
from connectors.engine.bound import Bound
from connectors.engine.judge import accepted, declined, unanswered, unsent
from connectors.engine.splice import wrapped
from connectors.engine.steps import finish, prepare, scope_of
from connectors.http import Call, Unreachable
from connectors.manifest.stream import Operation, Stream, Write
from connectors.outcome import ConnectorFailure, Result, WriteOutcome, WriteRequest

# After these the next request would only meet the same: what has not left yet is handed back unsent.
_STOP = frozenset({Category.THROTTLED, Category.CREDENTIALS, Category.OUTAGE, Category.CONFIGURATION})


class Sender:
    """One operation of one stream of one connection, everything that does not vary worked out."""

    def __init__(self, bound: Bound, stream: Stream, write: Write, operation: Operation) -> None:
        self.bound, self.stream, self.operation = bound, stream, operation
        self.idempotency = write.idempotency_header
        path, known = operation.path.bind(bound.scope), bound.scope
        self.path = path
        self.fixed = bound.url(path, (), {}) if path.constant is not None and not operation.query else None
        varies = any(item.steps[0] not in known for _, part in operation.headers for item in part.placeholders)
        self.headers = None if varies else bound.rendered(operation.headers, {})
        self.encode = bound.connector.override("encode_body")
        self.plain = not (operation.before or operation.then)

    async def send(self, request: WriteRequest) -> WriteOutcome:
        """Send one request; never raises for what the system does."""
        try:
            if self.plain:
                return await self._send(request, {})
            return await self._in_steps(request)
        except ConnectorFailure as failure:  # from signing in or from an unfinished configuration: nothing left us
            return unsent(failure)
        except Unreachable as error:
            return unanswered(error)

    async def _in_steps(self, request: WriteRequest) -> WriteOutcome:
        scope = scope_of(request)
        ours = self._ours(request)
        kept = await prepare(self.bound, self.operation.before, scope, request, ours, self.stream.name)
        if isinstance(kept, WriteOutcome):
            return kept
        outcome = await self._send(request, kept)
        if outcome.result is not Result.CONFIRMED or not self.operation.then:
            return outcome
        return await finish(
            self.bound, self.operation.then, {**scope, "step": kept}, request, ours, outcome, self.stream.name
        )

    async def _send(self, request: WriteRequest, kept: dict[str, Any]) -> WriteOutcome:
        body = self._body(request, kept)

        def call() -> Call:
            url, headers = self._url(request, kept), self._headers(request, kept)
            return self.bound.call(self.operation.method, url, headers, body, request.deadline)

        answer, exchange, verdict = await self.bound.exchange(call, self.operation.success, self.stream.name)
        if verdict is None:
            return accepted(self.operation, request, answer, exchange)
        return declined(verdict, answer.status, exchange)

    def _url(self, request: WriteRequest, kept: dict[str, Any]) -> URL:
        if self.fixed is not None:
            return self.fixed
        return self.bound.url(self.path, self.operation.query, {**scope_of(request), "step": kept})

    def _headers(self, request: WriteRequest, kept: dict[str, Any]) -> dict[str, str]:
        headers = self.headers
        if headers is None:
            headers = self.bound.rendered(self.operation.headers, {**scope_of(request), "step": kept})
        return {**headers, self.idempotency: request.idempotency_key} if self.idempotency else headers

    def _ours(self, request: WriteRequest) -> bytes:
        if self.encode is None:
            return request.body
        encoded: bytes = self.encode(request.body, self.operation.name, self.stream.name)
        return encoded

    def _body(self, request: WriteRequest, kept: dict[str, Any]) -> bytes | None:
        shape = self.operation.body
        if shape == "none":
            return None
        body = self._ours(request)
        if isinstance(shape, str):
            return body
        return wrapped(shape, {**self.bound.scope, **scope_of(request), "step": kept}, body)


async def run_all(units: list[Any], send: Any, concurrency: int) -> None:
    """Run send(unit) for every unit, so many at once; when one says stop, the rest is handed to send(unit, reason)."""
    waiting: Iterator[Any] = iter(units)
    stopped: list[WriteOutcome] = []

    async def work() -> None:
        for unit in waiting:
            last = await send(unit, stopped[0] if stopped else None)
            if last is not None and last.category in _STOP and last.result is not Result.UNKNOWN:
                stopped.append(last)

    await asyncio.gather(*(work() for _ in range(min(concurrency, len(units)) or 1)))


def handed_back(reason: WriteOutcome) -> WriteOutcome:
    """Return "not sent" for a request that was kept back because an earlier one met `reason`."""
    return WriteOutcome(
        Result.NOT_SENT,
        category=reason.category,
        message=f"Not sent, because the request before it met: {reason.message}",
        hint=reason.hint,
        retry_after=reason.retry_after,
    )
