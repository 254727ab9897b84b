"""Writes: ready bytes out, one outcome per request in the same order. Nothing is ever sent twice behind the caller's
back, except after an answer that the error table calls a stale token (the system certainly did nothing)."""

import time
from collections.abc import Callable
from typing import Any

from yarl import URL

from canonical.failure import Category
from connectors import watching
from connectors.answer import Answer
from connectors.classify import Verdict
from connectors.engine.bound import Bound
from connectors.engine.judge import Proof, accepted, declined, unanswered, unsent
from connectors.engine.letter import Letter, letter_for
from connectors.engine.splice import wrapped
from connectors.engine.steps import finish, prepare, scope_of
from connectors.exchange import Exchange
from connectors.http import LARGE, LOST, Call, Unreachable, unreachable
from connectors.line import Line
from connectors.manifest.stream import Operation, Stream, Write
from connectors.outcome import ConnectorFailure, Result, WriteOutcome, WriteRequest
from connectors.tokens import Token

# After these the next request would only meet the same: what has not left yet is handed back unsent. What is wrong with
# the configuration may be wrong for one record only, such as one that is gone there: each is asked for itself.
_STOP = frozenset({Category.THROTTLED, Category.CREDENTIALS, Category.OUTAGE})


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
        self.letter = letter_for(bound, write, operation, path, self.headers)
        self.proof = Proof(bound.connector, operation)
        shape = operation.body
        self.ready = shape == "ours" and self.encode is None
        self.wrap = bound.wrapper(shape) if self.plain and not isinstance(shape, str) else None

    async def send(self, request: WriteRequest, line: Line | None = None) -> WriteOutcome:
        """Send one request, on the worker's line where that is possible; never raises for what the system does."""
        try:
            if line is not None and self.letter is not None:
                return await self._post(self.letter, request, line)
            if self.plain:
                return await self._send(request, {})
            return await self._in_steps(request)
        except ConnectorFailure as failure:  # from signing in or from an unfinished configuration: nothing left us
            return unsent(failure)
        except Unreachable as error:
            return unanswered(error)

    async def _post(self, letter: Letter, request: WriteRequest, line: Line) -> WriteOutcome:
        """Send what the letter writes. What is not confirmed at once is judged like any other answer."""
        body = request.body if self.ready else self._body(request, {})
        if body is not None and len(body) > LARGE:
            return await self._send(request, {})
        signed = letter.signed
        if signed is None or (letter.token is not None and not await self.bound.is_current(letter.token)):
            signed = await letter.sign()
        written, token, clock = letter.written(request, body), letter.token, time.monotonic()
        try:
            with watching.request(self.operation.method, self.bound.origin) as say:
                status, headers, reply = await line.ask(written, request.deadline)
                say(status)
        except LOST as error:
            call = letter.call(signed, request, body)
            raise self.bound.lost(unreachable(error, line.flight, call), call, token, clock) from error
        answer = Answer(status, headers, reply)
        return self.proof.of(answer, request) or await self._judged(
            request, letter.call(signed, request, body), answer, token, clock
        )

    async def _judged(
        self, request: WriteRequest, call: Call, answer: Answer, token: Token | None, clock: float
    ) -> WriteOutcome:
        bound, body = self.bound, call.body
        answer.url = str(call.url)
        try:
            answer = await bound.http.followed(call, answer)
        except Unreachable as error:
            raise bound.lost(error, call, token, clock) from error
        exchange = bound.exchanged(call, token, clock, answer)
        again = self._caller(request, {}, body)
        answer, exchange, verdict = await bound.settled(
            again, answer, exchange, token, self.operation.success, self.stream.name
        )
        return self._concluded(request, answer, exchange, verdict)

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
        call = self._caller(request, kept, self._body(request, kept))
        answer, exchange, verdict = await self.bound.exchange(call, self.operation.success, self.stream.name)
        return self._concluded(request, answer, exchange, verdict)

    def _caller(self, request: WriteRequest, kept: dict[str, Any], body: bytes | None) -> Callable[[], Call]:
        """Return what makes the call, anew for each time that it is sent."""

        def call() -> Call:
            url, headers = self._url(request, kept), self._headers(request, kept)
            return self.bound.call(self.operation.method, url, headers, body, request.deadline)

        return call

    def _concluded(
        self, request: WriteRequest, answer: Answer, exchange: Exchange, verdict: Verdict | None
    ) -> WriteOutcome:
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
        if self.wrap is not None:
            return self.wrap(request, body)
        return wrapped(shape, {**self.bound.scope, **scope_of(request), "step": kept}, body)


def stops(outcome: WriteOutcome) -> bool:
    """Return whether what has not left yet is better kept back after this outcome."""
    return outcome.category in _STOP and outcome.result is not Result.UNKNOWN


def handed_back(reason: WriteOutcome) -> WriteOutcome:
    """Return "not sent" for a request that was kept back because an earlier one met `reason`."""
    return WriteOutcome(
        Result.NOT_SENT,
        category=reason.category,
        message=f"Not sent, because the request before it met: {reason.message}",
        hint=reason.hint,
        retry_after=reason.retry_after,
    )
