"""Writes of several calls: `before` clears the way and must bear repeating, `then` finishes what was written."""

from dataclasses import replace
from typing import Any

from msgspec import structs

from canonical.failure import Category
from connectors import paths
from connectors.answer import Answer
from connectors.classify import Verdict
from connectors.engine.bound import Bound, failure_of
from connectors.engine.judge import declined, doubtful, found_in, unanswered
from connectors.engine.splice import MARK, spliced
from connectors.exchange import Exchange
from connectors.http import Call, Unreachable
from connectors.manifest.stream import Step
from connectors.outcome import ConnectorFailure, Result, WriteOutcome, WriteRequest


def scope_of(request: WriteRequest) -> dict[str, Any]:
    """Return the names that a write's templates may use."""
    return {"key": request.key, "external_id": request.external_id, "idempotency_key": request.idempotency_key}


async def prepare(
    bound: Bound, steps: tuple[Step, ...], scope: dict[str, Any], request: WriteRequest, ours: bytes, stream: str
) -> dict[str, Any] | WriteOutcome:
    """Make the calls before the write; return what they keep, or the outcome when one fails (nothing was written)."""
    kept: dict[str, Any] = {}
    for step in steps:
        try:
            answer, exchange, verdict = await _call(bound, step, {**scope, "step": kept}, request, ours, stream)
        except Unreachable as error:
            return structs.replace(
                unanswered(error), result=Result.NOT_SENT, category=failure_of(error).category, hint=""
            )
        if verdict is not None:
            return declined(replace(verdict, certain=True), answer.status, exchange)
        kept |= _kept(step, answer)
        for name, _ in step.keep:
            if kept[name] is None:
                return _absent(name, request, answer, exchange)
    return kept


async def finish(
    bound: Bound,
    steps: tuple[Step, ...],
    scope: dict[str, Any],
    request: WriteRequest,
    ours: bytes,
    outcome: WriteOutcome,
    stream: str,
) -> WriteOutcome:
    """Make the calls after the write; the outcome gains what they give. A failing one is refused or unknown."""
    kept: dict[str, Any] = dict(scope["step"])
    for step in steps:
        here = {**scope, "step": kept, "external_id": outcome.external_id}
        try:
            answer, exchange, verdict = await _call(bound, step, here, request, ours, stream)
        except Unreachable as error:
            return doubtful(f"The write was begun but not finished: {error}", None, getattr(error, "exchange", None))
        except ConnectorFailure as failure:
            return doubtful(f"The write was begun but not finished: {failure.message}", None, failure.exchange)
        if verdict is not None:
            return declined(verdict, answer.status, exchange)
        kept |= _kept(step, answer)
        outcome = _enriched(outcome, step, answer, request)
    return outcome


async def _call(
    bound: Bound, step: Step, scope: dict[str, Any], request: WriteRequest, ours: bytes, stream: str
) -> tuple[Answer, Exchange, Verdict | None]:
    def call() -> Call:
        url, headers = bound.url(step.path, step.query, scope), bound.rendered(step.headers, scope)
        body = spliced(bound.render_body(step.body, {**scope, "body": MARK}), ours)
        return bound.call(step.method, url, headers, body, request.deadline)

    return await bound.exchange(call, step.success, stream)


def _kept(step: Step, answer: Answer) -> dict[str, Any]:
    data = answer.json_or_none() if step.keep else None
    return {name: paths.find(data, path) for name, path in step.keep}


def _absent(name: str, request: WriteRequest, answer: Answer, exchange: Exchange) -> WriteOutcome:
    """Return the outcome of a write that refers to what the system does not have (yet)."""
    return WriteOutcome(
        Result.REFUSED,
        category=Category.MISSING_REFERENCE,
        message=f"The system has no {name} for {request.key} yet.",
        hint=f"This can go on as soon as the {name} is there.",
        status=answer.status,
        exchange=exchange,
    )


def _enriched(outcome: WriteOutcome, step: Step, answer: Answer, request: WriteRequest) -> WriteOutcome:
    data = answer.json_or_none()
    return structs.replace(
        outcome,
        external_id=found_in(step.id, answer, data, request) or outcome.external_id,
        reference=found_in(step.reference, answer, data, request) or outcome.reference,
        version=found_in(step.version, answer, data, request) or outcome.version,
    )
